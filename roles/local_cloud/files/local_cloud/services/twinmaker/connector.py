# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data connectors: calling the Lambda functions of component types, and reading their answers.

Source: IoT TwinMaker user guide, "Data connectors"; what an answer looks like to the caller: the recorded request and
answer pair in AWS's samples.
"""

from __future__ import annotations

import math
import typing as t

from local_cloud.errors import ApiError
from local_cloud.services.lambda_ import Lambda
from local_cloud.services.twinmaker.definitions import Flat
from local_cloud.services.twinmaker.errors import connector_failure, connector_timeout, invalid, not_implemented

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_NUMBERS: dict[str, t.Callable[[t.Any], t.Any]] = {"doubleValue": float, "integerValue": int, "longValue": int}
_MEMBERS = {
    *_NUMBERS,
    "booleanValue",
    "stringValue",
    "listValue",
    "mapValue",
    "relationshipValue",
    "expression",
}


class Connectors:
    """Invokes connectors as TwinMaker does: with the workspace's role, and only if that may invoke the function."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def call(self, role: str | None, arn: str, event: dict[str, t.Any]) -> t.Any:
        """The decoded answer of the function.

        Raises ConnectorFailureException if it cannot be invoked or fails, ConnectorTimeoutException if it is too slow.
        """
        if role is None or not self._cloud.allowed(role, "lambda:InvokeFunction", arn):
            raise connector_failure(f"The workspace's role {role} is not authorized to perform lambda:InvokeFunction on {arn}")
        try:
            outcome = self._cloud.service(Lambda).invoke_function(arn, event)
        except ApiError as error:
            raise connector_failure(f"Could not invoke {arn}: {error.message}") from error
        if outcome.timed_out:
            raise connector_timeout(f"The function {arn} did not answer in time: {_reason(outcome.payload)}")
        if outcome.error:
            raise connector_failure(f"The function {arn} failed: {_reason(outcome.payload)}")
        return outcome.payload


def chosen(flat: Flat, type_id: str, names: t.Iterable[str], purpose: str) -> tuple[str, list[str]]:
    """The ARN of the first of these functions that the component type has, and the properties that it requires."""
    for name in names:
        function = flat.functions.get(name, {})
        connector = function.get("implementedBy", {})
        if "lambda" in connector:
            return connector["lambda"]["arn"], function.get("requiredProperties", [])
        if connector.get("isNative"):
            raise not_implemented(f"the native connector of component type {type_id}")
    raise invalid(f"Component type {type_id} has no function for {purpose}: it needs one of {', '.join(names)}")


def require_values(required: list[str], properties: dict[str, dict[str, t.Any]], type_id: str) -> None:
    """Refuses to call a function some of whose required properties have no value."""
    absent = [name for name in required if "value" not in properties[name]]
    if absent:
        raise invalid(f"Property {absent[0]} has no value, but the function of component type {type_id} requires it")


# ---- answers


def history(answer: t.Any, arn: str) -> tuple[list[dict[str, t.Any]], str | None]:
    """The PropertyValueHistory list and the function's own next token in a reader's answer."""
    content = _mapping(answer, arn, "its answer")
    entries = [_entry(entry, arn) for entry in _list(content.get("propertyValues"), arn, "propertyValues")]
    token = content.get("nextToken")
    if token is not None and not isinstance(token, str):
        raise _malformed(arn, "nextToken is not a string")
    return entries, token or None


def latest(answer: t.Any, arn: str) -> dict[str, dict[str, t.Any]]:
    """{property: DataValue} in the answer of an attribute reader."""
    content = _mapping(answer, arn, "its answer")
    values = _mapping(content.get("propertyValues"), arn, "propertyValues")
    found = {}
    for name, item in values.items():
        value = _mapping(item, arn, f"propertyValues.{name}").get("propertyValue")
        if value is not None:
            found[name] = _value(value, arn)
    return found


def write_errors(answer: t.Any, arn: str) -> list[dict[str, t.Any]]:
    """The errors (``errorCode``, ``errorMessage``, ``entry``) in a writer's answer."""
    content = _mapping(answer, arn, "its answer")
    found = []
    for item in _list(content.get("errorEntries", []), arn, "errorEntries"):
        for error in _list(_mapping(item, arn, "errorEntries[]").get("errors"), arn, "errors"):
            error = _mapping(error, arn, "errors[]")
            if not {"errorCode", "errorMessage", "entry"} <= error.keys():
                raise _malformed(arn, "an error lacks errorCode, errorMessage or entry")
            found.append({**error, "errorCode": str(error["errorCode"]), "errorMessage": str(error["errorMessage"])})
    return found


def _entry(entry: t.Any, arn: str) -> dict[str, t.Any]:
    content = _mapping(entry, arn, "propertyValues[]")
    reference = _mapping(content.get("entityPropertyReference"), arn, "entityPropertyReference")
    if not isinstance(reference.get("propertyName"), str):
        raise _malformed(arn, "entityPropertyReference has no propertyName")
    values = [_point(point, arn) for point in _list(content.get("values", []), arn, "values")]
    return {"entityPropertyReference": {name: item for name, item in reference.items() if item is not None}, "values": values}


def _point(point: t.Any, arn: str) -> dict[str, t.Any]:
    content = _mapping(point, arn, "values[]")
    when = {name: content[name] for name in ("time", "timestamp") if content.get(name) is not None}
    if not when or not isinstance(when.get("time", ""), str) or not _is_number(when.get("timestamp", 0)):
        raise _malformed(arn, "a value needs a time (a string) or a timestamp (epoch seconds)")
    return {**when, "value": _value(content.get("value"), arn)}


def _value(value: t.Any, arn: str) -> dict[str, t.Any]:
    """A DataValue. Numbers may come as strings: AWS's own connector library sends them so."""
    content = {name: item for name, item in _mapping(value, arn, "value").items() if item is not None}
    if not content or content.keys() - _MEMBERS:
        raise _malformed(arn, f"{sorted(content) or 'nothing'} is no DataValue")
    for name in content.keys() & _NUMBERS.keys():
        content[name] = _number(content[name], _NUMBERS[name], arn)
    return content


def _number(item: t.Any, convert: t.Callable[[str], t.Any], arn: str) -> t.Any:
    try:
        number = convert(item) if isinstance(item, str) else item
    except ValueError as error:
        raise _malformed(arn, str(error)) from error
    if not _is_number(number) or not math.isfinite(number):
        raise _malformed(arn, f"{item!r} is not a number")
    return number


def _mapping(item: t.Any, arn: str, what: str) -> dict[str, t.Any]:
    if not isinstance(item, dict):
        raise _malformed(arn, f"{what} is not an object")
    return item


def _list(item: t.Any, arn: str, what: str) -> list[t.Any]:
    if not isinstance(item, list):
        raise _malformed(arn, f"{what} is not a list")
    return item


def _is_number(item: t.Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _malformed(arn: str, why: str) -> ApiError:
    return connector_failure(f"The function {arn} gave an answer that is not a data connector's: {why}")


def _reason(payload: t.Any) -> str:
    if isinstance(payload, dict) and "errorMessage" in payload:
        return ": ".join(str(payload[name]) for name in ("errorType", "errorMessage") if payload.get(name))
    return "no reason given"
