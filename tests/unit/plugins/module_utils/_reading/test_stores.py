# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking for marked readings in the stores."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._reading import stores
from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import MarkedReading


def marked(meter: str, time: int = 1_795_400_000_000) -> MarkedReading:
    return MarkedReading("mdb", meter, "mdb", f"meter-{meter}", time, 417.25)


class Table:
    """A client of DynamoDB that answers a few keys of each call."""

    def __init__(self, at_once: int, present: set[str]) -> None:
        self.at_once = at_once
        self.present = present
        self.calls: list[int] = []

    def batch_get_item(self, RequestItems: dict[str, t.Any]) -> dict[str, t.Any]:
        ((name, wanted),) = RequestItems.items()
        keys = wanted["Keys"]
        self.calls.append(len(keys))
        items = [
            {"panelId": {"S": "mdb"}, "meterId": {"S": key["meter"]["S"].split("#")[1]}, "probe": {"N": "417.25"}}
            for key in keys[: self.at_once]
            if key["meter"]["S"] in self.present
        ]
        rest = keys[self.at_once :]
        return {"Responses": {name: items}, "UnprocessedKeys": {name: {"Keys": rest}} if rest else {}}


def test_dynamodb_is_asked_for_a_hundred_keys_at_once_and_again_for_what_it_left() -> None:
    client = Table(60, {f"mdb#{number}" for number in range(0, 150, 2)})
    found = stores.table(lambda service: {"dynamodb": client}[service], None, "energy").stored([marked(str(n)) for n in range(150)])
    assert found == {("mdb", str(number), 417.25) for number in range(0, 150, 2)}
    assert client.calls == [100, 40, 50]


def test_a_reading_without_the_mark_is_not_it() -> None:
    client = Table(60, set())
    client.batch_get_item = lambda RequestItems: {  # type: ignore[method-assign]
        "Responses": {"energy": [{"panelId": {"S": "mdb"}, "meterId": {"S": "5"}, "kW": {"N": "1"}}]}
    }
    assert stores.DynamoDbTable(client, "energy").stored([marked("5")]) == set()
