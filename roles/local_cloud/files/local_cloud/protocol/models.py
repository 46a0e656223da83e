# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""botocore's service models, and which operation of a model an HTTP request means."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
import urllib.parse

import botocore.session
from botocore.model import OperationModel, ServiceModel

from local_cloud.protocol.http import HttpRequest

CBOR: t.Final = "smithy-rpc-v2-cbor"


@functools.cache
def _session() -> botocore.session.Session:
    """The session whose loader caches the models; no client may use it, as botocore rewrites the models of its clients."""
    return botocore.session.Session()


@functools.cache
def service_model(name: str) -> ServiceModel:
    """The model that botocore calls ``name``, e.g. ``timestream-write``."""
    return _session().get_service_model(name)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


@functools.cache
def protocol_of(service: str) -> str:
    """The protocol of a service, the first one where it speaks several: ``json``, ``rest-json``, ``query``, ``rest-xml`` or ``smithy-rpc-v2-cbor``."""
    return str(service_model(service).metadata["protocol"])


def spoken(service: str, request: HttpRequest) -> str:
    """The protocol of a request; of those that the service speaks, as its headers tell them apart."""
    metadata = service_model(service).metadata
    known = metadata.get("protocols", [metadata["protocol"]])
    if len(known) == 1:
        return protocol_of(service)
    if CBOR in known and request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return CBOR
    if "json" in known and "x-amz-target" in request.headers:
        return "json"
    return "query" if "query" in known else protocol_of(service)


@dataclasses.dataclass(frozen=True)
class Target:
    """What a request asks for: the operation's name, and the path's labels, decoded, under their wire names."""

    operation: str
    labels: dict[str, str]


def target(service: str, request: HttpRequest) -> Target | None:
    """The operation of ``service`` that ``request`` means; None if its model has no such operation."""
    protocol = spoken(service, request)
    if protocol == CBOR:
        prefix, _unused, operation = request.path.rpartition("/operation/")
        return _known(service, operation if prefix == f"/service/{service_model(service).metadata['targetPrefix']}" else "")
    if protocol == "json":
        return _known(service, request.headers.get("x-amz-target", "").rpartition(".")[2])
    if protocol == "query":
        return _known(service, dict(form(request)).get("Action", ""))
    return _routed(service, request)


def query(request: HttpRequest) -> list[tuple[str, str]]:
    """The parameters in the query string, decoded, in their order."""
    return urllib.parse.parse_qsl(request.query, keep_blank_values=True) if request.query else []


def form(request: HttpRequest) -> list[tuple[str, str]]:
    """The parameters of a query protocol request, from the query string and the form body."""
    body = request.body.decode("utf-8", "replace") if request.method == "POST" else ""
    return query(request) + urllib.parse.parse_qsl(body, keep_blank_values=True)


def _known(service: str, operation: str) -> Target | None:
    return Target(operation, {}) if operation in service_model(service).operation_names else None


@dataclasses.dataclass(frozen=True)
class _Route:
    operation: str
    path: re.Pattern[str]
    slashes: int | None  # in the path; None: a label may hold any number of them
    labels: tuple[str, ...]
    query: dict[str, str | None]
    headers: frozenset[str]

    def labels_of(self, request: HttpRequest, query: dict[str, str]) -> dict[str, str] | None:
        found = self.path.fullmatch(request.path)
        if found is None or not self.headers <= request.headers.keys():
            return None
        if any(name not in query or (value is not None and query[name] != value) for name, value in self.query.items()):
            return None
        return {label: urllib.parse.unquote(text) for label, text in zip(self.labels, found.groups(), strict=True)}


def _routed(service: str, request: HttpRequest) -> Target | None:
    given = dict(query(request))
    slashes = request.path.rstrip("/").count("/")
    for route in _routes(service).get(request.method, ()):
        if route.slashes == slashes or route.slashes is None:
            labels = route.labels_of(request, given)
            if labels is not None:
                return Target(route.operation, labels)
    return None


@functools.cache
def _routes(service: str) -> dict[str, list[_Route]]:
    """Routes by HTTP method, the most specific first."""
    ranked: dict[str, list[tuple[tuple[t.Any, ...], _Route]]] = {}
    for name in service_model(service).operation_names:
        operation = operation_model(service, name)
        path, _unused, literals = operation.http["requestUri"].partition("?")
        route = _route(operation, path, literals)
        literal_text = len(re.sub(r"\{[^}]*\}", "", path))
        greedy = path.count("+}")
        # S3 has pairs of the same form: an old and a new one (GetBucketLifecycleConfiguration), or one of S3 Express (ListDirectoryBuckets).
        rank = (path.count("/"), -greedy, literal_text, len(route.query) + len(route.headers), not operation.deprecated, -len(name))
        ranked.setdefault(operation.http["method"], []).append((rank, route))
    return {
        method: [route for _unused, route in sorted(routes, key=lambda pair: pair[0], reverse=True)] for method, routes in ranked.items()
    }


def _route(operation: OperationModel, path: str, literals: str) -> _Route:
    labels = tuple(re.findall(r"\{([^}+]+)\+?\}", path))
    expression = "".join(
        re.escape(part) if not part.startswith("{") else "(.+)" if part.endswith("+}") else "([^/]+)"
        for part in re.split(r"(\{[^}]*\})", path.rstrip("/"))
    )
    query: dict[str, str | None] = {}
    for literal in filter(None, literals.split("&")):
        key, equals, value = literal.partition("=")
        query[key] = value if equals else None
    headers = set()
    if operation.service_model.metadata["protocol"] == "rest-xml" and operation.input_shape is not None:
        # S3 tells operations of the same method and path apart by the members that only one of them requires.
        for name in operation.input_shape.required_members:
            member = operation.input_shape.members[name].serialization
            if member.get("location") == "querystring":
                query.setdefault(member["name"], None)
            elif member.get("location") == "header":
                headers.add(member["name"].lower())
    slashes = None if "+}" in path else path.rstrip("/").count("/")
    return _Route(operation.name, re.compile(expression + "/?"), slashes, labels, query, frozenset(headers))
