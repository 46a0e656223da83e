# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles and policies."""

from __future__ import annotations

import json
import typing as t

from local_cloud.cloudformation.providers.api import tag_list
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
)
from local_cloud.cloudformation.providers.schemas import SCHEMAS

_PRINCIPALS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _document(value: t.Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _principals(properties: Properties) -> set[tuple[str, str, str]]:
    """(kind, argument of the API, name) of everybody that a policy is for."""
    return {(kind, argument, str(name)) for key, kind, argument in _PRINCIPALS for name in properties.get(key, [])}


class Role(Provider):
    schema = SCHEMAS["AWS::IAM::Role"]

    def check(self, logical_id: str, properties: Properties) -> None:
        super().check(logical_id, properties)
        policies, attached = properties.get("Policies", []), properties.get("ManagedPolicyArns", [])
        if not isinstance(policies, list) or not all(isinstance(item, dict) for item in policies):
            raise ResourceError("Model validation failed (#/Policies: expected type: JSONArray of JSONObject)")
        for number, item in enumerate(policies):
            for key in ("PolicyName", "PolicyDocument"):
                if key not in item:
                    raise ResourceError(f"Model validation failed (#/Policies/{number}: required key [{key}] not found)")
        if not isinstance(attached, list):
            raise ResourceError("Model validation failed (#/ManagedPolicyArns: expected type: JSONArray)")

    def plan(self, identity: Identity, properties: Properties) -> str:
        return str(properties.get("RoleName") or generated_name(identity, 64))

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        given: Properties = {key: properties[key] for key in ("Path", "Description", "PermissionsBoundary") if key in properties}
        if "MaxSessionDuration" in properties:
            given["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
        if tags:
            given["Tags"] = tag_list(tags)
        clients("iam").create_role(
            RoleName=physical_id, AssumeRolePolicyDocument=_document(properties["AssumeRolePolicyDocument"]), **given
        )
        return physical_id

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self._policies(clients("iam"), physical_id, {}, properties)

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        iam = clients("iam")
        if canonical(old.get("AssumeRolePolicyDocument")) != canonical(new["AssumeRolePolicyDocument"]):
            iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=_document(new["AssumeRolePolicyDocument"]))
        if any(canonical(old.get(key)) != canonical(new.get(key)) for key in ("Description", "MaxSessionDuration")):
            duration = int(new.get("MaxSessionDuration", 3600))
            iam.update_role(RoleName=physical_id, Description=new.get("Description", ""), MaxSessionDuration=duration)
        if old.get("PermissionsBoundary") != new.get("PermissionsBoundary"):
            if "PermissionsBoundary" in new:
                iam.put_role_permissions_boundary(RoleName=physical_id, PermissionsBoundary=new["PermissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=physical_id)
        self._policies(iam, physical_id, old, new)
        removed = sorted(old_tags.keys() - tags.keys())
        if removed:
            iam.untag_role(RoleName=physical_id, TagKeys=removed)
        if tags and tags != old_tags:
            iam.tag_role(RoleName=physical_id, Tags=tag_list(tags))

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        iam = clients("iam")
        for name in (gone_ok(iam.list_role_policies, RoleName=physical_id) or {}).get("PolicyNames", []):
            gone_ok(iam.delete_role_policy, RoleName=physical_id, PolicyName=name)
        for arn in properties.get("ManagedPolicyArns", []):
            gone_ok(iam.detach_role_policy, RoleName=physical_id, PolicyArn=arn)
        gone_ok(iam.delete_role, RoleName=physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return gone_ok(clients("iam").get_role, RoleName=physical_id) is not None

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        role = clients("iam").get_role(RoleName=physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}

    @staticmethod
    def _policies(iam: t.Any, role: str, old: Properties, new: Properties) -> None:
        before, after = ({item["PolicyName"]: item["PolicyDocument"] for item in side.get("Policies", [])} for side in (old, new))
        for name in sorted(before.keys() - after.keys()):
            gone_ok(iam.delete_role_policy, RoleName=role, PolicyName=name)
        for name, document in after.items():
            if canonical(before.get(name)) != canonical(document):
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_document(document))
        attached, wanted = (set(side.get("ManagedPolicyArns", [])) for side in (old, new))
        for arn in sorted(attached - wanted):
            gone_ok(iam.detach_role_policy, RoleName=role, PolicyArn=arn)
        for arn in sorted(wanted - attached):
            iam.attach_role_policy(RoleName=role, PolicyArn=arn)


class InlinePolicy(Provider):
    """A policy document that is put into roles, users and groups; it is nothing of its own in IAM."""

    schema = SCHEMAS["AWS::IAM::Policy"]

    def plan(self, identity: Identity, properties: Properties) -> str:
        return generated_name(identity, 64)

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        if not _principals(properties):
            raise ResourceError("At least one of [Groups,Roles,Users] must be non-empty.")
        return physical_id

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        for kind, argument, name in sorted(_principals(properties)):
            put = getattr(clients("iam"), f"put_{kind}_policy")
            put(**{argument: name}, PolicyName=properties["PolicyName"], PolicyDocument=_document(properties["PolicyDocument"]))

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        self.create(clients, identity, physical_id, new, tags)
        self.configure(clients, identity, physical_id, new, tags)
        kept = _principals(new) if old["PolicyName"] == new["PolicyName"] else set()
        self._remove(clients, old, _principals(old) - kept)

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        self._remove(clients, properties, _principals(properties))

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return False

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {"Id": physical_id}

    @staticmethod
    def _remove(clients: Clients, properties: Properties, principals: set[tuple[str, str, str]]) -> None:
        for kind, argument, name in sorted(principals):
            gone_ok(getattr(clients("iam"), f"delete_{kind}_policy"), **{argument: name}, PolicyName=properties["PolicyName"])


class ManagedPolicy(Provider):
    schema = SCHEMAS["AWS::IAM::ManagedPolicy"]

    def plan(self, identity: Identity, properties: Properties) -> str:
        name = properties.get("ManagedPolicyName") or generated_name(identity, 128)
        return f"arn:aws:iam::{identity.account}:policy{properties.get('Path', '/')}{name}"

    def create(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> str:
        given = {key: properties[key] for key in ("Path", "Description") if key in properties}
        name = physical_id.rpartition("/")[2]
        clients("iam").create_policy(PolicyName=name, PolicyDocument=_document(properties["PolicyDocument"]), **given)
        return physical_id

    def configure(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties, tags: Tags) -> None:
        self._attach(clients, physical_id, set(), _principals(properties))

    def update(
        self, clients: Clients, identity: Identity, physical_id: str, old: Properties, new: Properties, old_tags: Tags, tags: Tags
    ) -> None:
        iam = clients("iam")
        if canonical(old.get("PolicyDocument")) != canonical(new["PolicyDocument"]):
            self._delete_versions(iam, physical_id)
            iam.create_policy_version(PolicyArn=physical_id, PolicyDocument=_document(new["PolicyDocument"]), SetAsDefault=True)
        self._attach(clients, physical_id, _principals(old), _principals(new))

    def delete(self, clients: Clients, physical_id: str, properties: Properties) -> None:
        self._attach(clients, physical_id, _principals(properties), set())
        self._delete_versions(clients("iam"), physical_id)
        gone_ok(clients("iam").delete_policy, PolicyArn=physical_id)

    def exists(self, clients: Clients, physical_id: str) -> bool:
        return gone_ok(clients("iam").get_policy, PolicyArn=physical_id) is not None

    def attributes(self, clients: Clients, identity: Identity, physical_id: str, properties: Properties) -> dict[str, t.Any]:
        return {"PolicyArn": physical_id, "PolicyId": clients("iam").get_policy(PolicyArn=physical_id)["Policy"]["PolicyId"]}

    @staticmethod
    def _attach(clients: Clients, arn: str, old: set[tuple[str, str, str]], new: set[tuple[str, str, str]]) -> None:
        for kind, argument, name in sorted(old - new):
            gone_ok(getattr(clients("iam"), f"detach_{kind}_policy"), **{argument: name}, PolicyArn=arn)
        for kind, argument, name in sorted(new - old):
            getattr(clients("iam"), f"attach_{kind}_policy")(**{argument: name}, PolicyArn=arn)

    @staticmethod
    def _delete_versions(iam: t.Any, arn: str) -> None:
        """IAM keeps at most five versions, and a policy goes only when it has no others than its default."""
        for version in (gone_ok(iam.list_policy_versions, PolicyArn=arn) or {}).get("Versions", []):
            if not version["IsDefaultVersion"]:
                gone_ok(iam.delete_policy_version, PolicyArn=arn, VersionId=version["VersionId"])
