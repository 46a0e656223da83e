# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that only look."""

from __future__ import annotations

import json
import typing as t

from local_cloud.cloudformation import parameters
from local_cloud.cloudformation.change_sets import ChangeSets
from local_cloud.cloudformation.desk import capabilities, page, refuse_unsupported
from local_cloud.cloudformation.errors import invalid
from local_cloud.cloudformation.records import GONE, physical_id_of
from local_cloud.cloudformation.template import Template
from local_cloud.service import Answer, Request
from local_cloud.store import Record

_EVENTS_PAGE = 100
_UNCHECKED = {"StackDriftStatus": "NOT_CHECKED"}
_RESOURCE_UNCHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}


class Reads(ChangeSets):
    """Describe, List, Get and Validate."""

    def describe_stacks(self, request: Request) -> Answer:
        given = request.parameters
        if given.get("StackName"):
            return {"Stacks": [self._stack(self.find(given["StackName"]))]}
        standing = [stack for stack in self._newest_first() if stack["status"] != GONE]
        answer = page(standing, given.get("NextToken"), "Stacks")
        return {**answer, "Stacks": [self._stack(stack) for stack in answer["Stacks"]]}

    def list_stacks(self, request: Request) -> Answer:
        wanted = request.parameters.get("StackStatusFilter")
        found = [stack for stack in self._newest_first() if not wanted or stack["status"] in wanted]
        answer = page(found, request.parameters.get("NextToken"), "StackSummaries")
        return {**answer, "StackSummaries": [self._summary(stack) for stack in answer["StackSummaries"]]}

    def describe_stack_events(self, request: Request) -> Answer:
        given = request.parameters
        stack = self.find(given["StackName"], words="Stack [{name}] does not exist")
        after = given.get("NextToken", "")
        found = self.records.events(stack["id"], f"{stack['id']}#{after}" if after else "", _EVENTS_PAGE + 1)
        answer: Answer = {"StackEvents": [event for _unused, event in found[:_EVENTS_PAGE]]}
        if len(found) > _EVENTS_PAGE:
            answer["NextToken"] = found[_EVENTS_PAGE - 1][0].rpartition("#")[2]
        return answer

    def describe_stack_resource(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"], words="Stack '{name}' does not exist")
        name = request.parameters["LogicalResourceId"]
        resource = self.records.resource(stack["id"], name)
        if resource is None:
            raise invalid(f"Resource {name} does not exist for stack {stack['name']}")
        detail = {**self._resource(stack, resource, "LastUpdatedTimestamp"), "Metadata": json.dumps(resource.get("metadata") or {})}
        return {"StackResourceDetail": detail}

    def describe_stack_resources(self, request: Request) -> Answer:
        given = request.parameters
        if "StackName" in given:
            stack = self.find(given["StackName"])
        elif "PhysicalResourceId" in given:
            stack = self._owner(given["PhysicalResourceId"])
        else:
            raise invalid("Either StackName or PhysicalResourceId must be specified.")
        resources = list(self.records.resources(stack["id"]).values())
        if "LogicalResourceId" in given:
            resources = [resource for resource in resources if resource["logical_id"] == given["LogicalResourceId"]]
            if not resources:
                raise invalid(f"Resource {given['LogicalResourceId']} does not exist for stack {stack['name']}")
        return {"StackResources": [self._resource(stack, resource, "Timestamp") for resource in resources[:100]]}

    def list_stack_resources(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"])
        found = [
            {key: value for key, value in self._resource(stack, resource, "LastUpdatedTimestamp").items() if not key.startswith("Stack")}
            for resource in self.records.resources(stack["id"]).values()
        ]
        return page(found, request.parameters.get("NextToken"), "StackResourceSummaries")

    def get_template(self, request: Request) -> Answer:
        given = request.parameters
        if "ChangeSetName" in given:
            text = self._change_set(given)["target"]["template"]
        elif "StackName" in given:
            text = self.find(given["StackName"])["template"]
        else:
            raise invalid("StackName is required if ChangeSetName is not specified.")
        return {"TemplateBody": text or "", "StagesAvailable": ["Original", "Processed"]}

    def validate_template(self, request: Request) -> Answer:
        template = self.template_of(request.parameters)
        parameters.check_declarations(template.parameters)
        declared = [
            _present(
                ParameterKey=name,
                DefaultValue=_default(declaration),
                NoEcho=parameters.is_true(declaration.get("NoEcho")),
                Description=declaration.get("Description"),
            )
            for name, declaration in template.parameters.items()
        ]
        return {"Parameters": declared, **self._about(template)}

    def get_template_summary(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        template = self.load(self.find(given["StackName"])["template"]) if "StackName" in given else self.template_of(given)
        declared = [
            _present(
                ParameterKey=name,
                DefaultValue=_default(declaration),
                ParameterType=declaration["Type"],
                NoEcho=parameters.is_true(declaration.get("NoEcho")),
                Description=declaration.get("Description"),
                ParameterConstraints={"AllowedValues": [str(value) for value in declaration["AllowedValues"]]}
                if "AllowedValues" in declaration
                else {},
            )
            for name, declaration in template.parameters.items()
        ]
        return {
            "Parameters": declared,
            **self._about(template),
            "ResourceTypes": template.resource_types(),
            **_present(
                Version=template.body.get("AWSTemplateFormatVersion"),
                Metadata=json.dumps(template.body["Metadata"]) if "Metadata" in template.body else None,
            ),
        }

    def list_exports(self, request: Request) -> Answer:
        found = [
            {"ExportingStackId": export["stack_id"], "Name": name, "Value": export["value"]}
            for name, export in sorted(self.records.exports().items())
        ]
        return page(found, request.parameters.get("NextToken"), "Exports")

    def list_imports(self, request: Request) -> Answer:
        name = request.parameters["ExportName"]
        importers = sorted(self.records.importers(name))
        if not importers:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return page(importers, request.parameters.get("NextToken"), "Imports")

    # their parts

    def _newest_first(self) -> list[Record]:
        return sorted(self.records.stacks(), key=lambda stack: stack["created"], reverse=True)

    def _owner(self, physical_id: str) -> Record:
        for stack in self.records.stacks():
            resources = self.records.resources(stack["id"]).values()
            if stack["status"] != GONE and any(physical_id_of(resource) == physical_id for resource in resources):
                return stack
        raise invalid(f"Stack for {physical_id} does not exist")

    def _stack(self, stack: Record) -> dict[str, t.Any]:
        template = self.load(stack["template"]) if stack["template"] else None
        return _present(
            StackId=stack["id"],
            StackName=stack["name"],
            ChangeSetId=stack["change_set"],
            Description=template.description if template else None,
            Parameters=parameters.shown(template.parameters, stack["parameters"]) if template else [],
            CreationTime=stack["created"],
            LastUpdatedTime=stack["updated"],
            DeletionTime=stack["deleted"],
            RollbackConfiguration={},
            StackStatus=stack["status"],
            StackStatusReason=stack["reason"],
            DisableRollback=stack["disable_rollback"],
            NotificationARNs=[],
            TimeoutInMinutes=stack["timeout"],
            Capabilities=stack["capabilities"],
            Outputs=stack["outputs"],
            RoleARN=stack["role"],
            Tags=[{"Key": key, "Value": value} for key, value in stack["tags"].items()],
            EnableTerminationProtection=stack["protected"],
            DriftInformation=_UNCHECKED,
            RetainExceptOnCreate=stack["retain_except_on_create"],
        )

    def _summary(self, stack: Record) -> dict[str, t.Any]:
        return _present(
            StackId=stack["id"],
            StackName=stack["name"],
            TemplateDescription=self.load(stack["template"]).description if stack["template"] else None,
            CreationTime=stack["created"],
            LastUpdatedTime=stack["updated"],
            DeletionTime=stack["deleted"],
            StackStatus=stack["status"],
            StackStatusReason=stack["reason"],
            DriftInformation=_UNCHECKED,
        )

    def _resource(self, stack: Record, resource: Record, time: str) -> dict[str, t.Any]:
        return _present(
            StackName=stack["name"],
            StackId=stack["id"],
            LogicalResourceId=resource["logical_id"],
            PhysicalResourceId=physical_id_of(resource),
            ResourceType=resource["type"],
            ResourceStatus=resource["status"],
            ResourceStatusReason=resource["reason"],
            DriftInformation=_RESOURCE_UNCHECKED,
            **{time: resource["changed"]},
        )

    def _about(self, template: Template) -> dict[str, t.Any]:
        needed = capabilities(template, self.table)
        types = [kind for kind in template.resource_types() if kind.startswith("AWS::IAM::")]
        reason = f"The following resource(s) require capabilities: [{', '.join(types)}]" if needed else None
        return _present(Description=template.description, Capabilities=needed, CapabilitiesReason=reason)


class CloudFormation(Reads):
    """AWS CloudFormation: stacks over the cloud's own services."""


def _present(**members: t.Any) -> dict[str, t.Any]:
    return {name: value for name, value in members.items() if value is not None}


def _default(declaration: dict[str, t.Any]) -> str | None:
    return str(declaration["Default"]) if "Default" in declaration else None
