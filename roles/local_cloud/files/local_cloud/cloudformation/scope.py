# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the names in a stack's template stand for, and what its resources and outputs are wanted to be."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from local_cloud.cloudformation import functions, graph, parameters
from local_cloud.cloudformation.errors import invalid
from local_cloud.cloudformation.providers import Table
from local_cloud.cloudformation.records import Records
from local_cloud.cloudformation.template import Template
from local_cloud.settings import Settings
from local_cloud.store import Record

Resources = c.Mapping[str, Record]


@dataclasses.dataclass(frozen=True)
class Target:
    """What an operation wants a stack to be: a template with values for its parameters, and the stack's tags."""

    template: Template
    values: dict[str, str]
    tags: dict[str, str]


class StackScope:
    """The names of one stack: parameters and pseudo parameters at once, resources as they come into being."""

    def __init__(self, settings: Settings, records: Records, stack: Record, target: Target, resources: Resources) -> None:
        self._records = records
        self._stack = stack
        self._resources = resources
        self.target = target
        self.parameters: dict[str, t.Any] = dict(parameters.typed(target.template.parameters, target.values))
        self.mappings = target.template.mappings
        self.imports: list[str] = []
        self.pseudo: dict[str, t.Any] = {
            "AWS::AccountId": settings.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": settings.region,
            "AWS::StackId": stack["id"],
            "AWS::StackName": stack["name"],
            "AWS::URLSuffix": "amazonaws.com",
        }
        self.conditions: dict[str, bool] = {}
        self.conditions = functions.evaluate_conditions(target.template.conditions, self)

    def ref(self, logical_id: str) -> t.Any:
        return self._instance(logical_id)["ref"]

    def attribute(self, logical_id: str, name: str) -> t.Any:
        instance = self._instance(logical_id)
        if name not in instance["attributes"]:
            raise invalid(f"Template error: resource {logical_id} has no value for attribute {name} in Fn::GetAtt")
        return instance["attributes"][name]

    def imported(self, name: str) -> t.Any:
        export = self._records.exports(but=self._stack["id"]).get(name)
        if export is None:
            raise invalid(f"No export named {name} found.")
        if name not in self.imports:
            self.imports.append(name)
        return export["value"]

    def dependencies(self) -> graph.Graph:
        return graph.dependencies(self.target.template, self.conditions)

    def wanted(self, logical_id: str, table: Table) -> Record:
        """The instance that the template asks for: type, properties, tags, policies; without what only its creation can tell."""
        resource = self.target.template.resources[logical_id]
        schema = table[resource["Type"]].schema
        properties = functions.resolve(resource.get("Properties", {}), self)
        tags = {**self.target.tags, **schema.own_tags(properties)} if schema.tags else {}
        return {
            "type": resource["Type"],
            "properties": properties,
            "tags": tags,
            "deletion_policy": resource.get("DeletionPolicy", "Delete"),
            "update_replace_policy": resource.get("UpdateReplacePolicy", "Delete"),
        }

    def outputs(self) -> list[dict[str, t.Any]]:
        """The outputs whose condition holds, as DescribeStacks shows them."""
        shown = []
        for name, output in self.target.template.outputs.items():
            if not self.conditions.get(output.get("Condition", ""), True):
                continue
            value = functions.resolve(output["Value"], self)
            if isinstance(value, (dict, list)):
                raise invalid(f"Template format error: The Value field of every Outputs member must evaluate to a String (output {name}).")
            entry = {"OutputKey": name, "OutputValue": functions.text_of(value)}
            if "Description" in output:
                entry["Description"] = functions.text_of(functions.resolve(output["Description"], self))
            if "Export" in output:
                entry["ExportName"] = functions.text_of(functions.resolve(output["Export"]["Name"], self))
            shown.append(entry)
        return shown

    def _instance(self, logical_id: str) -> Record:
        instance: Record | None = (self._resources.get(logical_id) or {}).get("instance")
        if instance is None:
            raise invalid(f"Template format error: Unresolved resource dependencies [{logical_id}] in the Resources block of the template")
        return instance


class PreviewScope(StackScope):
    """The names of a stack before an update: what a change will alter is not known yet."""

    def __init__(self, *arguments: t.Any) -> None:
        self.moved: set[str] = set()
        self.modified: set[str] = set()
        super().__init__(*arguments)

    def ref(self, logical_id: str) -> t.Any:
        if logical_id in self.moved:
            raise functions.Unresolved(logical_id)
        return super().ref(logical_id)

    def attribute(self, logical_id: str, name: str) -> t.Any:
        if logical_id in self.moved | self.modified:
            raise functions.Unresolved(f"{logical_id}.{name}")
        return super().attribute(logical_id, name)
