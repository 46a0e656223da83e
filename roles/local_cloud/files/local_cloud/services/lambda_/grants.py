# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of functions: which services and accounts may invoke them."""

from __future__ import annotations

import json
import re
import typing as t

from local_cloud import policy
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.lambda_.room import Room
from local_cloud.store import Record


class Grants(Room):
    def permits(self, arn: str, service_principal: str, source_arn: str) -> bool:
        """Whether the function's own policy lets e.g. ``iot.amazonaws.com`` invoke it for the resource ``source_arn``."""
        record = self._find(arn)
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": self.cloud.settings.account}
        return bool(policy.trusts(_policy(record), "lambda:InvokeFunction", "Service", service_principal, context))

    def add_permission(self, request: Request) -> Answer:
        record = self._authorized(request, "AddPermission")
        statement = _statement(request.parameters, record["FunctionArn"])

        def add(current: Record) -> Record:
            if statement["Sid"] in current["Statements"]:
                message = f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or remove the existing statement."
                raise ApiError("ResourceConflictException", message)
            return {**current, "Statements": {**current["Statements"], statement["Sid"]: statement}}

        self._change(record["FunctionArn"], add)
        return {"Statement": json.dumps(statement, separators=(",", ":"))}

    def remove_permission(self, request: Request) -> Answer:
        record = self._authorized(request, "RemovePermission")
        sid = request.parameters["StatementId"]

        def remove(current: Record) -> Record:
            if sid not in current["Statements"]:
                raise ApiError("ResourceNotFoundException", f"Statement {sid} is not found in resource policy.")
            return {**current, "Statements": {key: value for key, value in current["Statements"].items() if key != sid}}

        self._change(record["FunctionArn"], remove)
        return {}

    def get_policy(self, request: Request) -> Answer:
        record = self._authorized(request, "GetPolicy")
        if not record["Statements"]:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.")
        return {"Policy": json.dumps(_policy(record), separators=(",", ":")), "RevisionId": record["RevisionId"]}


def _policy(record: Record) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(record["Statements"].values())}


def _statement(parameters: dict[str, t.Any], arn: str) -> dict[str, t.Any]:
    principal = parameters["Principal"]
    statement: dict[str, t.Any] = {
        "Sid": parameters["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(principal),
        "Action": parameters["Action"],
        "Resource": arn,
    }
    conditions = {
        "ArnLike": {"AWS:SourceArn": parameters.get("SourceArn")},
        "StringEquals": {
            "AWS:SourceAccount": parameters.get("SourceAccount"),
            "aws:PrincipalOrgID": parameters.get("PrincipalOrgID"),
            "lambda:EventSourceToken": parameters.get("EventSourceToken"),
        },
    }
    condition = {
        operator: {key: value for key, value in entries.items() if value is not None}
        for operator, entries in conditions.items()
        if any(value is not None for value in entries.values())
    }
    return {**statement, "Condition": condition} if condition else statement


def _principal(principal: str) -> t.Any:
    if principal == "*":
        return "*"
    if re.fullmatch(r"\d{12}", principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"AWS": principal} if principal.startswith("arn:") else {"Service": principal}
