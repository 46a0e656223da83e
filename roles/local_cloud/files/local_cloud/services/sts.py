# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""STS, as far as roles need it: sessions that the front then enforces."""

from __future__ import annotations

from local_cloud.access import denied
from local_cloud.errors import ApiError
from local_cloud.policy import trusts
from local_cloud.service import Answer, Request, Service

_ONE_HOUR = 3600


class Sts(Service):
    models = ("sts",)

    def get_caller_identity(self, request: Request) -> Answer:
        account = self.cloud.settings.account
        if request.principal is None:
            return {"UserId": account, "Account": account, "Arn": f"arn:aws:iam::{account}:root"}
        _unused, role_name, session_name = request.principal.split("/")
        role = self.cloud.access.role(role_name)
        user = f"{role.role_id if role else 'AROA'}:{session_name}"
        return {"UserId": user, "Account": account, "Arn": request.principal}

    def assume_role(self, request: Request) -> Answer:
        for option in ("Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "ExternalId", "SerialNumber", "TokenCode", "ProvidedContexts"):
            if option in request.parameters:
                raise ApiError("NotImplemented", f"The local cloud does not implement the member {option} of sts:AssumeRole.", status=501)
        arn = request.parameters["RoleArn"]
        account = self.cloud.settings.account
        caller = request.principal or f"arn:aws:iam::{account}:root"
        role = self.cloud.access.role(arn)
        if role is None or not arn.startswith("arn:"):
            raise _access_denied(caller, arn)
        callers = [caller]
        if request.principal is not None:
            session_role = self.cloud.access.role(request.principal.split("/")[1])
            callers += [session_role.arn] if session_role else []
        if not any(trusts(role.trust, "sts:AssumeRole", "AWS", name) for name in callers):
            raise _access_denied(caller, arn)
        self.cloud.authorize(request, "sts:AssumeRole", arn)
        seconds = request.parameters.get("DurationSeconds", _ONE_HOUR)
        session = self.cloud.access.new_session(role.arn, request.parameters["RoleSessionName"], seconds)
        return {
            "Credentials": {
                "AccessKeyId": session.access_key,
                "SecretAccessKey": session.secret_key,
                "SessionToken": session.token,
                "Expiration": session.expires,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"{role.role_id}:{request.parameters['RoleSessionName']}", "Arn": session.principal},
        }


def _access_denied(caller: str, arn: str) -> ApiError:
    failure = denied(caller, "sts:AssumeRole", arn)
    return ApiError("AccessDenied", failure.message.partition(" because ")[0], status=403)
