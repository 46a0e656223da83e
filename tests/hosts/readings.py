# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has arrived in a stack's store, for scenarios that ask whether readings were lost.

Run as ``python readings.py STACK SINCE [OUTBOX]``, with AWS's own environment variables. SINCE is in Unix milliseconds; OUTBOX is a
JSON file of rows ``[timestamp in ms, body]`` as a gateway's outbox has held them. Prints
``{"meters": {"<panel>/<meter>": {"readings": 3, "first": ms, "last": ms}}, "missing": [["<panel>/<meter>", ms], ...]}``.
"""

from __future__ import annotations

import json
import operator
import pathlib
import sys
import typing as t

import boto3

Reading = tuple[str, int]


def arrived(client: t.Any, stack: str, since: int) -> list[Reading]:
    """Meter and timestamp of every reading in the store since then, in the order of time. client: of DynamoDB."""
    scan = client.get_paginator("scan").paginate(
        TableName=f"{stack}_energy",
        ConsistentRead=True,
        ProjectionExpression="panelId, meterId, #time",
        FilterExpression="#time >= :since AND attribute_exists(v1)",
        ExpressionAttributeNames={"#time": "time"},
        ExpressionAttributeValues={":since": {"N": str(since)}},
    )
    found = [(f"{item['panelId']['S']}/{item['meterId']['S']}", int(item["time"]["N"])) for page in scan for item in page["Items"]]
    return sorted(found, key=operator.itemgetter(1))


def promised(outbox: t.Any) -> list[Reading]:
    """The readings of an outbox's rows."""
    bodies = [(timestamp, json.loads(body)) for timestamp, body in outbox]
    return [(f"{body['panelId']}/{body['meterId']}", timestamp) for timestamp, body in bodies]


def summary(readings: list[Reading], expected: list[Reading]) -> dict[str, t.Any]:
    """What is printed."""
    meters: dict[str, dict[str, int]] = {}
    for meter, timestamp in readings:
        known = meters.setdefault(meter, {"readings": 0, "first": timestamp, "last": timestamp})
        known["readings"] += 1
        known["last"] = timestamp
    return {"meters": meters, "missing": sorted(set(expected) - set(readings))}


def main() -> None:
    """Print what the arguments ask for."""
    stack, since, *files = sys.argv[1:]
    outbox = [row for name in files for row in json.loads(pathlib.Path(name).read_text())]
    print(json.dumps(summary(arrived(boto3.client("dynamodb"), stack, int(since)), promised(outbox))))


if __name__ == "__main__":
    main()
