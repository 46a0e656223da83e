# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations on change sets."""

from __future__ import annotations

import re
import uuid

from local_cloud.cloudformation import changes, graph, imports, parameters
from local_cloud.cloudformation.desk import page, refuse_unsupported
from local_cloud.cloudformation.errors import constraint, invalid
from local_cloud.cloudformation.scope import Target
from local_cloud.cloudformation.stacks import Stacks
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Parameters, Request
from local_cloud.store import Record

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_BY_NAME = "Stack [{name}] does not exist"


class ChangeSets(Stacks):
    """Change sets are complete when CreateChangeSet answers; the update is compared, nothing is called."""

    def create_change_set(self, request: Request) -> Answer:
        given = request.parameters
        name, kind = given["ChangeSetName"], given.get("ChangeSetType", "UPDATE")
        refuse_unsupported({key: value for key, value in given.items() if kind != "IMPORT" or key != "ResourcesToImport"})
        if not _NAME.fullmatch(name) or len(name) > 128:
            raise constraint(name, "changeSetName", f"satisfy regular expression pattern: {_NAME.pattern}")
        stack, is_new = self._stack_for(given, kind)
        if any(other["name"] == name for other in self.records.change_sets(stack["id"])):
            raise ApiError("AlreadyExistsException", f"ChangeSet {name} cannot be created due to a mismatch with existing attribute Name")
        target = self.target(given, None if kind == "CREATE" or is_new else stack)
        identified: imports.Identified = {}
        why = _NO_CHANGES
        if kind == "CREATE":
            found, something = changes.additions(self.preview(stack, target), self.table), True
        elif kind == "IMPORT":
            scope = self.preview(stack, target)
            outputs_there = {output["OutputKey"] for output in stack["outputs"]}
            identified = imports.check(given, scope, self.records.resources(stack["id"]), outputs_there, self.table)
            found = imports.changes(identified, graph.order(scope.dependencies()), scope)
            refused = imports.refusal(identified, scope, self.records, self.table, self.cloud.client)
            something, why = refused is None, refused or ""
        else:
            found, outputs = self.planned(stack, target)
            something = bool(found) or outputs or target.tags != stack["tags"]
        self.role(given)
        change_set = {
            "id": self.cloud.arn("cloudformation", f"changeSet/{name}/{uuid.uuid4()}"),
            "name": name,
            "stack_id": stack["id"],
            "kind": kind,
            "description": given.get("Description"),
            "created": self.cloud.now(),
            "target": {"template": target.template.text, "parameters": target.values, "tags": target.tags},
            "given": {key: given[key] for key in ("Capabilities", "RoleARN", "OnStackFailure") if key in given},
            "changes": found,
            "identified": identified,
            "status": "CREATE_COMPLETE" if something else "FAILED",
            "execution": "AVAILABLE" if something else "UNAVAILABLE",
            "reason": None if something else why,
        }
        with self.cloud.store.transaction():
            if is_new:
                if self.records.named(stack["name"]) is not None:
                    raise ApiError("AlreadyExistsException", f"Stack [{stack['name']}] already exists")
                self.records.put_stack(stack)
                self.records.event(stack, "REVIEW_IN_PROGRESS", "User Initiated")
                self.records.put_stack(stack)
            self.records.put_change_set(change_set)
        return {"Id": change_set["id"], "StackId": stack["id"]}

    def _stack_for(self, given: Parameters, kind: str) -> tuple[Record, bool]:
        """(the stack that the change set is for, whether it is made for it)."""
        name = given["StackName"]
        if kind == "CREATE" or (kind == "IMPORT" and self._may_be_made(name)):
            standing = self.records.stack(name) if name.startswith("arn:") else self.records.named(name)
            if standing is None:
                return self.new_stack(name, given), True
            if standing["status"] != "REVIEW_IN_PROGRESS":
                raise invalid(
                    f"Stack [{standing['name']}] already exists and cannot be created again with the changeSet [{given['ChangeSetName']}]."
                )
            return standing, False
        stack = self.find(name, words=_BY_NAME, deleted=False)
        self.check_updatable(stack, disable_rollback=True)
        return stack, False

    def _may_be_made(self, name: str) -> bool:
        """Whether an import makes the stack of that name."""
        standing = None if name.startswith("arn:") else self.records.named(name)
        return not name.startswith("arn:") and (standing is None or standing["status"] == "REVIEW_IN_PROGRESS")

    def _change_set(self, given: Parameters) -> Record:
        wanted = given["ChangeSetName"]
        if wanted.startswith("arn:"):
            found = self.records.change_set(wanted)
        elif "StackName" not in given:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            stack = self.find(given["StackName"], words=_BY_NAME)
            found = next((item for item in self.records.change_sets(stack["id"]) if item["name"] == wanted), None)
        if found is None:
            raise ApiError("ChangeSetNotFound", f"ChangeSet [{wanted}] does not exist")
        return found

    def describe_change_set(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        change_set = self._change_set(given)
        stack = self.find(change_set["stack_id"])
        target = change_set["target"]
        listed = [{"Type": "Resource", "ResourceChange": change} for change in change_set["changes"]]
        answer = {
            "ChangeSetName": change_set["name"],
            "ChangeSetId": change_set["id"],
            "StackId": stack["id"],
            "StackName": stack["name"],
            "Description": change_set["description"],
            "Parameters": parameters.shown(self.load(target["template"]).parameters, target["parameters"]),
            "CreationTime": change_set["created"],
            "ExecutionStatus": change_set["execution"],
            "Status": change_set["status"],
            "StatusReason": change_set["reason"],
            "NotificationARNs": [],
            "RollbackConfiguration": {},
            "Capabilities": change_set["given"].get("Capabilities", []),
            "Tags": [{"Key": key, "Value": value} for key, value in target["tags"].items()],
            "IncludeNestedStacks": False,
            "OnStackFailure": change_set["given"].get("OnStackFailure"),
            **page(listed, given.get("NextToken"), "Changes"),
        }
        return {key: value for key, value in answer.items() if value is not None}

    def list_change_sets(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"], words=_BY_NAME)
        found = [
            {
                "StackId": stack["id"],
                "StackName": stack["name"],
                "ChangeSetId": change_set["id"],
                "ChangeSetName": change_set["name"],
                "ExecutionStatus": change_set["execution"],
                "Status": change_set["status"],
                "CreationTime": change_set["created"],
                "IncludeNestedStacks": False,
                **({"StatusReason": change_set["reason"]} if change_set["reason"] else {}),
                **({"Description": change_set["description"]} if change_set["description"] else {}),
            }
            for change_set in sorted(self.records.change_sets(stack["id"]), key=lambda item: item["created"])
        ]
        return page(found, request.parameters.get("NextToken"), "Summaries")

    def delete_change_set(self, request: Request) -> Answer:
        try:
            change_set = self._change_set(request.parameters)
        except ApiError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        self.records.forget_change_set(change_set["id"])
        return {}

    def execute_change_set(self, request: Request) -> Answer:
        given = request.parameters
        change_set = self._change_set(given)
        if change_set["execution"] != "AVAILABLE":
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set['id']}] cannot be executed in its current execution status of [{change_set['execution']}]",
            )
        stack = self.find(change_set["stack_id"])
        wanted = change_set["target"]
        target = Target(self.load(wanted["template"]), wanted["parameters"], wanted["tags"])
        options = {**change_set["given"], **{key: given[key] for key in ("DisableRollback", "RetainExceptOnCreate") if key in given}}
        token = given.get("ClientRequestToken")
        if change_set["kind"] == "CREATE":
            stack["change_set"] = change_set["id"]
            stack["capabilities"] = options.get("Capabilities", [])
            stack["role"] = self.role(options)
            stack["retain_except_on_create"] = bool(options.get("RetainExceptOnCreate"))
            on_failure = options.get("OnStackFailure", "DO_NOTHING" if options.get("DisableRollback") else "ROLLBACK")
            self._forget_all(stack)
            self.begin_creation(stack, target, on_failure, token)
        elif change_set["kind"] == "IMPORT":
            self._forget_all(stack)
            self.begin_import(stack, target, change_set, token)
        else:
            if options.get("OnStackFailure") == "DO_NOTHING":
                options["DisableRollback"] = True
            self.begin_update(stack, target, options, token, action="ExecuteChangeSet")
            self._forget_all(stack)
            with self.records.change(stack["id"]) as changed:
                changed["change_set"] = change_set["id"]
        return {}

    def _forget_all(self, stack: Record) -> None:
        """Once one is executed, the others compare with what is no longer there."""
        for change_set in self.records.change_sets(stack["id"]):
            self.records.forget_change_set(change_set["id"])
