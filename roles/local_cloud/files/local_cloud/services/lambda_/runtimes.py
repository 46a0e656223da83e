# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runtimes of Lambda, and from when on AWS creates and updates no functions with them.

Source: cfn-lint 1.58.0, ``LmbdRuntimeLifecycle.json``, which follows the runtimes page of the Lambda developer guide.
"""

from __future__ import annotations

import datetime
import typing as t

from local_cloud.errors import ApiError

# runtime -> (creation is blocked from, updates are blocked from); None: not announced
LIFECYCLE: t.Final[dict[str, tuple[str | None, str | None]]] = {
    "dotnet10": ("2028-12-14", "2029-01-15"),
    "dotnet6": ("2027-02-01", "2027-03-03"),
    "dotnet8": ("2027-02-01", "2027-03-03"),
    "dotnet9": (None, None),
    "dotnetcore1.0": ("2019-06-30", "2019-07-30"),
    "dotnetcore2.0": ("2019-04-30", "2019-05-30"),
    "dotnetcore2.1": ("2022-01-05", "2022-04-13"),
    "dotnetcore3.1": ("2023-04-03", "2023-05-03"),
    "go1.x": ("2024-02-08", "2027-03-03"),
    "java11": ("2027-07-31", "2027-08-31"),
    "java17": ("2027-07-31", "2027-08-31"),
    "java21": ("2029-07-31", "2029-08-31"),
    "java25": ("2029-07-31", "2029-08-31"),
    "java8": ("2024-02-08", "2027-03-03"),
    "java8.al2": ("2027-07-31", "2027-08-31"),
    "nodejs": ("2016-09-30", "2016-10-31"),
    "nodejs4.3": ("2020-02-03", "2020-03-05"),
    "nodejs4.3-edge": ("2019-03-31", "2019-04-30"),
    "nodejs6.10": ("2019-07-12", "2019-08-12"),
    "nodejs8.10": ("2020-02-04", "2020-03-06"),
    "nodejs10.x": ("2021-07-30", "2022-02-14"),
    "nodejs12.x": ("2023-03-31", "2023-04-30"),
    "nodejs14.x": ("2024-01-09", "2027-03-03"),
    "nodejs16.x": ("2027-02-01", "2027-03-03"),
    "nodejs18.x": ("2027-02-01", "2027-03-03"),
    "nodejs20.x": ("2027-02-01", "2027-03-03"),
    "nodejs22.x": ("2027-06-01", "2027-07-01"),
    "nodejs24.x": ("2028-06-01", "2028-07-01"),
    "provided": ("2024-02-08", "2027-03-03"),
    "provided.al2": ("2027-02-01", "2027-03-03"),
    "provided.al2023": ("2029-07-31", "2029-08-31"),
    "python2.7": ("2021-07-15", "2022-05-30"),
    "python3.6": ("2022-07-18", "2022-08-29"),
    "python3.7": ("2024-01-09", "2027-03-03"),
    "python3.8": ("2027-02-01", "2027-03-03"),
    "python3.9": ("2027-02-01", "2027-03-03"),
    "python3.10": ("2027-02-01", "2027-03-03"),
    "python3.11": ("2027-07-31", "2027-08-31"),
    "python3.12": ("2028-11-30", "2029-01-10"),
    "python3.13": ("2029-07-31", "2029-08-31"),
    "python3.14": ("2029-07-31", "2029-08-31"),
    "ruby2.5": ("2021-07-30", "2022-03-31"),
    "ruby2.7": ("2024-01-09", "2027-03-03"),
    "ruby3.2": ("2027-02-01", "2027-03-03"),
    "ruby3.3": ("2027-04-30", "2027-05-31"),
    "ruby3.4": ("2028-04-30", "2028-05-31"),
    "ruby4.0": ("2029-04-30", "2029-05-31"),
}


def check(runtime: str, now: float, *, current: str | None = None) -> None:
    """Raises ApiError unless a function may be created with the runtime, or updated if ``current`` is its runtime already.

    now: epoch seconds.
    """
    create_block, update_block = LIFECYCLE.get(runtime, (None, None))
    blocked_from = update_block if runtime == current else create_block
    today = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).date().isoformat()
    if blocked_from is not None and blocked_from <= today:
        raise ApiError(
            "InvalidParameterValueException",
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions.",
        )
    if not runtime.startswith("python"):
        raise ApiError("NotImplemented", f"The local cloud runs Python functions only, not the runtime {runtime}.", status=501)
