# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keeper of totals, in front of each store: whatever order readings come in, and wherever a run ends, the totals are the same."""

from __future__ import annotations

import collections.abc as c
import copy
import datetime
import typing as t
import uuid
import zoneinfo

import pytest
from botocore.exceptions import ClientError
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.rollups.keeper import PUNCTUAL, SETTLED, Keeper, Report
from energy_reader.rollups.table import DAY, HOUR, Table
from energy_reader.rollups.totals import Total
from energy_reader.store import Store
from energy_reader.timestream.store import Timestream
from hypothesis import given, settings
from hypothesis import strategies as st

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings
from tests.unit.stack import test_reader_contract as contract
from tests.unit.stack.test_reader_dynamodb import Table as ReadingsInMemory

BERLIN = "Europe/Berlin"
HOUR_MS = 3_600_000
QUARTER_MS = 900_000
MEMBERS = {"mdb": ["mdb#1", "mdb#2"], "plant": ["mdb#1", "mdb#2", "roof#1"]}


def moment(text: str, zone: str = BERLIN) -> int:
    return round(datetime.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp() * 1000)


class Clock:
    """steps: how many times the keeper may ask whether there is time left."""

    def __init__(self, now: int, steps: int = 1_000_000) -> None:
        self._now = now
        self._steps = steps

    def now(self) -> int:
        return self._now

    def left(self) -> float:
        self._steps -= 1
        return 1.0 if self._steps >= 0 else 0.0

    def ends(self) -> int:
        return self._now + 300_000


class InMemory:
    """A client of DynamoDB with the table of totals. faults: the number of the write that fails, counted from 1; 0 for none."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, t.Any]] = {}
        self.fails_at = 0
        self.writes = 0

    def query(self, **asked: t.Any) -> dict[str, t.Any]:
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        first, last = values.get(":first", ""), values.get(":last", "\uffff")
        keys = sorted(key for key in self.items if key[0] == values[":series"] and first <= key[1] <= last)
        return {"Items": [self.items[key] for key in keys[:: 1 if asked["ScanIndexForward"] else -1]][: asked.get("Limit")]}

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, t.Any]]]) -> dict[str, t.Any]:
        self._count()
        (requests,) = RequestItems.values()
        for request in requests:
            if "PutRequest" in request:
                self._put(request["PutRequest"]["Item"])
            else:
                self.items.pop(_key(request["DeleteRequest"]["Key"]), None)
        return {"UnprocessedItems": {}}

    def put_item(self, Item: dict[str, t.Any], **asked: t.Any) -> None:
        """The lease: if there is none, or it is over."""
        there = self.items.get(_key(Item))
        if there is not None and int(there["expires"]["N"]) >= int(asked["ExpressionAttributeValues"][":now"]["N"]):
            _refuse()
        self._put(Item)

    def delete_item(self, Key: dict[str, t.Any], **asked: t.Any) -> None:
        self._count()
        there = self.items.get(_key(Key), {})
        if any(there.get(name[1:]) != value for name, value in asked.get("ExpressionAttributeValues", {}).items()):
            _refuse()
        self.items.pop(_key(Key), None)

    def _put(self, item: dict[str, t.Any]) -> None:
        self.items[_key(item)] = copy.deepcopy(item)

    def _count(self) -> None:
        self.writes += 1
        if self.writes == self.fails_at:
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "power cut"}}, "BatchWriteItem")

    def totals(self) -> dict[tuple[str, str], dict[str, t.Any]]:
        return {key: item for key, item in self.items.items() if key[0].startswith((HOUR, DAY))}

    def late(self, panel: str, meter: str, time: int, arrived: int) -> None:
        """What the topic rule writes for a late reading."""
        entry = f"{panel}#{meter}#{time // HOUR_MS * HOUR_MS}"
        self._put({"series": {"S": "late"}, "entry": {"S": entry}, "arrived": {"N": str(arrived)}})


def _key(item: c.Mapping[str, t.Any]) -> tuple[str, str]:
    return item["series"]["S"], item["entry"]["S"]


def _refuse() -> t.NoReturn:
    raise ClientError({"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}}, "PutItem")


Readings = dict[tuple[str, str, int], dict[str, t.Any]]


def run(
    store: Store | Readings,
    client: t.Any,
    now: int,
    members: c.Mapping[str, c.Sequence[str]] = MEMBERS,
    zone: str = BERLIN,
    steps: int = 1_000_000,
    name: str = "rollups",
) -> Report:
    readings = DynamoDb(ReadingsInMemory(store, most=1000), "readings") if isinstance(store, dict) else store
    return Keeper(readings, Table(client, name, zone), zoneinfo.ZoneInfo(zone), Clock(now, steps), members).run()


def steady(panel: str, meter: str, start: int, hours: float, kw: float, every: int = 60_000, counter: float = 1000.0) -> Readings:
    """A meter that takes so much; its counter rises with it."""
    count = int(hours * HOUR_MS) // every + 1
    return {
        (panel, meter, start + number * every): {"kW": kw, "kWhImport": counter + kw * number * every / HOUR_MS} for number in range(count)
    }


def test_a_day_of_readings_becomes_hours_a_day_and_totals_of_what_belongs_together() -> None:
    start = moment("2026-11-22T00:00")
    readings = {**steady("mdb", "1", start, 24, 6.0), **steady("mdb", "2", start, 24, 2.0), **steady("roof", "1", start, 24, 1.0)}
    client = InMemory()
    report = run(readings, client, moment("2026-11-23T01:00"))
    table = Table(client, "rollups", BERLIN)
    assert (report.meters, report.readings >= len(readings), report.finished, report.busy) == (3, True, True, False)
    for whose, kw in (("mdb#1", 6.0), ("mdb#2", 2.0), ("roof#1", 1.0), ("mdb", 8.0), ("plant", 9.0)):
        hours = table.totals(HOUR, whose, start, start + 24 * HOUR_MS)
        assert list(hours) == [start + number * HOUR_MS for number in range(24)]
        assert {(total.quarters, total.average, total.peak) for total in hours.values()} == {((kw,) * 4, kw, kw)}
        assert [total.kwh_import for total in hours.values()] == pytest.approx([kw] * 24, abs=1e-5)
        (item,) = (item for key, item in client.items.items() if key == (f"Day {BERLIN} {whose}", "2026-11-21T23:00:00.000Z"))
        assert float(item["kWhImport"]["N"]) == pytest.approx(24 * kw, abs=1e-4)
        assert (float(item["kWAverage"]["N"]), float(item["kWPeak"]["N"])) == (kw, kw)
        assert "kWhExport" not in item
    assert not list(table.query(f"due {BERLIN}")) and not list(table.query("lease"))


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_has_all_its_energy(date: str, hours: int) -> None:
    start = moment(f"{date}T00:00")
    client = InMemory()
    run(steady("mdb", "1", start - HOUR_MS, 30, 3.0, 300_000), client, start + 40 * HOUR_MS)
    (day,) = Table(client, "rollups", BERLIN).totals(DAY, "mdb#1", start, start + HOUR_MS).values()
    assert day.kwh_import == pytest.approx(3.0 * hours, abs=1e-4)
    assert len(Table(client, "rollups", BERLIN).totals(HOUR, "mdb#1", start, start + hours * HOUR_MS)) == hours


def test_a_second_run_writes_no_total() -> None:
    readings = steady("mdb", "1", moment("2026-11-22T10:07"), 5, 6.0)
    client, now = InMemory(), moment("2026-11-22T20:00")
    run(readings, client, now)
    before = copy.deepcopy(client.items)
    report = run(readings, client, now + QUARTER_MS)
    assert (client.items, report.hours, report.days, report.readings) == (before, 0, 0, 0)


def test_the_running_hour_and_day_grow() -> None:
    start = moment("2026-11-22T10:00")
    readings, client = steady("mdb", "1", start, 3, 6.0), InMemory()
    seen = []
    for after in (20, 65, 190):
        now = start + after * 60_000
        run({key: value for key, value in readings.items() if key[2] <= now}, client, now)
        (day,) = Table(client, "rollups", BERLIN).totals(DAY, "mdb", moment("2026-11-22T00:00"), now).values()
        seen.append(day.kwh_import)
    # A reading counts a minute after its arrival.
    assert seen == pytest.approx([1.9, 6.4, 18.0], abs=1e-4)


def test_a_reading_that_comes_days_late_changes_its_hour_its_day_and_the_totals_of_its_panel() -> None:
    start, now = moment("2026-11-18T00:00"), moment("2026-11-23T12:00")
    whole = steady("mdb", "1", start, 120, 6.0, 600_000)
    held = {key: value for key, value in whole.items() if moment("2026-11-19T07:00") <= key[2] <= moment("2026-11-20T16:00")}
    for reading in held.values():
        reading["kW"] = 60.0
    expected = InMemory()
    run(whole, expected, now)
    client = InMemory()
    run({key: value for key, value in whole.items() if key not in held}, client, now)
    assert client.totals() != expected.totals()
    for panel, meter, time in held:
        client.late(panel, meter, time, now + 1000)
    assert run(whole, client, now + 1000 + SETTLED // 2).late_hours == 0
    report = run(whole, client, now + 2000 + SETTLED)
    assert report.late_hours == 34 and report.readings < len(whole) / 2
    assert client.totals() == expected.totals()
    assert not [key for key in client.items if key[0] == "late"]


def test_a_late_reading_that_no_rule_has_noted_is_counted_on_the_next_day() -> None:
    start = moment("2026-11-18T00:00")
    whole = steady("mdb", "1", start, 130, 6.0, 600_000)
    late = [key for key in whole if moment("2026-11-19T07:00") <= key[2] <= moment("2026-11-19T08:00")]
    for key in late:
        whole[key]["kW"] = 60.0
    client, expected = InMemory(), InMemory()
    evening, morning = moment("2026-11-22T23:50"), moment("2026-11-23T00:20")
    run({key: value for key, value in whole.items() if key not in late and key[2] < evening}, client, evening)
    there = {key: value for key, value in whole.items() if key[2] < morning}
    run(there, client, morning)
    run(there, expected, morning)
    assert client.totals() == expected.totals()


def test_an_hour_that_another_late_reading_falls_into_meanwhile_is_counted_again() -> None:
    start = moment("2026-11-22T10:00")
    readings, client, now = steady("mdb", "1", start, 3, 6.0), InMemory(), moment("2026-11-22T20:00")
    run(readings, client, now)
    client.late("mdb", "1", start, now)
    (noted,) = Table(client, "rollups", BERLIN).late_hours(now + 1, 10)
    client.late("mdb", "1", start, now + 5)
    Table(client, "rollups", BERLIN).forget_late(noted)
    assert [item["arrived"]["N"] for key, item in client.items.items() if key[0] == "late"] == [str(now + 5)]


def test_a_meter_of_which_only_late_readings_are_known_is_counted_from_its_first_one() -> None:
    start, now = moment("2026-11-10T10:00"), moment("2026-11-22T20:00")
    client = InMemory()
    run(steady("mdb", "1", start, 1, 6.0), client, now)
    readings = {**steady("mdb", "1", start, 1, 6.0), **steady("mdb", "2", start, 2, 4.0)}
    client.late("mdb", "2", start, now)
    run(readings, client, now + 2 * SETTLED)
    (day,) = Table(client, "rollups", BERLIN).totals(DAY, "mdb", start - 24 * HOUR_MS, now).values()
    assert day.kwh_import == pytest.approx(6.0 + 8.0, abs=1e-4)


def test_only_one_run_works_at_a_time_and_none_waits_for_one_that_has_died() -> None:
    readings, client, now = steady("mdb", "1", moment("2026-11-22T10:00"), 1, 6.0), InMemory(), moment("2026-11-22T20:00")
    assert Table(client, "rollups", BERLIN).take_lease("another", now, now + 300_000)
    assert run(readings, client, now) == Report(busy=True)
    assert not client.totals()
    assert not run(readings, client, now + 300_001).busy
    assert client.totals()


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next_one() -> None:
    start, now = moment("2026-11-18T00:00"), moment("2026-11-23T12:00")
    readings = {**steady("mdb", "1", start, 120, 6.0, 600_000), **steady("roof", "1", start, 120, 1.0, 600_000)}
    expected, client = InMemory(), InMemory()
    run(readings, expected, now)
    finished = [run(readings, client, now, steps=4).finished for _number in range(20)]
    assert (finished[0], finished[-1]) == (False, True)
    assert client.totals() == expected.totals()


def test_wherever_a_run_breaks_off_the_next_one_ends_it() -> None:
    start, now = moment("2026-11-21T20:00"), moment("2026-11-23T12:00")
    readings = {**steady("mdb", "1", start, 30, 6.0, 600_000), **steady("mdb", "2", start, 30, 1.0, 600_000)}
    expected = InMemory()
    run(readings, expected, now)
    assert expected.writes > 20
    for number in range(1, expected.writes + 1):
        client = InMemory()
        client.fails_at = number
        with pytest.raises(Exception, match="power cut"):
            run(readings, client, now)
        # Lambda is gone, its lease is not.
        run(readings, client, now + 300_001)
        assert client.totals() == expected.totals(), f"write {number}"
        assert not [key for key in client.items if key[0].startswith("due")]


def test_other_meters_of_a_summary_make_its_whole_history_anew() -> None:
    start, now = moment("2026-11-20T10:00"), moment("2026-11-23T12:00")
    readings = {**steady("mdb", "1", start, 60, 6.0, 600_000), **steady("mdb", "2", start, 30, 1.0, 600_000)}
    expected, client = InMemory(), InMemory()
    run(readings, expected, now, {"mdb": ["mdb#2"]})
    run(readings, client, now, {"mdb": ["mdb#1", "mdb#2"], "gone": ["mdb#1"]})
    run(readings, client, now, {"mdb": ["mdb#2"]})
    shown, wanted = (
        {
            start: (total.kwh_import, total.peak)
            for span in (HOUR, DAY)
            for start, total in Table(one, "rollups", BERLIN).totals(span, "mdb", 0, now).items()
            if not total.is_empty or (span == DAY and total.kwh_import is not None)
        }
        for one in (client, expected)
    )
    assert shown == wanted
    assert list(Table(client, "rollups", BERLIN).summaries()) == ["mdb"]


def test_another_time_zone_begins_anew() -> None:
    start, now = moment("2026-11-20T10:00"), moment("2026-11-23T12:00")
    readings, client, expected = steady("mdb", "1", start, 60, 6.0, 600_000), InMemory(), InMemory()
    run(readings, client, now)
    run(readings, client, now, zone="Asia/Kathmandu")
    run(readings, expected, now, zone="Asia/Kathmandu")
    kept = {key: item for key, item in client.totals().items() if BERLIN not in key[0]}
    assert kept == expected.totals()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from(["kW", "kWhImport", "both"]), st.integers(0, 50), st.integers(0, 4)),
        min_size=1,
        max_size=40,
        unique_by=lambda one: one[0],
    )
)
def test_whenever_readings_arrive_the_totals_are_the_same(arriving: list[tuple[int, str, int, int]]) -> None:
    """arriving: (minutes after the start, what it holds, value, number of the run before which it arrives)."""
    start, now = moment("2026-10-24T22:00"), moment("2026-10-27T12:00")
    readings: Readings = {}
    client = InMemory()
    for number in range(5):
        arrived = now + number * HOUR_MS
        for minutes, what, value, before in arriving:
            if before != number:
                continue
            time = start + minutes * 60_000
            readings["mdb", "1", time] = {name: float(value) for name in ("kW", "kWhImport") if what in (name, "both")}
            if time < arrived - PUNCTUAL:
                client.late("mdb", "1", time, arrived)
        run(readings, client, arrived + SETTLED + 1)
    expected = InMemory()
    run(readings, expected, now + 4 * HOUR_MS + SETTLED + 1)
    assert _values(client) == _values(expected)


def _values(client: InMemory) -> dict[tuple[str, str], dict[str, t.Any]]:
    return {
        key: {name: pytest.approx(float(value["N"]), abs=1e-4) for name, value in item.items() if "N" in value}
        for key, item in client.totals().items()
        if any("N" in value for value in item.values())
    }


# ---- On the local cloud, for each store


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    cloud = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    yield cloud
    cloud.stop()


@pytest.fixture(params=list(contract.STORES))
def kept(cloud: Cloud, request: pytest.FixtureRequest) -> tuple[t.Any, Store, t.Any, str]:
    """Where readings are put, the store that is read, a client of DynamoDB, and the name of a table of totals."""
    name = f"plant_{uuid.uuid4().hex}"
    there = contract.STORES[request.param](cloud, name)
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=f"{name}_rollups",
        KeySchema=[{"AttributeName": "series", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "series", "AttributeType": "S"}, {"AttributeName": "entry", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    store: Store = (
        DynamoDb(dynamodb, name) if request.param == "dynamodb" else Timestream(cloud.client("timestream-query"), name, contract.TABLE)
    )
    return there, store, dynamodb, f"{name}_rollups"


def test_each_store_gives_the_same_totals(kept: tuple[t.Any, Store, t.Any, str], cloud: Cloud) -> None:
    there, store, dynamodb, name = kept
    now = int(cloud.now() * 1000)
    start = now // (24 * HOUR_MS) * 24 * HOUR_MS - 24 * HOUR_MS
    readings = {**steady("mdb", "1", start, 20, 6.0, 600_000), **steady("mdb", "2", start + 7, 20, 2.0, 600_000)}
    for meter in ("1", "2"):
        there.put("mdb", meter, [(time, values) for (_panel, own, time), values in readings.items() if own == meter])
    expected = InMemory()
    run(readings, expected, now, zone="UTC")
    first = run(store, dynamodb, now, zone="UTC", name=name)
    assert first.meters == 2
    table, wanted = Table(dynamodb, name, "UTC"), Table(expected, "rollups", "UTC")
    for whose in ("mdb#1", "mdb#2", "mdb", "plant"):
        for span in (HOUR, DAY):
            found: dict[int, Total] = table.totals(span, whose, start, now)
            assert found and found == wanted.totals(span, whose, start, now)
    assert run(store, dynamodb, now, zone="UTC", name=name).hours == 0
    assert table.take_lease("one", now, now + 1000)
    assert not table.take_lease("other", now, now + 1000)
    assert table.take_lease("other", now + 1001, now + 2000)
