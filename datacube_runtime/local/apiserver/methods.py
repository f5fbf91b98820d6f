"""
From the method of a request to the verb, and whether the place that it is about has that verb.

Built-in kinds know which methods go with which path before anything is read. Custom resources take
any method and look at what it lacks, so their refusals are others.

Source: registerResourceHandlers in k8s.io/apiserver/pkg/endpoints/installer.go; serveResource and
serveStatus in k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go; listOpts in
k8s.io/apiserver/pkg/endpoints/handlers/get.go
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datacube_runtime.local.apiserver.absent import absent
from datacube_runtime.local.registry.errors import (
    UnknownPlaceError,
    bad_request,
    method_not_allowed,
    method_not_supported,
    read_only,
)
from datacube_runtime.local.registry.resources import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacube_runtime.local.apiserver.paths import Target

_OF_OBJECT = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_COLLECTION = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OF_STATUS = ("get", "patch", "update")
_OF_SUBRESOURCES = {
    "status": {"GET": "get", "PUT": "update", "PATCH": "patch"},
    "log": {"GET": "get"},
    "binding": {"POST": "create"},
}


def verb_of(method: str, about: Target) -> str:
    """
    Return the verb of a request, as discovery calls it: ``get``, ``list``, ``create``.

    :raises ApiStatusError: (405) the place has no such verb; (400, 404) it lacks something.
    """
    if about.is_watch and method == "GET":
        return "watch"
    verb = (
        _custom_verb(method, about) if about.resource.is_custom else _built_in_verb(method, about)
    )
    if not verb:
        raise method_not_allowed()
    return verb


def _built_in_verb(method: str, about: Target) -> str:
    if about.is_watch:
        return ""
    verb = (_OF_OBJECT if about.name else _OF_COLLECTION).get(method, "")
    if about.resource.is_review:
        return verb if verb == "create" else ""
    if about.resource.is_looked_for and verb not in ("get", "list"):
        raise absent(about.resource.group, about.resource.plural) or method_not_allowed()
    if about.resource.is_read_only and verb not in ("get", "list"):
        raise read_only(about.resource)
    if about.subresource:
        return _OF_SUBRESOURCES[about.subresource].get(method, "")
    if about.is_everywhere:
        return verb if verb == "list" else ""
    return "" if about.resource == NAMESPACES and verb == "deletecollection" else verb


def _custom_verb(method: str, about: Target) -> str:
    verbs = {**_OF_COLLECTION, **_OF_OBJECT} if about.name else {**_OF_OBJECT, **_OF_COLLECTION}
    verb = verbs.get(method, "")
    if about.is_everywhere and verb != "list":
        raise UnknownPlaceError
    if about.subresource and verb not in _OF_STATUS:
        raise method_not_supported(about.resource, verb)
    if verb in ("update", "patch") and not about.name:
        raise bad_request("name must be provided")
    return verb


def watch_query(about: Target, query: Mapping[str, str]) -> Mapping[str, str]:
    """
    Return what a watch is asked, where its path may name the one object that is watched.

    :raises ApiStatusError: (400) the query asks for another object.
    """
    if not about.name:
        return query
    fields, named = query.get("fieldSelector", ""), f"metadata.name={about.name}"
    if fields and not re.search(rf"(^|,)metadata\.name==?{re.escape(about.name)}(,|$)", fields):
        raise bad_request("fieldSelector metadata.name doesn't match requested name")
    return {**query, "fieldSelector": fields or named}
