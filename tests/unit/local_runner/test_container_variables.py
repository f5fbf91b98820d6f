from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from datacube_runtime.local.pods.downward import Downward
from datacube_runtime.local.pods.errors import ContainerConfigError
from datacube_runtime.local.pods.variables import variables_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Pod = Callable[..., dict[str, Any]]

SECRET = {"token": "c2VjcmV0", "binary": base64.b64encode(b"\xff\x00").decode()}
HELD = {
    ("secrets", "s"): {"metadata": {"namespace": "default", "name": "s"}, "data": SECRET},
    ("secrets", "bad"): {"metadata": {"namespace": "default", "name": "bad"}, "data": {"k": "c2!"}},
    ("configmaps", "c"): {
        "metadata": {"namespace": "default", "name": "c"},
        "data": {"proxy": "http://p", "level": "3"},
        "binaryData": {"blob": "AAAA"},
    },
}


def find(plural: str, name: str) -> Any:
    return HELD.get((plural, name))


def view(pod: dict[str, Any]) -> Downward:
    return Downward(pod, pod["spec"]["containers"][0], {"cpu": "8", "memory": "1Gi"})


def secret_key(name: str = "s", key: str = "token", **more: Any) -> dict[str, Any]:
    return {"valueFrom": {"secretKeyRef": {"name": name, "key": key, **more}}}


def config_key(name: str = "c", key: str = "proxy", **more: Any) -> dict[str, Any]:
    return {"valueFrom": {"configMapKeyRef": {"name": name, "key": key, **more}}}


def test_a_reference_sees_only_what_stands_above_it(make_pod: Pod) -> None:
    env = [
        {"name": "URL", "value": "https://$(TOKEN)@h"},
        {"name": "TOKEN", **secret_key()},
        {"name": "AGAIN", "value": "https://$(TOKEN)@h"},
        {"name": "ESCAPED", "value": "$$(TOKEN)"},
    ]
    assert variables_of({"env": env}, view(make_pod()), find) == {
        "URL": "https://$(TOKEN)@h",
        "TOKEN": "secret",
        "AGAIN": "https://secret@h",
        "ESCAPED": "$(TOKEN)",
    }


def test_what_comes_from_a_secret_is_not_expanded(make_pod: Pod) -> None:
    held = {"metadata": {"namespace": "default"}, "data": {"token": "JChBKQ=="}}  # $(A)
    env = [{"name": "A", "value": "1"}, {"name": "T", **secret_key()}]
    found = variables_of({"env": env}, view(make_pod()), lambda _plural, _name: held)
    assert found["T"] == "$(A)"


def test_all_keys_come_first_and_take_their_prefix(make_pod: Pod) -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}],
        "env": [{"name": "P_level", "value": "$(P_level)4"}],
    }
    assert variables_of(container, view(make_pod()), find) == {
        "P_proxy": "http://p",
        "P_level": "34",
    }


def test_bytes_that_are_no_text_stay_the_same_bytes(make_pod: Pod) -> None:
    env = [{"name": "B", **secret_key(key="binary")}]
    value = variables_of({"env": env}, view(make_pod()), find)["B"]
    assert value.encode(errors="surrogateescape") == b"\xff\x00"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        (secret_key("gone"), 'secret "gone" not found'),
        (secret_key(key="gone"), "couldn't find key gone in Secret default/s"),
        (config_key("gone"), 'configmap "gone" not found'),
        (config_key(key="gone"), "couldn't find key gone in ConfigMap default/c"),
        (config_key(key="blob"), "couldn't find key blob in ConfigMap default/c"),
        (secret_key("bad", "k"), "data of Secret default/bad is not base64"),
        ({"valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}, "unsupported fieldPath: spec.x"),
        (
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.gpu"}}},
            "unsupported container resource : limits.gpu",
        ),
    ],
)
def test_what_is_missing_is_said_in_the_kubelets_words(
    make_pod: Pod, reference: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContainerConfigError) as caught:
        variables_of({"env": [{"name": "A", **reference}]}, view(make_pod()), find)
    assert str(caught.value) == message
    assert caught.value.reason == "CreateContainerConfigError"


@pytest.mark.parametrize(
    "reference",
    [
        secret_key("gone", optional=True),
        secret_key(key="gone", optional=True),
        config_key("gone", optional=True),
    ],
)
def test_what_is_optional_may_be_missing(make_pod: Pod, reference: dict[str, Any]) -> None:
    env = [{"name": "A", **reference}, {"name": "B", "value": "$(A)"}]
    assert variables_of({"env": env}, view(make_pod()), find) == {"B": "$(A)"}


def test_a_whole_secret_may_be_optional_too(make_pod: Pod) -> None:
    source = {"secretRef": {"name": "gone", "optional": True}}
    assert variables_of({"envFrom": [source]}, view(make_pod()), find) == {}
    with pytest.raises(ContainerConfigError, match='secret "gone" not found'):
        variables_of({"envFrom": [{"secretRef": {"name": "gone"}}]}, view(make_pod()), find)


def test_fields_of_the_pod_can_be_had(make_pod: Pod) -> None:
    pod = make_pod()
    pod["metadata"]["labels"] = {"app": "x"}
    paths = {
        "metadata.name": "j-1",
        "metadata.namespace": "default",
        "metadata.uid": "uid-j-1",
        "status.podIP": "127.0.0.1",
        "metadata.labels['app']": "x",
        "metadata.annotations['none']": "",
    }
    env = [{"name": p, "valueFrom": {"fieldRef": {"fieldPath": p}}} for p in paths]
    assert variables_of({"env": env}, view(pod), find) == paths


def test_only_plain_values_are_made_local(make_pod: Pod) -> None:
    env = [{"name": "A", "value": "/v"}, {"name": "T", **secret_key()}]
    found = variables_of({"env": env}, view(make_pod()), find, lambda text: f"local:{text}")
    assert found == {"A": "local:/v", "T": "secret"}
