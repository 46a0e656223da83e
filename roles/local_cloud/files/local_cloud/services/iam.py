# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What moto's IAM does not have: the simulator of policies."""

from __future__ import annotations

import typing as t

from local_cloud import policy
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request, Service

_KNOWN: t.Final = frozenset(("PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries"))


class Iam(Service):
    """The operations of IAM that are answered here; moto answers all others."""

    models = ("iam",)

    def simulate_principal_policy(self, request: Request) -> Answer:
        """Of roles only, as only their policies are enforced here. A ResourceArns that is not given is ``*``."""
        parameters = request.parameters
        for member in sorted(parameters.keys() - _KNOWN):
            raise _not_implemented(f"the member {member}")
        source = parameters["PolicySourceArn"]
        self.cloud.authorize(request, "iam:SimulatePrincipalPolicy", source)
        if ":role/" not in source:
            raise _not_implemented("users and groups")
        role = self.cloud.access.role(source)
        if role is None:
            raise ApiError("NoSuchEntity", f"The role with name {source.rpartition('/')[2]} cannot be found.", status=404)
        context = {entry["ContextKeyName"]: entry.get("ContextKeyValues", []) for entry in parameters.get("ContextEntries", [])}
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": policy.evaluate(role.policies, action, resource, context).value,
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in parameters["ActionNames"]
            for resource in parameters.get("ResourceArns", ["*"])
        ]
        return {"EvaluationResults": results, "IsTruncated": False}


def _not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what} of iam:SimulatePrincipalPolicy.", status=501)
