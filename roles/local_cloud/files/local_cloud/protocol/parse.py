# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server side parsing of a request into parameters, driven by botocore's shapes. It converts; ``validate`` judges."""

from __future__ import annotations

import base64
import binascii
import datetime
import email.utils
import json
import typing as t

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_cloud.errors import ApiError
from local_cloud.protocol import cbor, models
from local_cloud.protocol.http import HttpRequest

Parameters = dict[str, t.Any]
_FORM_OWN = frozenset({"Action", "Version"})


def parse(service: str, target: models.Target, request: HttpRequest) -> Parameters:
    """The parameters of a call under the model's member names.

    Blobs are bytes, timestamps epoch seconds. What cannot be converted stays as it came, for ``validate`` to refuse.
    Raises ``ApiError`` SerializationException if the body is not what the protocol says.
    """
    shape = models.operation_model(service, target.operation).input_shape
    if shape is None:
        return {}
    protocol = models.spoken(service, request)
    if protocol == "query":
        tree = _tree(pair for pair in models.form(request) if pair[0] not in _FORM_OWN)
        return t.cast(Parameters, _from_tree(tree, shape))
    if protocol == "json":
        return t.cast(Parameters, _from_json(_document(request.body), shape))
    if protocol == models.CBOR:
        return t.cast(Parameters, _from_json(_cbor_document(request.body), shape))
    return _from_rest(shape, target, request)


def _document(body: bytes) -> dict[str, t.Any]:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "The request body is not valid JSON.", status=400) from None
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "The request body must be a JSON object.", status=400)
    return document


def _cbor_document(body: bytes) -> dict[str, t.Any]:
    """CBOR has its own bytes and moments; all else is as in JSON."""
    try:
        document = cbor.loads(body) if body else {}
    except ValueError as error:
        raise ApiError("SerializationException", f"The request body is not valid CBOR: {error}.", status=400) from None
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "The request body must be a CBOR map.", status=400)
    return document


# ---- json


def _from_json(value: t.Any, shape: Shape) -> t.Any:
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict) or shape.is_document_type:
            return value
        return _members_from_json(value, shape, shape.members)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_from_json(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _from_json(item, shape.value) for key, item in value.items() if item is not None}
    if kind == "timestamp":
        return _moment(value)
    if kind == "blob" and isinstance(value, str):
        return _decoded(value)
    return value


def _members_from_json(value: dict[str, t.Any], shape: StructureShape, members: t.Mapping[str, Shape]) -> Parameters:
    names = {member.serialization.get("name", name): name for name, member in members.items()}
    parsed: Parameters = {}
    for key, item in value.items():
        if item is None or key == "__type":
            continue
        name = names.get(key)
        parsed[key if name is None else name] = item if name is None else _from_json(item, members[name])
    return parsed


# ---- rest-json


def _from_rest(shape: StructureShape, target: models.Target, request: HttpRequest) -> Parameters:
    query: dict[str, list[str]] = {}
    for key, value in models.query(request):
        query.setdefault(key, []).append(value)
    bound = {name: member for name, member in shape.members.items() if "location" in member.serialization}
    parsed: Parameters = {}
    for name, member in bound.items():
        value = _bound(name, member, target.labels, query, request.headers)
        if value is not None:
            parsed[name] = value
    body = {name: member for name, member in shape.members.items() if name not in bound}
    payload = shape.serialization.get("payload")
    if payload is None:
        if body:
            parsed.update(_members_from_json(_document(request.body), shape, body))
    elif shape.members[payload].type_name == "blob":
        if request.body:
            parsed[payload] = request.body
    elif shape.members[payload].type_name == "string":
        if request.body:
            parsed[payload] = request.body.decode("utf-8", "replace")
    elif request.body.strip():
        parsed[payload] = _from_json(_document(request.body), shape.members[payload])
    return parsed


def _bound(name: str, member: Shape, labels: dict[str, str], query: dict[str, list[str]], headers: t.Mapping[str, str]) -> t.Any:
    """The value of a member that stands in the path, the query string or a header; None if it was not sent."""
    wire = member.serialization.get("name", name)
    location = member.serialization["location"]
    if location == "uri":
        return _scalar(labels[wire], member) if wire in labels else None
    if location == "querystring":
        if isinstance(member, MapShape):
            return {key: values[0] for key, values in query.items()} or None
        if wire not in query:
            return None
        if isinstance(member, ListShape):
            return [_scalar(value, member.member) for value in query[wire]]
        return _scalar(query[wire][0], member)
    if location == "headers" and isinstance(member, MapShape):
        return {key[len(wire) :]: value for key, value in headers.items() if key.startswith(wire.lower())} or None
    value = headers.get(wire.lower())
    if value is None:
        return None
    if member.serialization.get("jsonvalue"):
        decoded = _decoded(value)
        return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else decoded
    if isinstance(member, ListShape):
        return [_scalar(item.strip(), member.member) for item in value.split(",")]
    return _scalar(value, member)


# ---- query

_Tree = dict[str, t.Any]


def _tree(pairs: t.Iterable[tuple[str, str]]) -> _Tree:
    """``a.member.1.b=x`` as nested dicts; the empty key holds a value that stands beside deeper ones."""
    root: _Tree = {}
    for key, value in pairs:
        node = root
        for part in key.split("."):
            node = node.setdefault(part, {})
        node[""] = value
    return root


def _from_tree(node: _Tree, shape: Shape) -> t.Any:
    if isinstance(shape, StructureShape):
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        parsed: Parameters = {}
        for key, below in node.items():
            if key == "":
                continue
            name = names.get(key)
            parsed[key if name is None else name] = below.get("", below) if name is None else _from_tree(below, shape.members[name])
        return parsed
    if isinstance(shape, ListShape):
        items = node if shape.serialization.get("flattened") else node.get(shape.member.serialization.get("name", "member"), {})
        return [_from_tree(below, shape.member) for _unused, below in _numbered(items)]
    if isinstance(shape, MapShape):
        entries = node if shape.serialization.get("flattened") else node.get("entry", {})
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        return {below.get(key, {}).get("", ""): _from_tree(below.get(value, {}), shape.value) for _unused, below in _numbered(entries)}
    return _scalar(node.get("", ""), shape)


def _numbered(node: _Tree) -> list[tuple[int, _Tree]]:
    return sorted((int(key), below) for key, below in node.items() if key.isdigit())


# ---- scalars


def _scalar(text: str, shape: Shape) -> t.Any:
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "timestamp":
        return _moment(text)
    if kind == "blob":
        return _decoded(text)
    return text


def _moment(value: t.Any) -> t.Any:
    """Epoch seconds from any of the forms that AWS's clients send: a number, ISO 8601 or an HTTP date."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    try:
        return float(value)
    except ValueError:
        pass
    text = str(value)
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _decoded(text: str) -> bytes | str:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text
