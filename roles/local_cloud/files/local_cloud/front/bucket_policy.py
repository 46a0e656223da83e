# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bucket policies with their conditions: moto's own evaluation knows none, so "deny what comes without TLS" would deny everything."""

from __future__ import annotations

import json
import typing as t

from local_cloud import policy

# The loopback stands for a connection that AWS would see over TLS.
_CONTEXT = {"aws:SecureTransport": True}
_EVERYBODY: tuple[t.Any, ...] = ("*", {"AWS": "*"}, {"AWS": ["*"]})


def decide(document: str, action: str, resource: str) -> policy.Decision:
    """What a bucket's policy says of a call, by its statements for everybody."""
    parsed = json.loads(document)
    everybody = [statement for statement in policy.statements(parsed) if statement.get("Principal") in _EVERYBODY]
    return policy.evaluate([{**parsed, "Statement": everybody}], action, resource, _CONTEXT)


def install() -> None:
    """Let moto's buckets decide so."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    results = {
        policy.Decision.ALLOWED: PermissionResult.PERMITTED,
        policy.Decision.DENIED: PermissionResult.DENIED,
        policy.Decision.NOT_ALLOWED: PermissionResult.NEUTRAL,
    }

    def get_permission(bucket: t.Any, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL if bucket.policy is None else results[decide(bucket.policy.decode(), action, resource)]

    FakeBucket.get_permission = get_permission  # type: ignore[assignment, method-assign]
