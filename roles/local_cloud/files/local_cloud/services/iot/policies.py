# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IoT policies: their versions, and the certificates that they are attached to."""

from __future__ import annotations

import json
import re
import typing as t
import uuid

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.iot import records
from local_cloud.services.iot.base import not_found, page
from local_cloud.services.iot.things import Things
from local_cloud.store import Record

MAX_VERSIONS: t.Final = 5
MAX_ATTACHED: t.Final = 10
MAX_CHARACTERS: t.Final = 2048  # white space does not count

_PAGE: t.Final[dict[str, t.Any]] = {"size": "pageSize", "token": "marker", "answer_token": "nextMarker"}


class Policies(Things):
    def create_policy(self, request: Request) -> Answer:
        name, document = request.parameters["policyName"], request.parameters["policyDocument"]
        self.authorize(request, "policy", name)
        check_document(document)
        arn, now = self.arn("policy", name), self.milliseconds
        with self.cloud.store.transaction():
            if self.cloud.store.get(records.POLICY, name) is not None:
                message = f"Policy cannot be created - name already exists (name={name})"
                raise ApiError("ResourceAlreadyExistsException", message, resourceId=name, resourceArn=arn)
            versions = {"1": {"document": document, "created": now}}
            policy = {"versions": versions, "default": "1", "next": 2, "created": now, "modified": now, "generation": str(uuid.uuid4())}
            self.cloud.store.put(records.POLICY, name, policy)
            if request.parameters.get("tags"):
                self.cloud.store.put(records.TAGS, arn, {tag["Key"]: tag.get("Value", "") for tag in request.parameters["tags"]})
        return {"policyName": name, "policyArn": arn, "policyDocument": document, "policyVersionId": "1"}

    def get_policy(self, request: Request) -> Answer:
        name, policy = self._asked(request)
        return {
            "policyName": name,
            "policyArn": self.arn("policy", name),
            "policyDocument": policy["versions"][policy["default"]]["document"],
            "defaultVersionId": policy["default"],
            **_times(policy, policy["created"]),
        }

    def delete_policy(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        with self.cloud.store.transaction():
            policy = self._policy(name)
            if self.cloud.store.list(records.ATTACHED_POLICY, prefix=records.tied(name), limit=1):
                message = f"The policy cannot be deleted as the policy is attached to one or more principals (name={name})"
                raise ApiError("DeleteConflictException", message)
            if len(policy["versions"]) > 1:
                message = f"Cannot delete the policy because it has one or more policy versions attached to it (name={name})"
                raise ApiError("DeleteConflictException", message)
            self.cloud.store.delete(records.POLICY, name)
            self.cloud.store.delete(records.TAGS, self.arn("policy", name))
        return {}

    def list_policies(self, request: Request) -> Answer:
        rows = (((policy["created"], name), self._named(name)) for name, policy in self.cloud.store.list(records.POLICY))
        return page(request, rows, "policies", **_PAGE)

    # ---- versions

    def create_policy_version(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        document, now = request.parameters["policyDocument"], self.milliseconds
        check_document(document)
        with self.cloud.store.transaction():
            policy = self._policy(name)
            if len(policy["versions"]) >= MAX_VERSIONS:
                message = f"The policy {name} already has the maximum number of versions ({MAX_VERSIONS})"
                raise ApiError("VersionsLimitExceededException", message)
            version = str(policy["next"])
            policy["versions"][version] = {"document": document, "created": now}
            policy["next"] += 1
            if request.parameters.get("setAsDefault"):
                policy["default"] = version
            self._save(name, policy)
        return {
            "policyArn": self.arn("policy", name),
            "policyDocument": document,
            "policyVersionId": version,
            "isDefaultVersion": policy["default"] == version,
        }

    def list_policy_versions(self, request: Request) -> Answer:
        _unused, policy = self._asked(request)
        versions = sorted(policy["versions"].items(), key=lambda item: int(item[0]), reverse=True)
        return {
            "policyVersions": [
                {"versionId": identifier, "isDefaultVersion": identifier == policy["default"], "createDate": version["created"]}
                for identifier, version in versions
            ]
        }

    def get_policy_version(self, request: Request) -> Answer:
        name, policy = self._asked(request)
        identifier = request.parameters["policyVersionId"]
        version = _version(policy, name, identifier)
        return {
            "policyArn": self.arn("policy", name),
            "policyName": name,
            "policyDocument": version["document"],
            "policyVersionId": identifier,
            "isDefaultVersion": identifier == policy["default"],
            **_times(policy, version["created"]),
        }

    def set_default_policy_version(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        with self.cloud.store.transaction():
            policy = self._policy(name)
            _version(policy, name, request.parameters["policyVersionId"])
            policy["default"] = request.parameters["policyVersionId"]
            self._save(name, policy)
        return {}

    def delete_policy_version(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        identifier = request.parameters["policyVersionId"]
        with self.cloud.store.transaction():
            policy = self._policy(name)
            _version(policy, name, identifier)
            if identifier == policy["default"]:
                message = f"Cannot delete the default version of a policy (name={name}, version={identifier})"
                raise ApiError("DeleteConflictException", message)
            del policy["versions"][identifier]
            self._save(name, policy)
        return {}

    # ---- targets

    def attach_policy(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        target = request.parameters["target"]
        with self.cloud.store.transaction():
            self._policy(name)
            self.check_principal(target)
            others = set(records.policies_of(self.cloud.store, target)) - {name}
            if len(others) >= MAX_ATTACHED:
                raise ApiError("LimitExceededException", f"The target {target} already has {MAX_ATTACHED} policies attached")
            tie = {"policy": name, "target": target}
            self.cloud.store.put(records.ATTACHED_POLICY, records.pair(name, target), tie, parent=target)
        return {}

    def detach_policy(self, request: Request) -> Answer:
        self.authorize(request, "policy", request.parameters["policyName"])
        self.cloud.store.delete(records.ATTACHED_POLICY, records.pair(request.parameters["policyName"], request.parameters["target"]))
        return {}

    def list_targets_for_policy(self, request: Request) -> Answer:
        name, _unused = self._asked(request)
        ties = self.cloud.store.list(records.ATTACHED_POLICY, prefix=records.tied(name))
        return page(request, ((tie["target"], tie["target"]) for _unused, tie in ties), "targets", **_PAGE)

    def list_attached_policies(self, request: Request) -> Answer:
        self.check_principal(request.parameters["target"])
        names = records.policies_of(self.cloud.store, request.parameters["target"])
        return page(request, ((name, self._named(name)) for name in names), "policies", **_PAGE)

    def _asked(self, request: Request) -> tuple[str, Record]:
        name = request.parameters["policyName"]
        self.authorize(request, "policy", name)
        return name, self._policy(name)

    def _policy(self, name: str) -> Record:
        policy = self.cloud.store.get(records.POLICY, name)
        if policy is None:
            raise not_found("Policy", name)
        return policy

    def _save(self, name: str, policy: Record) -> None:
        policy["modified"], policy["generation"] = self.milliseconds, str(uuid.uuid4())
        self.cloud.store.put(records.POLICY, name, policy)

    def _named(self, name: str) -> Answer:
        return {"policyName": name, "policyArn": self.arn("policy", name)}


def _times(policy: Record, created: float) -> Answer:
    return {"creationDate": created, "lastModifiedDate": policy["modified"], "generationId": policy["generation"]}


def _version(policy: Record, name: str, identifier: str) -> Record:
    version = policy["versions"].get(identifier)
    if version is None:
        raise not_found("Policy version", f"{identifier} of policy {name}")
    return t.cast("Record", version)


def check_document(text: str) -> None:
    """Raises MalformedPolicyException unless the text is an IoT policy."""
    problem = document_problem(text)
    if problem:
        raise ApiError("MalformedPolicyException", f"Policy document is Malformed: {problem}")


def document_problem(text: str) -> str | None:
    """What is wrong with a policy document, in a few words, or None."""
    if len(re.sub(r"\s", "", text)) > MAX_CHARACTERS:
        return f"it is longer than {MAX_CHARACTERS} characters"
    try:
        document = json.loads(text)
    except ValueError as error:
        return f"it is not JSON: {error}"
    if not isinstance(document, dict) or not document.get("Statement"):
        return "it has no Statement"
    if document.get("Version") not in ("2012-10-17", "2008-10-17"):
        return "its Version is not 2012-10-17"
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    return next((problem for statement in statements if (problem := _statement_problem(statement))), None)


def _statement_problem(statement: t.Any) -> str | None:
    if not isinstance(statement, dict):
        return "a statement is not an object"
    unknown = statement.keys() - {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if unknown:
        return f"a statement has the unknown element {min(unknown)}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "a statement's Effect is not Allow or Deny"
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (one in statement) == (other in statement):
            return f"a statement needs one of {one} and {other}"
        value = statement.get(one, statement.get(other))
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            return f"a statement's {one if one in statement else other} is not a text or a list of texts"
    if not isinstance(statement.get("Condition", {}), dict):
        return "a statement's Condition is not an object"
    return None
