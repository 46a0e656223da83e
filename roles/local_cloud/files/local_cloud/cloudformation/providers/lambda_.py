# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lambda functions and who may invoke them."""

from __future__ import annotations

import dataclasses
import io
import json
import typing as t
import zipfile

from local_cloud.cloudformation.providers.api import Api, Tagging, coerce, input_shape
from local_cloud.cloudformation.providers.base import (
    Clients,
    Identity,
    Properties,
    Provider,
    ResourceError,
    Tags,
    canonical,
    generated_name,
    gone_ok,
    wait_until,
)
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_OWN_CALLS = ("Code", "ReservedConcurrentExecutions")
# AWS's defaults, for properties that an update leaves out
_DEFAULTS = {"Description": "", "Environment": {"Variables": {}}, "Timeout": 3, "MemorySize": 128, "Layers": [], "FileSystemConfigs": []}


def zipped(source: str, runtime: str) -> bytes:
    """Inline code as the archive that AWS makes of it: one file ``index``; the same source gives the same bytes."""
    name = "index.js" if runtime.startswith("nodejs") else "index.py"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o644 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        out.writestr(entry, source)
    return archive.getvalue()


@dataclasses.dataclass
class Function(Api):
    """Code and concurrency have calls of their own; all else is the generic provider's."""

    def arguments(self, operation: t.Literal["create", "update"], properties: Properties) -> dict[str, t.Any]:
        arguments = super().arguments(operation, {key: value for key, value in properties.items() if key not in _OWN_CALLS})
        if operation == "create":
            arguments["Code"] = self._code(properties)
        return arguments

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self._concurrency(clients, physical_id, {}, properties)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        if any(canonical(old.get(key)) != canonical(new.get(key)) for key in ("Code", "Architectures")):
            extra = {"Architectures": new["Architectures"]} if "Architectures" in new else {}
            clients("lambda").update_function_code(FunctionName=physical_id, **self._code(new), **extra)
            # Lambda refuses the next change while one is under way
            wait_until(lambda: self.ready(clients, physical_id), f"Function {physical_id}")
        super().update(clients, identity, physical_id, old, new, old_tags, tags)
        self._concurrency(clients, physical_id, old, new)

    def ready(self, clients: Clients, physical_id: str) -> bool:
        about = self.read(clients, physical_id)
        if about.get("State") == "Failed" or about.get("LastUpdateStatus") == "Failed":
            raise ResourceError(about.get("StateReason") or about.get("LastUpdateStatusReason") or f"Function {physical_id} has failed")
        return about.get("State") != "Pending" and about.get("LastUpdateStatus") != "InProgress"

    @staticmethod
    def _code(properties: Properties) -> dict[str, t.Any]:
        code = properties["Code"]
        shape = input_shape("lambda", "CreateFunction").members["Code"]
        if isinstance(code, dict) and "ZipFile" in code:
            source = code["ZipFile"]
            if not isinstance(source, str):
                raise ResourceError("Model validation failed (#/Code/ZipFile: expected type: String)")
            rest = {key: value for key, value in code.items() if key != "ZipFile"}
            return {**coerce(rest, shape, "#/Code"), "ZipFile": zipped(source, str(properties.get("Runtime", "")))}
        return t.cast("dict[str, t.Any]", coerce(code, shape, "#/Code"))

    @staticmethod
    def _concurrency(clients: Clients, name: str, old: Properties, new: Properties) -> None:
        before, after = old.get("ReservedConcurrentExecutions"), new.get("ReservedConcurrentExecutions")
        if canonical(before) == canonical(after):
            return
        if after is None:
            clients("lambda").delete_function_concurrency(FunctionName=name)
        else:
            clients("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(after))


class Permission(Provider):
    """A statement of a function's policy; each of its properties makes another statement."""

    schema = SCHEMAS["AWS::Lambda::Permission"]

    def plan(self, identity: Identity, properties: Properties) -> str:
        return f"{properties['FunctionName']}|{generated_name(identity, 100)}"

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        function, statement = physical_id.rsplit("|", 1)
        arguments = coerce(properties, input_shape("lambda", "AddPermission"))
        clients("lambda").add_permission(**{**arguments, "FunctionName": function, "StatementId": statement})
        return physical_id

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        raise ResourceError("AWS::Lambda::Permission cannot be updated in place")

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        function, statement = physical_id.rsplit("|", 1)
        gone_ok(clients("lambda").remove_permission, FunctionName=function, StatementId=statement)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        function, statement = physical_id.rsplit("|", 1)
        answer = gone_ok(clients("lambda").get_policy, FunctionName=function)
        return answer is not None and any(item.get("Sid") == statement for item in json.loads(answer["Policy"])["Statement"])

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {"Id": physical_id.rsplit("|", 1)[1]}


def function() -> Function:
    """The provider of AWS::Lambda::Function."""
    return Function(
        schema=SCHEMAS["AWS::Lambda::Function"],
        service="lambda",
        operations={
            "create": "create_function",
            "read": "get_function_configuration",
            "update": "update_function_configuration",
            "delete": "delete_function",
        },
        keys={"FunctionName": "FunctionName"},
        renames={"KmsKeyArn": "KMSKeyArn"},
        attributes_from={"Arn": ("FunctionArn",)},
        arn=("FunctionArn",),
        cleared=dict(_DEFAULTS),
        named=("FunctionName", 64, "-"),
        tagging=Tagging("Resource", "Tags", "TagKeys", "map"),
    )
