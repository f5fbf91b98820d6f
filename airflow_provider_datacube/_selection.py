"""
Which DataCubes an operator or a sensor means that did not make them: one by name, or some by label.

Pure: checks what was given when the DAG is parsed and again after rendering. An empty selector
matches everything in a namespace, so a template that rendered to nothing is refused here, before
anybody waits for, or deletes, what was never meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_datacube._settings import check_names, check_rendered, check_text
from datacube_api.errors import DataCubeSpecError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Selection:
    """DataCubes of one namespace: the one of a name, or those that a label selector matches."""

    namespace: str
    name: str = ""
    label_selector: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"DataCube {self.namespace}/{self.name}"
        return f"DataCubes {self.label_selector!r} in {self.namespace}"


def check_selection(name: Any, label_selector: Any, namespace: Any = None) -> None:
    """
    Say whether exactly one of the first two is given, and is something.

    :raises DataCubeSpecError: names the arguments.
    """
    if (name is None) == (label_selector is None):
        raise DataCubeSpecError(("name, label_selector: give exactly one of the two",))
    field, value = ("label_selector", label_selector) if name is None else ("name", name)
    check_text(field, value)
    check_names(name=name, namespace=namespace)


def selected(
    name: Any, label_selector: Any, namespace: Any, default_namespace: Callable[[], str]
) -> Selection:
    """
    Return what the rendered arguments mean.

    :raises DataCubeSpecError: nothing is left of one that was given.
    """
    given = {"name": name, "label_selector": label_selector, "namespace": namespace}
    texts = {field: value for field, value in given.items() if value is not None}
    for field, value in texts.items():
        check_rendered(field, value)
    check_names(name=name, namespace=namespace)
    if namespace is None:
        texts["namespace"] = default_namespace()
    return Selection(**texts)
