# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server side serialisation of answers and errors, driven by botocore's shapes."""

from __future__ import annotations

import base64
import datetime
import email.utils
import functools
import json
import typing as t
import uuid
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local_cloud.errors import ApiError
from local_cloud.protocol import cbor, models
from local_cloud.protocol.http import HttpResponse

# The older protocols have names of their own for the errors that any call may meet.
_OLDER_NAMES = {
    "query": {
        "AccessDeniedException": "AccessDenied",
        "ExpiredTokenException": "ExpiredToken",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "ThrottlingException": "Throttling",
        "UnrecognizedClientException": "InvalidClientTokenId",
    },
    "rest-xml": {
        "AccessDeniedException": "AccessDenied",
        "ExpiredTokenException": "ExpiredToken",
        "InvalidSignatureException": "AuthorizationHeaderMalformed",
        "InternalFailure": "InternalError",
        "ThrottlingException": "SlowDown",
        "UnrecognizedClientException": "InvalidAccessKeyId",
    },
}

_JSON_AS_IS = frozenset({"boolean", "double", "float", "integer", "long", "string"})


def answer(service: str, operation: str, result: dict[str, t.Any], protocol: str | None = None) -> HttpResponse:
    """The answer of a call that succeeded. ``result`` is under the model's member names; unknown ones are a programming error.

    protocol: the one of the request, where the service speaks several.
    """
    model = models.operation_model(service, operation)
    shape = model.output_shape
    unknown = sorted(result.keys() - (shape.members.keys() if shape is not None else set()))
    if unknown:
        raise TypeError(f"{service}:{operation} has no members {', '.join(unknown)} in its answer")
    protocol = protocol or models.protocol_of(service)
    if protocol == "query":
        return _query_answer(service, operation, shape, result)
    if protocol == models.CBOR:
        return _cbor_reply(200, _to_cbor(result, shape) if shape is not None else {})
    if protocol == "json":
        document = _to_json(result, shape) if shape is not None else {}
        return _reply(200, _json_type(service), json.dumps(document).encode())
    return _rest_answer(service, model.http.get("responseCode", 200), shape, result)


def error(service: str, operation: str | None, failure: ApiError, protocol: str | None = None) -> HttpResponse:
    """An error in the form of the service's protocol; its HTTP status comes from the model unless the error has its own.

    protocol: the one of the request, where the service speaks several.
    """
    protocol = protocol or models.protocol_of(service)
    shape = next((s for s in models.service_model(service).error_shapes if failure.code in (s.name, s.error_code)), None)
    declared = shape.metadata.get("error", {}) if shape is not None else {}
    status = failure.status or declared.get("httpStatusCode") or (500 if shape is not None and shape.metadata.get("fault") else 400)
    if protocol in _OLDER_NAMES:
        code = shape.error_code if shape is not None else _OLDER_NAMES[protocol].get(failure.code, failure.code)
        return _xml_error(service, protocol, status, code, failure.message)
    members: dict[str, t.Any] = {"message": failure.message}
    if shape is not None:
        name = next((member for member in shape.members if member.lower() == "message"), "message")
        members = t.cast("dict[str, t.Any]", _to_json({**failure.members, name: failure.message}, shape)) or members
        members.setdefault(name, failure.message)
    queried = _query_error(service, shape, failure, status)
    if protocol == models.CBOR:
        return _cbor_reply(status, {"__type": shape.name if shape is not None else failure.code, **members}, queried)
    if protocol == "json":
        return _reply(status, _json_type(service), json.dumps({"__type": failure.code, **members}).encode(), queried)
    return _reply(status, "application/json", json.dumps(members).encode(), {"x-amzn-ErrorType": failure.code})


def _query_error(service: str, shape: StructureShape | None, failure: ApiError, status: int) -> dict[str, str]:
    """The header by which a service that spoke the query protocol once tells the code of old."""
    if "awsQueryCompatible" not in models.service_model(service).metadata:
        return {}
    code = shape.error_code if shape is not None else _OLDER_NAMES["query"].get(failure.code, failure.code)
    return {"x-amzn-query-error": f"{code};{'Receiver' if status >= 500 else 'Sender'}"}


def _reply(status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": content_type, "x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})}, body)


def _json_type(service: str) -> str:
    return f"application/x-amz-json-{models.service_model(service).metadata.get('jsonVersion', '1.0')}"


# ---- cbor


def _cbor_reply(status: int, document: dict[str, t.Any], headers: dict[str, str] | None = None) -> HttpResponse:
    return _reply(status, "application/cbor", cbor.dumps(document), {"smithy-protocol": "rpc-v2-cbor", **(headers or {})})


def _to_cbor(value: t.Any, shape: Shape) -> t.Any:
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        return {name: _to_cbor(value[name], member) for name, member in shape.members.items() if value.get(name) is not None}
    if isinstance(shape, ListShape):
        return [_to_cbor(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _to_cbor(item, shape.value) for key, item in value.items()}
    if kind == "timestamp":
        return cbor.Moment(value.timestamp() if isinstance(value, datetime.datetime) else float(value))
    if kind == "blob":
        return _bytes(value)
    return float(value) if kind in ("float", "double") else value


# ---- json


def _to_json(value: t.Any, shape: Shape) -> t.Any:
    kind = shape.type_name
    if isinstance(shape, StructureShape):
        if shape.is_document_type:
            return value
        members = _json_members(shape)
        document = {}
        for name, item in value.items():
            if item is not None and name in members:
                wire, member = members[name]
                document[wire] = item if member is None else _to_json(item, member)
        return document
    if isinstance(shape, ListShape):
        return [_to_json(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: _to_json(item, shape.value) for key, item in value.items()}
    if kind == "timestamp":
        return _timestamp(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    if kind == "blob":
        return base64.b64encode(_bytes(value)).decode()
    return value


@functools.cache
def _json_members(shape: StructureShape) -> dict[str, tuple[str, Shape | None]]:
    """By member: its name on the wire, and its shape; None where a value is written as it is. The models live as long as the process."""
    return {
        name: (member.serialization.get("name", name), None if member.type_name in _JSON_AS_IS else member)
        for name, member in shape.members.items()
    }


def _bytes(value: t.Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _timestamp(value: t.Any, form: str) -> str | float:
    seconds = value.timestamp() if isinstance(value, datetime.datetime) else float(value)
    if form == "unixTimestamp":
        return round(seconds, 3)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    if form == "rfc822":
        return email.utils.format_datetime(moment, usegmt=True)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


# ---- rest-json


def _rest_answer(service: str, status: int, shape: StructureShape | None, result: dict[str, t.Any]) -> HttpResponse:
    if shape is None:
        return _reply(status, "application/json", b"" if status == 204 else b"{}")
    headers: dict[str, str] = {}
    body: dict[str, Shape] = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location is None:
            body[name] = member
        elif result.get(name) is None:
            continue
        elif location == "statusCode":
            status = int(result[name])
        elif location == "headers":
            headers.update({member.serialization.get("name", "") + key: str(value) for key, value in result[name].items()})
        else:
            headers[member.serialization.get("name", name)] = _header(result[name], member)
    payload = shape.serialization.get("payload")
    if payload is not None:
        value, member = result.get(payload), shape.members[payload]
        if member.type_name in ("blob", "string"):
            return _reply(status, "application/octet-stream", _bytes(value if value is not None else b""), headers)
        return _reply(status, "application/json", json.dumps(_to_json(value or {}, member)).encode(), headers)
    document = {
        member.serialization.get("name", name): _to_json(result[name], member)
        for name, member in body.items()
        if result.get(name) is not None
    }
    return _reply(status, "application/json", b"" if status == 204 else json.dumps(document).encode(), headers)


def _header(value: t.Any, shape: Shape) -> str:
    if shape.type_name == "timestamp":
        return str(_timestamp(value, shape.serialization.get("timestampFormat", "rfc822")))
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if isinstance(shape, ListShape):
        return ",".join(map(str, value))
    return str(value)


# ---- query


def _query_answer(service: str, operation: str, shape: StructureShape | None, result: dict[str, t.Any]) -> HttpResponse:
    inner = ""
    if shape is not None:
        inner = _members_to_xml(result, shape)
        wrapper = shape.serialization.get("resultWrapper")
        inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
    request_id = str(uuid.uuid4())
    namespace = models.service_model(service).metadata.get("xmlNamespace", "")
    body = f'<{operation}Response xmlns="{namespace}">{inner}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>'
    return HttpResponse(200, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body.encode())


def _members_to_xml(value: dict[str, t.Any], shape: StructureShape) -> str:
    return "".join(
        _to_xml(value[name], member, member.serialization.get("name", name))
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _to_xml(value: t.Any, shape: Shape, tag: str) -> str:
    if isinstance(shape, StructureShape):
        inner = _members_to_xml(value, shape)
    elif isinstance(shape, ListShape):
        if shape.serialization.get("flattened"):
            return "".join(_to_xml(item, shape.member, tag) for item in value)
        inner = "".join(_to_xml(item, shape.member, shape.member.serialization.get("name", "member")) for item in value)
    elif isinstance(shape, MapShape):
        key, content = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        inner = "".join(f"<entry>{_to_xml(k, shape.key, key)}{_to_xml(v, shape.value, content)}</entry>" for k, v in value.items())
    elif shape.type_name == "timestamp":
        inner = str(_timestamp(value, shape.serialization.get("timestampFormat", "iso8601")))
    elif shape.type_name == "boolean":
        inner = "true" if value else "false"
    elif shape.type_name == "blob":
        inner = base64.b64encode(_bytes(value)).decode()
    else:
        inner = escape(str(value))
    return f"<{tag}>{inner}</{tag}>"


def form_error(status: int, code: str, message: str) -> HttpResponse:
    """An error for a client of an unknown service that sends forms: clients of the query and the ec2 protocol both read this one."""
    request_id = str(uuid.uuid4())
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"
    return HttpResponse(status, {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body.encode())


def _xml_error(service: str, protocol: str, status: int, code: str, message: str) -> HttpResponse:
    request_id = str(uuid.uuid4())
    content = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "rest-xml":
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{content}<RequestId>{request_id}</RequestId></Error>'
    else:
        namespace = models.service_model(service).metadata.get("xmlNamespace", "")
        party = "Receiver" if status >= 500 else "Sender"
        body = f'<ErrorResponse xmlns="{namespace}"><Error><Type>{party}</Type>{content}</Error><RequestId>{request_id}</RequestId></ErrorResponse>'
    return HttpResponse(
        status, {"Content-Type": "application/xml" if protocol == "rest-xml" else "text/xml", "x-amzn-RequestId": request_id}, body.encode()
    )
