"""What Airflow is told about this provider; read by ``airflow providers`` and the webserver."""

from __future__ import annotations

from typing import Any

from airflow_provider_datacube import __version__

_NAME = "DataCube"
_ASSETS = "airflow_provider_datacube.assets.datacube"
_DECORATOR = "airflow_provider_datacube.decorators.datacube.datacube_task"


def get_provider_info() -> dict[str, Any]:
    """
    Return the provider's metadata.

    There is no connection type: the ``kubernetes`` one of the cncf provider is used as it is.

    Source: airflow/provider_info.schema.json.
    """
    return {
        "package-name": "airflow-provider-datacube",
        "name": _NAME,
        "description": "Git, Hugging Face and S3 to and from Kubernetes volumes, as Airflow tasks",
        "versions": [__version__],
        "integrations": [{"integration-name": _NAME, "tags": ["kubernetes"]}],
        "operators": _modules("operators", "datacube", "datacube_delete"),
        "sensors": _modules("sensors", "datacube"),
        "hooks": _modules("hooks", "datacube", "datacube_secret"),
        "triggers": _modules("triggers", "datacube", "datacube_sensor"),
        "task-decorators": [{"class-name": _DECORATOR, "name": "datacube"}],
        "extra-links": [
            "airflow_provider_datacube.links.datacube.DataCubeLink",
            "airflow_provider_datacube.links.datacube_page.DataCubePageLink",
        ],
        "asset-uris": [
            {
                "schemes": ["pvc", "hf"],
                "handler": f"{_ASSETS}.sanitize_uri",
                "factory": f"{_ASSETS}.asset_of",
                "to_openlineage_converter": f"{_ASSETS}.to_openlineage",
            }
        ],
        "config": {
            "datacube": {
                "description": "The DataCube provider.",
                "options": {"link_url": _LINK_URL, "ui_connections": _UI_CONNECTIONS},
            }
        },
    }


def _modules(kind: str, *modules: str) -> list[dict[str, Any]]:
    paths = [f"airflow_provider_datacube.{kind}.{module}" for module in modules]
    return [{"integration-name": _NAME, "python-modules": paths}]


_LINK_URL = {
    "description": (
        "Address of a DataCube's page in your cluster's dashboard, with {namespace}, {name} and "
        "{uid}; the task's DataCube button opens it. It begins with http:// or https://. No "
        "button's link without it.\n"
    ),
    "type": "string",
    "version_added": "0.1.0",
    "example": "https://dashboard.example.org/datacubes/{namespace}/{name}",
    "default": "",
}

_UI_CONNECTIONS = {
    "description": (
        "What the page of DataCubes shows: connections of type kubernetes, separated by commas, "
        "each with a namespace if it is not to be the connection's own.\n"
    ),
    "type": "string",
    "version_added": "0.1.0",
    "example": "kubernetes_default, kubernetes_default@team-a, other@team-b",
    "default": "kubernetes_default",
}
