# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is told of a stack's alarms (pure)."""

from __future__ import annotations

import collections.abc as c
import hashlib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import shown

# The longest period that CloudWatch lets an alarm look at, with periods of a minute.
MOST_MINUTES = 1440
_ADDRESS = re.compile(r"[^@\s\"'(),:;<>\[\\\]]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST_ADDRESS = 254


def alarm_faults(emails: t.Any, no_readings_minutes: t.Any = 0) -> list[str]:
    """Everything that is wrong with the options of the alarms, a sentence each."""
    faults = []
    known = set()
    for number, email in enumerate(emails):
        where = f"stack_alarm_emails[{number}]"
        if not _ADDRESS.fullmatch(str(email)) or len(str(email)) > _LONGEST_ADDRESS:
            faults.append(f"{where}: {shown(email)} is no e-mail address; write it as name@example.com.")
        elif str(email).lower() in known:
            faults.append(f"{where}: {shown(email)} is in the list already; name each address once.")
        known.add(str(email).lower())
    if not 0 <= int(no_readings_minutes) <= MOST_MINUTES:
        faults.append(
            f"stack_no_readings_minutes: {shown(no_readings_minutes)} is out of range; use 1 to {MOST_MINUTES}, or 0 for no such alarm."
        )
    return faults


def alarm_subscriptions(emails: c.Sequence[str]) -> dict[str, dict[str, t.Any]]:
    """A subscription for each address, by logical id; the id follows from the address alone, so that no address moves another."""
    return {f"AlarmEmail{hashlib.sha256(email.lower().encode()).hexdigest()[:12]}": _subscription(email) for email in emails}


def _subscription(email: str) -> dict[str, t.Any]:
    return {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Ref": "AlarmTopic"}, "Protocol": "email", "Endpoint": email}}
