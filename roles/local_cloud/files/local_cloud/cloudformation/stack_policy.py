# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stack policies: which resources an update may touch.

Source: "Prevent updates to stack resources" in the CloudFormation user guide: without a policy all may be updated; with one,
only what it allows.
"""

from __future__ import annotations

import json
import typing as t

from local_cloud import policy
from local_cloud.cloudformation.errors import constraint, invalid

MAX_BYTES = 16_384


def check(text: str) -> str:
    """The policy, if it is one."""
    if len(text.encode()) > MAX_BYTES:
        raise constraint(text[:200], "stackPolicyBody", f"have length less than or equal to {MAX_BYTES}")
    try:
        document = json.loads(text)
    except ValueError:
        raise invalid("Error validating stack policy: Invalid stack policy: it is not JSON") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(statements, list) or not all(
        isinstance(item, dict) and item.get("Effect") in ("Allow", "Deny") for item in statements
    ):
        raise invalid('Error validating stack policy: Invalid stack policy: it needs a "Statement" list whose members have an "Effect"')
    return text


def refusal(text: str | None, action: str, logical_id: str, resource_type: str) -> str | None:
    """Why a policy does not let the update do ``action`` (Modify, Replace or Delete) to a resource; None if it does."""
    if text is None:
        return None
    document: dict[str, t.Any] = json.loads(text)
    resource = f"LogicalResourceId/{logical_id}"
    context = {"ResourceType": resource_type}
    decision = policy.evaluate([document], f"Update:{action}", resource, context)
    if decision:
        return None
    if decision is policy.Decision.DENIED:
        for number, statement in enumerate(policy.statements(document), start=1):
            if policy.evaluate([{"Statement": [statement]}], f"Update:{action}", resource, context) is policy.Decision.DENIED:
                return f"Action denied by stack policy: Statement [#{number}] does not allow [Update:{action}] for resource [{resource}]"
    return f"Action not allowed by stack policy: no statement allows [Update:{action}] for resource [{resource}]"
