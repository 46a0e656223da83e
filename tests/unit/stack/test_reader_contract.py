# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data connector's contract, the same for every store of the local cloud."""

from __future__ import annotations

import collections.abc as c
import itertools
import json
import tracemalloc
import typing as t
import uuid

import pytest
from energy_reader import store as store_room
from energy_reader import times
from energy_reader.dynamodb.store import DynamoDb
from energy_reader.errors import ReaderError
from energy_reader.reader import Reader
from energy_reader.request import parse
from energy_reader.timestream.store import Timestream

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings

TABLE = "plant_energy"
HOUR = 3_600_000
EVIL = "5' OR '1'='1"


class Store(t.Protocol):
    """A store for readings, new and empty."""

    def reader(self) -> Reader:
        """As Lambda makes one now and then: it knows nothing of the store yet."""
        ...

    def put(self, panel: str, meter: str, readings: c.Iterable[tuple[int, dict[str, float]]], kind: str = "DOUBLE") -> None:
        """readings: (Unix milliseconds, values)."""
        ...


class InTimestream:
    def __init__(self, cloud: Cloud, name: str) -> None:
        self._database = name
        self._query = cloud.client("timestream-query")
        self._write = cloud.client("timestream-write")
        self._write.create_database(DatabaseName=self._database)
        self._write.create_table(
            DatabaseName=self._database,
            TableName=TABLE,
            RetentionProperties={"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": 3650},
            MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
        )

    def reader(self) -> Reader:
        return Reader(Timestream(self._query, self._database, TABLE))

    def put(self, panel: str, meter: str, readings: c.Iterable[tuple[int, dict[str, float]]], kind: str = "DOUBLE") -> None:
        records = [
            {"MeasureName": name, "MeasureValue": str(value), "MeasureValueType": kind, "Time": str(moment)}
            for moment, values in readings
            for name, value in values.items()
        ]
        dimensions = [{"Name": "panelId", "Value": panel}, {"Name": "meterId", "Value": meter}]
        for begin in range(0, len(records), 100):
            self._write.write_records(
                DatabaseName=self._database,
                TableName=TABLE,
                CommonAttributes={"Dimensions": dimensions},
                Records=records[begin : begin + 100],
            )


class InDynamoDb:
    def __init__(self, cloud: Cloud, name: str) -> None:
        self._name = name
        self._client = cloud.client("dynamodb")
        self._client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "time", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}, {"AttributeName": "time", "AttributeType": "N"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def reader(self) -> Reader:
        return Reader(DynamoDb(self._client, self._name))

    def put(self, panel: str, meter: str, readings: c.Iterable[tuple[int, dict[str, float]]], kind: str = "DOUBLE") -> None:
        names = {"meter": {"S": f"{panel}#{meter}"}, "panelId": {"S": panel}, "meterId": {"S": meter}}
        items = [
            {**names, "time": {"N": str(moment)}, **{name: {"N": str(value)} for name, value in values.items()}}
            for moment, values in readings
        ]
        for begin in range(0, len(items), 25):
            requests = [{"PutRequest": {"Item": item}} for item in items[begin : begin + 25]]
            assert not self._client.batch_write_item(RequestItems={self._name: requests})["UnprocessedItems"]


STORES: dict[str, c.Callable[[Cloud, str], Store]] = {"timestream": InTimestream, "dynamodb": InDynamoDb}


class Plant:
    """A store with readings, and the reader in front of it."""

    def __init__(self, store: Store, now: float) -> None:
        self._store = store
        self.start = int(now * 1000) // HOUR * HOUR - 24 * HOUR
        self.restart_reader()

    def restart_reader(self) -> None:
        self.reader = self._store.reader()

    def store(self, panel: str, meter: str, readings: c.Iterable[tuple[int, dict[str, float]]], kind: str = "DOUBLE") -> None:
        """readings: (milliseconds after the start, values)."""
        self._store.put(panel, meter, [(self.start + after, values) for after, values in readings], kind)

    def time(self, after: int) -> str:
        return times.written((self.start + after) * 1_000_000)

    def event(self, meter: str | None = "5", start: int = 0, end: int = HOUR, panel: str = "mdb", **changes: t.Any) -> dict[str, t.Any]:
        """What IoT TwinMaker sends; meter None asks by component type."""
        entity = {"entityId": panel, "componentName": f"meter-{meter}"} if meter else {}
        string = {"definition": {"dataType": {"type": "STRING"}, "isTimeSeries": False, "isExternalId": True}}
        values = {name: {"value": {"stringValue": value}} if meter else {} for name, value in (("panelId", panel), ("meterId", meter))}
        return {
            "workspaceId": "plant_workspace",
            **entity,
            "componentTypeId": "com.example.energymeter",
            "selectedProperties": ["kW"],
            "startTime": self.time(start),
            "endTime": self.time(end),
            "properties": {name: {**string, **value} for name, value in values.items()},
            **changes,
        }

    def pages(self, event: dict[str, t.Any]) -> c.Iterator[dict[str, t.Any]]:
        token = None
        while True:
            # As it comes out of Lambda.
            answer = json.loads(json.dumps(self.reader.answer(json.loads(json.dumps({**event, "nextToken": token})))))
            yield answer
            token = answer["nextToken"]
            if token is None:
                return

    def values(self, event: dict[str, t.Any]) -> dict[str, list[tuple[int, float]]]:
        """property -> (milliseconds after the start, value), all pages; by component type ``panel/meter/property``."""
        found: dict[str, list[tuple[int, float]]] = {}
        for answer in self.pages(event):
            for entry in answer["propertyValues"]:
                reference = entry["entityPropertyReference"]
                external = reference.get("externalIdProperty")
                prefix = f"{external['panelId']}/{external['meterId']}/" if external else ""
                found.setdefault(prefix + reference["propertyName"], []).extend(
                    (times.parse(value["time"]) // 1_000_000 - self.start, value["value"]["doubleValue"]) for value in entry["values"]
                )
        return found


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    cloud = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    yield cloud
    cloud.stop()


@pytest.fixture(params=list(STORES))
def plant(cloud: Cloud, request: pytest.FixtureRequest) -> Plant:
    """A store of its own for every test, of each kind."""
    return Plant(STORES[request.param](cloud, f"plant_{uuid.uuid4().hex}"), cloud.now())


def minutes(count: int, **properties: float) -> list[tuple[int, dict[str, float]]]:
    """A reading a minute, seven milliseconds past; each value grows by its step."""
    return [(minute * 60_000 + 7, {name: minute * step for name, step in properties.items()}) for minute in range(count)]


def test_a_store_without_readings_gives_an_empty_history(plant: Plant) -> None:
    assert plant.reader.answer(plant.event()) == {"propertyValues": [], "nextToken": None}
    assert plant.reader.answer(plant.event(meter=None)) == {"propertyValues": [], "nextToken": None}


def test_an_answer_has_the_documented_form(plant: Plant) -> None:
    plant.store("mdb", "5", [(123, {"kW": 1.5, "v1": 230.0})])
    answer = plant.reader.answer(plant.event(selectedProperties=["v1", "kW"]))
    time = plant.time(123)
    assert answer == {
        "propertyValues": [
            {
                "entityPropertyReference": {"entityId": "mdb", "componentName": "meter-5", "propertyName": name},
                "values": [{"time": time, "value": {"doubleValue": value}}],
            }
            for name, value in (("v1", 230.0), ("kW", 1.5))
        ],
        "nextToken": None,
    }
    assert time.endswith(".123Z")


def test_only_the_components_own_meter_is_read(plant: Plant) -> None:
    plant.store("mdb", "5", [(0, {"kW": 1})])
    plant.store("mdb", "6", [(0, {"kW": 2})])
    plant.store("other", "5", [(0, {"kW": 3})])
    assert plant.values(plant.event()) == {"kW": [(0, 1.0)]}


def test_both_ends_of_the_range_belong_to_it(plant: Plant) -> None:
    plant.store("mdb", "5", [(after, {"kW": after}) for after in (999, 1000, 2000, 2001)])
    assert plant.values(plant.event(start=1000, end=2000)) == {"kW": [(1000, 1000.0), (2000, 2000.0)]}


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("size", [1, 7, 24, 25])
def test_pages_never_repeat_and_never_skip(plant: Plant, order: str, size: int) -> None:
    plant.store("mdb", "5", minutes(24, kW=1.0, v1=2.0))
    event = plant.event(selectedProperties=["kW", "v1"], orderByTime=order, maxResults=size)
    expected = [(minute * 60_000 + 7, float(minute)) for minute in range(24)][:: 1 if order == "ASCENDING" else -1]
    assert plant.values(event) == {"kW": expected, "v1": [(time, value * 2) for time, value in expected]}
    lengths = [len(entry["values"]) for answer in plant.pages(event) for entry in answer["propertyValues"]]
    assert max(lengths) <= size


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_pages_go_on_over_gaps_and_changes_of_pace(plant: Plant, order: str) -> None:
    afters = [*range(20), *range(1000, 400_000, 40_000), *range(3_000_000, 3_000_040), 3_599_999]
    plant.store("mdb", "5", [(after, {"kW": float(after)}) for after in afters])
    found = plant.values(plant.event(orderByTime=order, maxResults=6))
    assert found == {"kW": [(after, float(after)) for after in afters][:: 1 if order == "ASCENDING" else -1]}


def test_readings_that_arrive_between_pages_neither_shift_nor_repeat_others(plant: Plant) -> None:
    plant.store("mdb", "5", minutes(20, kW=1.0))
    pages = plant.pages(plant.event(maxResults=10))
    first = next(pages)
    plant.store("mdb", "5", [(-after, {"kW": -1.0}) for after in range(1, 5)] + [(1, {"kW": -1.0}), (15 * 60_000, {"kW": -2.0})])
    later = list(pages)
    values = [value["value"]["doubleValue"] for answer in (first, *later) for value in answer["propertyValues"][0]["values"]]
    assert values == [*map(float, range(15)), -2.0, *map(float, range(15, 20))]


def test_a_token_of_another_request_is_refused(plant: Plant) -> None:
    plant.store("mdb", "5", minutes(3, kW=1.0))
    token = plant.reader.answer(plant.event(maxResults=1))["nextToken"]
    with pytest.raises(ReaderError, match="belongs to another request"):
        plant.reader.answer(plant.event(maxResults=1, end=HOUR - 1, nextToken=token))


def test_properties_that_are_missing_now_and_then_are_left_out(plant: Plant) -> None:
    plant.store(
        "mdb", "5", [(minute * 60_000, {"kW": minute, **({"kWhImport": 100 + minute} if minute % 5 == 0 else {})}) for minute in range(12)]
    )
    found = plant.values(plant.event(selectedProperties=["kW", "kWhImport", "pf"], maxResults=4))
    assert [value for _time, value in found["kW"]] == list(map(float, range(12)))
    assert found["kWhImport"] == [(0, 100.0), (300_000, 105.0), (600_000, 110.0)]
    assert "pf" not in found


@pytest.mark.parametrize("plant", ["timestream"], indirect=True)
def test_whole_numbers_of_the_original_rule_are_read_too(plant: Plant) -> None:
    plant.store("mdb", "5", [(0, {"i1": 3})], kind="BIGINT")
    assert plant.values(plant.event(selectedProperties=["i1"])) == {"i1": [(0, 3.0)]}
    plant.store("mdb", "5", [(0, {"kW": 1.5})])
    plant.restart_reader()
    assert plant.values(plant.event(selectedProperties=["i1", "kW"])) == {"i1": [(0, 3.0)], "kW": [(0, 1.5)]}


@pytest.mark.parametrize("meter", [EVIL, "5''", 'a"b', "5; SELECT 1", "--", "ü\\"])
def test_a_meter_id_is_data_whatever_it_holds(plant: Plant, meter: str) -> None:
    plant.store("mdb", "5", [(0, {"kW": 1})])
    assert plant.values(plant.event(meter=meter)) == {}
    plant.store("mdb", meter, [(0, {"kW": 2})])
    assert plant.values(plant.event(meter=meter)) == {"kW": [(0, 2.0)]}
    assert plant.values(plant.event(selectedProperties=[meter])) == {}


def test_the_component_type_gives_every_meter_by_its_external_ids(plant: Plant) -> None:
    for panel, meter in itertools.product(("a", "b"), ("1", EVIL)):
        plant.store(panel, meter, minutes(5, kW=1.0))
    for order in ("ASCENDING", "DESCENDING"):
        found = plant.values(plant.event(meter=None, maxResults=3, orderByTime=order))
        assert sorted(found) == sorted(f"{panel}/{meter}/kW" for panel in "ab" for meter in ("1", EVIL))
        expected = [(minute * 60_000 + 7, float(minute)) for minute in range(5)][:: 1 if order == "ASCENDING" else -1]
        assert all(values == expected for values in found.values())


@pytest.mark.parametrize(
    ("operator", "kept"), [("=", [2]), ("!=", [0, 1, 3, 4]), ("<", [0, 1]), ("<=", [0, 1, 2]), (">", [3, 4]), (">=", [2, 3, 4])]
)
def test_a_filter_on_a_measured_property_keeps_the_readings_for_which_it_holds(plant: Plant, operator: str, kept: list[int]) -> None:
    plant.store("mdb", "5", [*((minute, {"kW": minute, "v1": minute * 10.0}) for minute in range(5)), (9, {"v1": 7.0})])
    condition = {"propertyName": "kW", "operator": operator, "value": {"doubleValue": 2.0}}
    found = plant.values(plant.event(selectedProperties=["v1"], propertyFilters=[condition], maxResults=2))
    assert found == {"v1": [(minute, minute * 10.0) for minute in kept]}


def test_filters_on_identifiers_choose_meters(plant: Plant) -> None:
    for panel, meter in itertools.product(("a", "b"), ("1", "2")):
        plant.store(panel, meter, [(0, {"kW": 1})])
    conditions = [
        {"propertyName": "panelId", "operator": "=", "value": {"stringValue": "b"}},
        {"propertyName": "meterId", "operator": "!=", "value": {"stringValue": "1"}},
    ]
    assert list(plant.values(plant.event(meter=None, propertyFilters=conditions))) == ["b/2/kW"]
    evil = [{"propertyName": "panelId", "operator": "=", "value": {"stringValue": "b' OR 'a'='a"}}]
    assert plant.values(plant.event(meter=None, propertyFilters=evil)) == {}


WEEK = 168 * HOUR


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("size", [50, 200])
@pytest.mark.parametrize("meter", ["5", None])
def test_of_a_long_range_every_peak_is_kept_and_no_counter_is_averaged(plant: Plant, order: str, size: int, meter: str | None) -> None:
    readings = [
        (number * 150_000 + 7 - 36 * HOUR, {"kW": float(number * 7919 % 1009), "kWhImport": number * 0.25}) for number in range(1152)
    ]
    plant.store("mdb", "5", readings)
    event = plant.event(meter=meter, start=-WEEK, end=20 * HOUR, selectedProperties=["kW", "kWhImport"], orderByTime=order, maxResults=size)
    request = parse(event)
    assert request.thinned is not None
    expected: dict[str, list[tuple[int, float]]] = {}
    for name in ("kW", "kWhImport"):
        slots: dict[int, list[tuple[int, float]]] = {}
        for after, values in readings:
            slots.setdefault((plant.start + after) * times.MILLISECOND // request.thinned, []).append((after, values[name]))
        kept = {
            point
            for points in slots.values()
            for point in (points[0], points[-1], min(points, key=lambda one: one[1]), max(points, key=lambda one: one[1]))
        }
        prefix = "" if meter else "mdb/5/"
        expected[prefix + name] = sorted(kept, reverse=order == "DESCENDING")
    pages = list(plant.pages(event))
    assert plant.values(event) == expected
    assert len(expected[next(iter(expected))]) < len(readings) * 0.7
    assert max(len(entry["values"]) for answer in pages for entry in answer["propertyValues"]) <= size


def test_a_long_range_with_few_readings_loses_none(plant: Plant) -> None:
    readings = [(number * 6 * HOUR - WEEK, {"kW": 5.0}) for number in range(28)]
    plant.store("mdb", "5", readings)
    found = plant.values(plant.event(start=-WEEK))
    assert found == {"kW": [(after, 5.0) for after, _values in readings]}


def test_who_asks_for_few_values_at_a_time_or_filters_them_gets_all(plant: Plant) -> None:
    plant.store("mdb", "5", minutes(60, kW=1.0))
    everything = {"kW": [(minute * 60_000 + 7, float(minute)) for minute in range(60)]}
    condition = {"propertyName": "kW", "operator": ">=", "value": {"doubleValue": 0.0}}
    assert plant.values(plant.event(start=-WEEK, maxResults=49)) == everything
    assert plant.values(plant.event(start=-WEEK, propertyFilters=[condition])) == everything
    assert plant.values(plant.event(start=-46 * HOUR)) == everything
    assert plant.values(plant.event(start=-WEEK))["kW"] != everything["kW"]


LINEAR = {"interpolationType": "LINEAR", "intervalInSeconds": 60}


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
@pytest.mark.parametrize("size", [2, 200])
def test_interpolation_gives_values_at_whole_intervals_between_readings(plant: Plant, order: str, size: int) -> None:
    # From half a minute on, with a gap of ten minutes, and many readings within one minute.
    readings = [
        (30_000, 0.5),
        (90_000, 1.5),
        (690_000, 11.5),
        *((720_000 + second * 1000, 12 + second / 60) for second in range(1, 59)),
        (830_000, 830 / 60),
    ]
    plant.store("mdb", "5", [(after, {"kW": value}) for after, value in readings])
    found = plant.values(plant.event(interpolation=LINEAR, orderByTime=order, maxResults=size))
    expected = [minute * 60_000 for minute in range(1, 14)][:: 1 if order == "ASCENDING" else -1]
    assert list(found) == ["kW"]
    assert [moment for moment, _value in found["kW"]] == expected
    assert [value for _moment, value in found["kW"]] == pytest.approx([moment / 60_000 for moment in expected])


def test_interpolation_serves_the_component_type_within_an_answers_size(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_room, "VALUES_PER_ANSWER", 20)
    for meter in "123":
        plant.store("mdb", meter, [(0, {"kW": 0.0, "v1": 1.0}), (HOUR, {"kW": 60.0, "v1": 1.0})])
    event = plant.event(meter=None, selectedProperties=["kW", "v1"], interpolation=LINEAR)
    found = plant.values(event)
    assert {series: len(values) for series, values in found.items()} == {
        f"mdb/{meter}/{name}": 61 for meter in "123" for name in ("kW", "v1")
    }
    assert [value for _moment, value in found["mdb/2/kW"]] == pytest.approx(list(range(61)))
    assert max(sum(len(entry["values"]) for entry in answer["propertyValues"]) for answer in plant.pages(event)) <= 20


def test_a_long_history_takes_no_more_memory_than_a_page(plant: Plant) -> None:
    plant.store("mdb", "5", minutes(1440, kW=1.0))
    plant.reader.answer(plant.event())

    def peak(event: dict[str, t.Any]) -> int:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        plant.reader.answer(event)
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        hour, day = (peak(plant.event(end=hours * HOUR, maxResults=50)) for hours in (1, 24))
        sparse = peak(plant.event(end=24 * HOUR, interpolation={"interpolationType": "LINEAR", "intervalInSeconds": 3600}))
    finally:
        tracemalloc.stop()
    assert day < 1.5 * hour
    # Some questions are asked at the same time.
    assert sparse < 4 * hour
