# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who calls, and what a role may do: sessions of roles, trust policies and identity policies."""

from __future__ import annotations

import dataclasses
import secrets
import string
import threading
import typing as t

import botocore.exceptions

from local_cloud import policy
from local_cloud.errors import ApiError

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_SESSION = "access.session"
_SERVICE_SESSION = "access.service_session"
_TEMPORARY = "ASIA"  # AWS's prefix for the access key ids of sessions


@dataclasses.dataclass(frozen=True)
class Session:
    """Keys of a role session. expires: epoch seconds; 0: while the role exists."""

    access_key: str
    secret_key: str
    token: str
    role_arn: str
    principal: str
    expires: float = 0.0


@dataclasses.dataclass(frozen=True)
class Role:
    arn: str
    role_id: str
    trust: policy.Document
    policies: tuple[policy.Document, ...]


class Access:
    """Reads roles from the cloud's IAM by its own API; keeps them until IAM has changed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._roles: dict[str, Role | None] = {}
        self._seen = -1

    def role(self, name_or_arn: str) -> Role | None:
        """The role, or None if there is no such role (an ARN must fit in full)."""
        name = name_or_arn.rpartition("/")[2]
        version = self._cloud.moto.version("iam")
        with self._lock:
            if version != self._seen:
                self._roles.clear()
                self._seen = version
            known = name in self._roles
            role = self._roles.get(name)
        if not known:
            role = self._read(name)
            with self._lock:
                if self._seen == version:
                    self._roles[name] = role
        return role if role is not None and name_or_arn in (role.arn, name) else None

    def _read(self, name: str) -> Role | None:
        iam = self._cloud.client("iam")
        try:
            role = iam.get_role(RoleName=name)["Role"]
            policies = [
                iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"]
                for page in iam.get_paginator("list_role_policies").paginate(RoleName=name)
                for inline in page["PolicyNames"]
            ]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
                for attached in page["AttachedPolicies"]:
                    arn = attached["PolicyArn"]
                    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                    policies.append(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
        except (iam.exceptions.NoSuchEntityException, botocore.exceptions.ParamValidationError):
            return None
        return Role(role["Arn"], role["RoleId"], role["AssumeRolePolicyDocument"], tuple(policies))

    def role_trusts(self, role_arn: str, service_principal: str, context: policy.Context | None = None) -> bool:
        role = self.role(role_arn)
        if role is None:
            return False
        known = {"aws:SourceAccount": self._cloud.settings.account, **(context or {})}
        return bool(policy.trusts(role.trust, "sts:AssumeRole", "Service", service_principal, known))

    def allowed(self, role_arn: str, action: str, resource: str, context: policy.Context | None = None) -> bool:
        role = self.role(role_arn)
        if role is None:
            return False
        known = {**self._known(role.arn), **(context or {})}
        return bool(policy.evaluate(role.policies, action, resource, known))

    def may(self, principal: str, action: str) -> bool:
        """Whether a role session may do ``action`` on any resource at all."""
        role = self._role_of(principal)
        return role is not None and policy.may(role.policies, action)

    def authorize(self, principal: str | None, action: str, resource: str, context: policy.Context | None = None) -> None:
        if principal is None:
            return
        role = self._role_of(principal)
        decision = policy.Decision.NOT_ALLOWED
        if role is not None:
            decision = policy.evaluate(role.policies, action, resource, {**self._known(principal), **(context or {})})
        if not decision:
            raise denied(principal, action, resource, decision)

    def _role_of(self, principal: str) -> Role | None:
        return self.role(principal.split("/")[1])

    def _known(self, principal: str) -> dict[str, policy.Value]:
        """The global condition keys that every call carries. The loopback stands for the TLS that AWS would see."""
        settings = self._cloud.settings
        return {
            "aws:PrincipalArn": principal,
            "aws:PrincipalAccount": settings.account,
            "aws:PrincipalType": "AssumedRole",
            "aws:RequestedRegion": settings.region,
            "aws:SecureTransport": True,
            "aws:CurrentTime": self._cloud.now(),
            "aws:EpochTime": self._cloud.now(),
        }

    # ---- sessions

    def new_session(self, role_arn: str, name: str, seconds: float) -> Session:
        """A session that ends after ``seconds``; the caller has checked that it may be given out."""
        self._forget_expired()
        return self._session(role_arn, name, self._cloud.now() + seconds)

    def service_session(self, role_arn: str) -> Session:
        """The session in which a service acts as ``role_arn``; the same one every time."""
        with self._cloud.store.transaction():
            record = self._cloud.store.get(_SERVICE_SESSION, role_arn)
            if record is None:
                session = self._session(role_arn, "local-cloud", 0.0)
                self._cloud.store.put(_SERVICE_SESSION, role_arn, dataclasses.asdict(session))
                return session
        return Session(**record)

    def _session(self, role_arn: str, name: str, expires: float) -> Session:
        role = role_arn.rpartition("/")[2]
        principal = f"arn:aws:sts::{self._cloud.settings.account}:assumed-role/{role}/{name}"
        letters = string.ascii_uppercase + string.digits
        key = _TEMPORARY + "".join(secrets.choice(letters) for _unused in range(16))
        session = Session(key, secrets.token_urlsafe(30), secrets.token_urlsafe(120), role_arn, principal, expires)
        self._cloud.store.put(_SESSION, key, dataclasses.asdict(session))
        return session

    def _forget_expired(self) -> None:
        for key, record in self._cloud.store.list(_SESSION):
            if 0 < record["expires"] <= self._cloud.now():
                self._cloud.store.delete(_SESSION, key)

    def principal(self, access_key: str, token: str) -> str | None:
        """The role session behind an access key; None is the account's own user, who may do all.

        Raises ``ApiError`` for a session that is unknown, expired, or comes with another token.
        """
        if not access_key.startswith(_TEMPORARY):
            return None
        record = self._cloud.store.get(_SESSION, access_key)
        if record is None or not secrets.compare_digest(record["token"], token):
            raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.", status=403)
        if 0 < record["expires"] <= self._cloud.now():
            raise ApiError("ExpiredTokenException", "The security token included in the request is expired", status=403)
        return str(record["principal"])


def denied(principal: str, action: str, resource: str | None, decision: policy.Decision = policy.Decision.NOT_ALLOWED) -> ApiError:
    """AWS's answer to a call that the caller's policies do not allow."""
    on = f" on resource: {resource}" if resource else ""
    why = (
        "with an explicit deny in an identity-based policy"
        if decision is policy.Decision.DENIED
        else f"because no identity-based policy allows the {action} action"
    )
    return ApiError("AccessDeniedException", f"User: {principal} is not authorized to perform: {action}{on} {why}", status=403)
