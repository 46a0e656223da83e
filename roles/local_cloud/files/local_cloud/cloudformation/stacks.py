# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that create, update and delete stacks."""

from __future__ import annotations

import uuid

from local_cloud.cloudformation import changes, graph, stack_policy
from local_cloud.cloudformation.desk import Desk, operation, refuse_unsupported
from local_cloud.cloudformation.errors import invalid
from local_cloud.cloudformation.operation import everything
from local_cloud.cloudformation.records import GONE
from local_cloud.cloudformation.scope import Target
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Parameters, Request
from local_cloud.store import Record

_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
# "Stack failure options" in the user guide: what has failed and kept its resources may be tried again, without a rollback
_UPDATABLE_WITHOUT_ROLLBACK = ("CREATE_FAILED", "UPDATE_FAILED")
_BY_NAME = "Stack [{name}] does not exist"


class Stacks(Desk):
    """CreateStack, UpdateStack, DeleteStack and what steers them."""

    def create_stack(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        name, token = given["StackName"], given.get("ClientRequestToken")
        standing = self.records.named(name)
        if standing is not None:
            if self.is_repeat(standing, "CreateStack", token):
                return {"StackId": standing["id"]}
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists")
        if "OnFailure" in given and "DisableRollback" in given:
            raise invalid("Only one of OnFailure and DisableRollback may be specified.")
        stack = self.new_stack(name, given)
        target = self.target(given, None)
        graph.order(self.preview(stack, target).dependencies())
        stack["policy"] = self.given_policy(given, "StackPolicyBody", "StackPolicyURL")
        on_failure = given.get("OnFailure", "DO_NOTHING" if given.get("DisableRollback") else "ROLLBACK")
        self.begin_creation(stack, target, on_failure, token)
        return {"StackId": stack["id"]}

    def begin_creation(self, stack: Record, target: Target, on_failure: str, token: str | None) -> None:
        """Store the operation that creates a stack, and begin it. Someone else may have been faster: AlreadyExistsException."""
        with self.cloud.store.transaction():
            standing = self.records.named(stack["name"])
            if standing is not None and standing["id"] != stack["id"]:
                raise ApiError("AlreadyExistsException", f"Stack [{stack['name']}] already exists")
            self.note_token(stack, "CreateStack", token)
            stack.update(
                template=target.template.text,
                parameters=target.values,
                tags=target.tags,
                disable_rollback=on_failure == "DO_NOTHING",
                operation=operation(
                    "CREATE",
                    target,
                    capabilities=stack["capabilities"],
                    on_failure=on_failure,
                    disable_rollback=on_failure == "DO_NOTHING",
                    retain_except_on_create=stack["retain_except_on_create"],
                    deadline=self.cloud.now() + 60 * stack["timeout"] if stack["timeout"] else None,
                ),
            )
            self.records.put_stack(stack)
            self.records.event(stack, "CREATE_IN_PROGRESS", "User Initiated")
            self.records.put_stack(stack)
        self.engine.launch(stack["id"])

    def begin_import(self, stack: Record, target: Target, change_set: Record, token: str | None) -> None:
        """Store the operation that imports what a change set identifies, and begin it."""
        with self.records.change(stack["id"]) as changed:
            self.note_token(changed, "ExecuteChangeSet", token)
            changed.update(
                change_set=change_set["id"],
                operation=operation(
                    "IMPORT",
                    target,
                    capabilities=change_set["given"].get("Capabilities", []),
                    identified=change_set["identified"],
                ),
            )
            self.records.event(changed, "IMPORT_IN_PROGRESS", "User Initiated")
        self.engine.launch(stack["id"])

    def update_stack(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        stack = self.find(given["StackName"], words=_BY_NAME, deleted=False)
        token = given.get("ClientRequestToken")
        if self.is_repeat(stack, "UpdateStack", token):
            return {"StackId": stack["id"]}
        self.check_updatable(stack, bool(given.get("DisableRollback")))
        target = self.target(given, stack)
        during = self.given_policy(given, "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL")
        policy = self.given_policy(given, "StackPolicyBody", "StackPolicyURL")
        found, outputs = self.planned(stack, target)
        if stack["status"] in _UPDATABLE and not found and not outputs and target.tags == stack["tags"]:
            raise invalid("No updates are to be performed.")
        self.begin_update(stack, target, given, token, policy_during_update=during, policy=policy)
        return {"StackId": stack["id"]}

    def begin_update(
        self,
        stack: Record,
        target: Target,
        given: Parameters,
        token: str | None,
        *,
        policy_during_update: str | None = None,
        policy: str | None = None,
        action: str = "UpdateStack",
    ) -> None:
        """Store the operation that updates a stack, and begin it."""
        role = self.role(given)
        with self.records.change(stack["id"]) as changed:
            self.check_updatable(changed, bool(given.get("DisableRollback")))
            self.note_token(changed, action, token)
            changed.update(
                updated=self.cloud.now(),
                role=role or changed["role"],
                policy=policy or changed["policy"],
                operation=operation(
                    "UPDATE",
                    target,
                    capabilities=given.get("Capabilities", []),
                    disable_rollback=bool(given.get("DisableRollback")),
                    retain_except_on_create=bool(given.get("RetainExceptOnCreate")),
                    policy_during_update=policy_during_update,
                ),
            )
            self.records.event(changed, "UPDATE_IN_PROGRESS", "User Initiated")
        self.engine.launch(stack["id"])

    def check_updatable(self, stack: Record, disable_rollback: bool) -> None:
        """Refuse to update a stack that is busy or broken."""
        allowed = _UPDATABLE + (_UPDATABLE_WITHOUT_ROLLBACK if disable_rollback else ())
        if stack["operation"] is not None or stack["status"] not in allowed:
            raise invalid(f"Stack:{stack['id']} is in {stack['status']} state and can not be updated.")

    def planned(self, stack: Record, target: Target) -> tuple[list[changes.Change], bool]:
        """(the resource changes that an update would make, whether the outputs change)."""
        resources = self.records.resources(stack["id"])
        retyped = sorted(
            name
            for name, resource in resources.items()
            if resource.get("instance")
            and name in target.template.resources
            and target.template.resources[name]["Type"] != resource["instance"]["type"]
        )
        if retyped:
            raise invalid(
                "Update of resource type is not permitted. "
                f"The new template modifies resource type of the following resources: [{', '.join(retyped)}]"
            )
        scope = self.preview(stack, target)
        found = changes.compare(scope, resources, self.table, stack["parameters"])
        return found, changes.outputs_differ(scope, stack["outputs"])

    def delete_stack(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        token = given.get("ClientRequestToken")
        try:
            stack = self.find(given["StackName"])
        except ApiError:
            return {}
        if stack["status"] in (GONE, "DELETE_IN_PROGRESS") or self.is_repeat(stack, "DeleteStack", token):
            return {}
        if stack["protected"]:
            raise invalid(f"Stack [{stack['name']}] cannot be deleted while TerminationProtection is enabled")
        retained = given.get("RetainResources", [])
        if retained and stack["status"] != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack['id']}]. When you delete a stack, specify which resources to retain "
                "only when the stack is in the DELETE_FAILED state."
            )
        unknown = sorted(set(retained) - self.records.resources(stack["id"]).keys())
        if unknown:
            raise invalid(f"Resources [{', '.join(unknown)}] do not exist in stack [{stack['name']}]")
        role = self.role(given)
        if self._begin_deletion(stack["id"], retained, role, token):
            self.engine.launch(stack["id"])
        return {}

    def _begin_deletion(self, stack_id: str, retained: list[str], role: str | None, token: str | None) -> bool:
        """Store the deletion. False if the engine is at work on the stack already, or if exports forbid it."""
        with self.records.change(stack_id) as stack:
            self.note_token(stack, "DeleteStack", token)
            stack["role"] = role or stack["role"]
            running = stack["operation"]
            if running is not None:
                if running["kind"] != "CREATE":
                    raise invalid(f"Stack [{stack['name']}] cannot be deleted while in status {stack['status']}")
                # the creation stops at its next step and turns into a deletion
                running.update(cancelled=True, on_failure="DELETE", disable_rollback=False)
                if running["stage"] == "sweep":
                    running["outcome"] = [GONE, "DELETE_FAILED"]
                self.records.event(stack, "DELETE_IN_PROGRESS", "User Initiated")
                return False
            before = stack["status"]
            self.records.event(stack, "DELETE_IN_PROGRESS", "User Initiated")
            for output in stack["outputs"]:
                importers = self.records.importers(output["ExportName"]) if "ExportName" in output else []
                if importers:
                    why = f"Delete canceled. Cannot delete export {output['ExportName']} as it is in use by {', '.join(importers)}."
                    self.records.event(stack, before, why)
                    return False
            garbage = everything(self.records, stack_id, lambda name, instance: name in retained or instance["deletion_policy"] != "Delete")
            outcome = [GONE, "DELETE_FAILED"]
            stack["operation"] = operation("DELETE", None, stage="sweep", garbage=garbage, outcome=outcome)
        return True

    def cancel_update_stack(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"], words=_BY_NAME)
        with self.records.change(stack["id"]) as changed:
            running = changed["operation"]
            if running is None or changed["status"] != "UPDATE_IN_PROGRESS":
                raise invalid("CancelUpdateStack cannot be called from current stack status")
            self.note_token(changed, "CancelUpdateStack", request.parameters.get("ClientRequestToken"))
            running.update(cancelled=True, disable_rollback=False)
        return {}

    def continue_update_rollback(self, request: Request) -> Answer:
        given = request.parameters
        refuse_unsupported(given)
        stack = self.find(given["StackName"], words=_BY_NAME)
        skipped = given.get("ResourcesToSkip", [])
        role = self.role(given)
        with self.records.change(stack["id"]) as changed:
            suspended = changed["suspended"]
            if changed["status"] != "UPDATE_ROLLBACK_FAILED" or suspended is None:
                raise invalid(f"Stack:{stack['id']} is in {changed['status']} state and can not continue update rollback.")
            self.note_token(changed, "ContinueUpdateRollback", given.get("ClientRequestToken"))
            changed.update(operation={**suspended, "id": str(uuid.uuid4()), "skip": skipped}, suspended=None, role=role or changed["role"])
            self.records.event(changed, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        self.engine.launch(stack["id"])
        return {}

    def update_termination_protection(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"], words=_BY_NAME, deleted=False)
        with self.records.change(stack["id"]) as changed:
            changed["protected"] = request.parameters["EnableTerminationProtection"]
        return {"StackId": stack["id"]}

    def set_stack_policy(self, request: Request) -> Answer:
        stack = self.find(request.parameters["StackName"], words=_BY_NAME, deleted=False)
        policy = self.given_policy(request.parameters, "StackPolicyBody", "StackPolicyURL")
        if policy is None:
            raise invalid("You must provide a stack policy: one of StackPolicyBody and StackPolicyURL")
        with self.records.change(stack["id"]) as changed:
            changed["policy"] = policy
        return {}

    def get_stack_policy(self, request: Request) -> Answer:
        policy = self.find(request.parameters["StackName"], words=_BY_NAME)["policy"]
        return {} if policy is None else {"StackPolicyBody": policy}

    def given_policy(self, given: Parameters, body: str, url: str) -> str | None:
        """The stack policy that a request gives by body or URL, checked; None if it gives none."""
        if given.get(body) and given.get(url):
            raise invalid(f"Only one of {body} and {url} may be specified.")
        text = given.get(body) or (self.from_s3(given[url], stack_policy.MAX_BYTES) if given.get(url) else None)
        return None if text is None else stack_policy.check(text)
