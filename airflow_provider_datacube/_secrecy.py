"""
Credentials that somebody wrote out in a DAG.

The contract lets an option ``token`` be a plain value, and a variable of the pod too. In Airflow
such a value would be in the metadata database, on the page of rendered fields, in the DataCube and
with everybody who may read one of these. So it is refused, also where a template would put it
there: only references are taken. Pure; no message holds a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_OPTIONS: Final = frozenset({"token", "s3-secret-access-key", "s3-session-token"})
"""Options whose value is a credential."""

# The kubelet puts the value of another variable there: https://… '$(TOKEN)' holds nothing secret.
_REFERENCE = re.compile(r"\$\([^()]*\)")
_USER_INFO = re.compile(r"^[^/?#]*//([^/?#]*)@")
_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#@:]*:([^/?#@]*)@", re.IGNORECASE)

# The last words of a variable's name. Not CREDENTIALS (GOOGLE_APPLICATION_CREDENTIALS is a path),
# no KEY of another kind (CACHE_KEY), and none that goes on (HF_TOKEN_PATH, AWS_ACCESS_KEY_ID).
_SECRET_NAME = re.compile(
    r"(?:.*_)?(?:TOKEN|[A-Z0-9]*PASSWORD|PASSWD|PASSPHRASE|SECRET"
    r"|(?:API|SECRET|SECRET_ACCESS|PRIVATE)_?KEY)",
    re.IGNORECASE,
)
# Of variables that switch something on or off, as HF_HUB_DISABLE_IMPLICIT_TOKEN does.
_SWITCHES: Final = frozenset({"0", "1", "true", "false", "yes", "no", "on", "off"})

_WHERE = "it would be in Airflow's database and in the DataCube"
_MEND = f"{_WHERE}; give conn_id or secret_ref, or SecretRef(name, key) in its place"
_MEND_OF_A_VARIABLE = f"{_WHERE}; give SecretRef(name, key) in its place"


def written_out(draft: Any) -> Iterator[str]:
    """
    Yield a sentence for each credential that stands in a draft of a manifest, with its path.

    What has not a manifest's shape is passed over: the models say so.
    """
    spec = _mapping(_mapping(draft).get("spec"))
    for end in ("source", "sink"):
        options = _mapping(spec.get(end)).get("options")
        for index, option in enumerate(options if isinstance(options, list | tuple) else ()):
            if found := _credential_in(_mapping(option)):
                yield f"spec.{end}.options[{index}].value: {found}; {_MEND}"
    env = _mapping(spec.get("executor")).get("env")
    for index, variable in enumerate(env if isinstance(env, list | tuple) else ()):
        if found := _credential_in_variable(_mapping(variable)):
            yield f"spec.executor.env[{index}].value: {found}; {_MEND_OF_A_VARIABLE}"


def _credential_in(option: dict[str, Any]) -> str:
    """Say what stands there, or nothing."""
    name, value = option.get("name"), option.get("value")
    if not isinstance(value, str):
        return ""
    if name in SECRET_OPTIONS and _says_something(value):
        return f"the {name} is written out"
    if name == "url" and _says_something(_password(value)):
        return "the url holds a credential, which belongs into the option token"
    return ""


def _credential_in_variable(variable: dict[str, Any]) -> str:
    """Say what stands there, or nothing: judged by the name, and by what a URL looks like."""
    name, value = variable.get("name"), variable.get("value")
    if not (isinstance(name, str) and isinstance(value, str)):
        return ""
    is_switch = value.strip().lower() in _SWITCHES
    if _SECRET_NAME.fullmatch(name) and _says_something(value) and not is_switch:
        return f"the variable {name} is written out"
    if (found := _PASSWORD.match(value.strip())) and _says_something(found[1]):
        return f"the variable {name} holds the password of a URL"
    return ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _says_something(value: str) -> bool:
    return bool(_REFERENCE.sub("", value).strip())


def _password(url: str) -> str:
    """
    Return what may be secret of a URL: the password, or the user where there is none.

    ``https://oauth2:$(TOKEN)@host`` names a user that every account has.
    """
    found = _USER_INFO.match(url)
    user, colon, password = (found[1] if found else "").partition(":")
    return password if colon else user
