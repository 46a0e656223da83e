# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Function configurations: from a request's parameters to the stored record and to what Lambda shows of it. Pure."""

from __future__ import annotations

import datetime
import typing as t
import uuid

from local_cloud.errors import ApiError
from local_cloud.service import Parameters
from local_cloud.store import Record

CONFIGURABLE: t.Final = (
    "Role",
    "Handler",
    "Description",
    "Timeout",
    "MemorySize",
    "Environment",
    "Runtime",
    "LoggingConfig",
    "TracingConfig",
)
CREATABLE: t.Final = (*CONFIGURABLE, "FunctionName", "Code", "Tags", "Architectures", "PackageType", "EphemeralStorage", "Publish")
DEFAULTS: t.Final[dict[str, t.Any]] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "TracingConfig": {"Mode": "PassThrough"},
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
}
MOST_TIMEOUT: t.Final = 900
MOST_MEMORY: t.Final = 10240
MOST_ENVIRONMENT: t.Final = 4096
RESERVED_VARIABLES: t.Final = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
_HIDDEN: t.Final = ("Tags", "CodeKey", "Concurrency", "Statements", "SettlesAt", "Settling")


def refuse_unbuilt(parameters: Parameters, built: tuple[str, ...]) -> None:
    """501 for members that would change what the function does, but that nothing here acts on. An empty one does nothing."""
    for name, value in parameters.items():
        if name not in built and _says_something(value):
            raise ApiError("NotImplemented", f"The local cloud does not implement {name} of Lambda functions.", status=501)
    if parameters.get("Publish"):
        raise ApiError("NotImplemented", "The local cloud does not implement versions of Lambda functions.", status=501)
    if parameters.get("PackageType", "Zip") != "Zip":
        raise ApiError("NotImplemented", "The local cloud does not implement container images as Lambda functions.", status=501)


def check(parameters: Parameters) -> None:
    """Limits of the developer guide's quotas page that the service model does not hold."""
    for name, most in (("Timeout", MOST_TIMEOUT), ("MemorySize", MOST_MEMORY)):
        if parameters.get(name, 0) > most:
            raise ApiError(
                "InvalidParameterValueException",
                f"'{name}' value failed to satisfy constraint: Member must have value less than or equal to {most}",
            )
    variables = parameters.get("Environment", {}).get("Variables", {})
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise ApiError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains "
            f"reserved keys that are currently not supported for modification. Reserved keys used in this request: {', '.join(reserved)}",
        )
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > MOST_ENVIRONMENT:
        raise ApiError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have provided "
            "exceeded the 4KB limit.",
        )


def created(parameters: Parameters, arn: str, now: float) -> Record:
    name = arn.rpartition(":")[2]
    record: Record = {
        **DEFAULTS,
        **{key: value for key, value in parameters.items() if key not in ("Code", "Tags", "Publish") and value is not None},
        "FunctionName": name,
        "FunctionArn": arn,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "LoggingConfig": _logging(parameters, name),
        "Tags": parameters.get("Tags", {}),
        "Statements": {},
        "Concurrency": None,
    }
    return touched(record, now)


def updated(record: Record, parameters: Parameters, now: float) -> Record:
    changes: Record = {key: parameters[key] for key in CONFIGURABLE if key in parameters}
    if "LoggingConfig" in changes:
        changes["LoggingConfig"] = _logging(parameters, record["FunctionName"])
    return touched({**record, **changes}, now)


def touched(record: Record, now: float) -> Record:
    instant = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    return {
        **record,
        "LastModified": instant.isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
        "RevisionId": str(uuid.uuid4()),
    }


def settling(record: Record, what: str, until: float) -> Record:
    """what: Creating or Updating."""
    return {**record, "Settling": what, "SettlesAt": until}


def settles(record: Record, now: float) -> str | None:
    """Creating or Updating while that lasts."""
    what: str = record["Settling"]
    return what if now < record["SettlesAt"] else None


def shown(record: Record, stage: str | None) -> dict[str, t.Any]:
    """A FunctionConfiguration. stage: as of ``settles``, or what an answer has just begun."""
    configuration = {key: value for key, value in record.items() if key not in _HIDDEN}
    if "Environment" in configuration and not configuration["Environment"].get("Variables"):
        del configuration["Environment"]
    configuration["SnapStart"] = {"ApplyOn": "None", "OptimizationStatus": "Off"}
    if stage == "Creating":
        return {**configuration, "State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    if stage == "Updating":
        reason = {"LastUpdateStatusReason": "The function is being created.", "LastUpdateStatusReasonCode": "Creating"}
        return {**configuration, "State": "Active", "LastUpdateStatus": "InProgress", **reason}
    return {**configuration, "State": "Active", "LastUpdateStatus": "Successful"}


def _logging(parameters: Parameters, name: str) -> dict[str, t.Any]:
    wanted = parameters.get("LoggingConfig", {})
    if wanted.get("LogFormat", "Text") != "Text":
        raise ApiError("NotImplemented", "The local cloud does not implement the log format JSON of Lambda functions.", status=501)
    return {"LogFormat": "Text", "LogGroup": wanted.get("LogGroup", f"/aws/lambda/{name}")}


def _says_something(value: t.Any) -> bool:
    if isinstance(value, dict):
        return any(_says_something(part) for part in value.values())
    return bool(value) and value != "None"
