# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reading_migration against the local cloud: everything arrives, exactly, once, whatever happens on the way."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import threading
import time
import typing as t

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.awsrequest import AWSResponse

from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import BUCKET, Hooks, furnished, hooked
from tests.unit.plugins.modules.conftest import Killed

DAY = 86_400_000
RETENTION = 30
TABLE, DATABASE = "plant_energy", "plant_db"
OTHER = {"dynamodb": "timestream", "timestream": "dynamodb"}
Meter = tuple[str, str]
# Readings of a store: values by meter and time.
Content = dict[tuple[str, str, int], dict[str, float]]
Result = dict[str, t.Any]


@dataclasses.dataclass
class Plant:
    """A site's two tables, as role stack makes them, and the module."""

    cloud: Cloud
    run: c.Callable[..., Result]
    hooks: Hooks
    today: int

    def migrate(self, source: str, check: bool = False, **options: t.Any) -> Result:
        tables = {"dynamodb_table": TABLE, "timestream_database": DATABASE, "timestream_table": TABLE}
        given = {"retention_days": RETENTION, "record_bucket": BUCKET, "timeout": 20, **options}
        return self.run("reading_migration", check=check, source=source, **tables, **given)

    def put(self, store: str, content: Content) -> None:
        """As the topic rules write them."""
        if store == "dynamodb":
            client = self.cloud.client("dynamodb")
            for (panel, meter, moment), values in content.items():
                client.put_item(
                    TableName=TABLE,
                    Item={
                        "meter": {"S": f"{panel}#{meter}"},
                        "time": {"N": str(moment)},
                        "expires": {"N": str(moment // 1000 + RETENTION * 86400)},
                        "panelId": {"S": panel},
                        "meterId": {"S": meter},
                        **{name: {"N": repr(value)} for name, value in values.items()},
                    },
                )
            return
        for (panel, meter, moment), values in content.items():
            self.record(panel, meter, moment, [{"MeasureName": name, "MeasureValue": repr(value)} for name, value in values.items()])

    def record(self, panel: str, meter: str, moment: int, records: list[dict[str, t.Any]], **common: t.Any) -> None:
        dimensions = [{"Name": "panelId", "Value": panel}, {"Name": "meterId", "Value": meter}]
        self.cloud.client("timestream-write").write_records(
            DatabaseName=DATABASE,
            TableName=TABLE,
            CommonAttributes={"Dimensions": dimensions, "Time": str(moment), "MeasureValueType": "DOUBLE", **common},
            Records=records,
        )

    def content(self, store: str) -> Content:
        """What a store holds, read in another way than the module does."""
        found: Content = {}
        if store == "dynamodb":
            for page in self.cloud.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE):
                for item in page["Items"]:
                    values = {name: float(value["N"]) for name, value in item.items() if "N" in value and name not in ("time", "expires")}
                    found[item["panelId"]["S"], item["meterId"]["S"], int(item["time"]["N"])] = values
            return found
        # An empty table has no columns.
        client = self.cloud.client("timestream-query")
        if len(client.query(QueryString=f'SELECT * FROM "{DATABASE}"."{TABLE}" LIMIT 1')["ColumnInfo"]) < 4:
            return {}
        sql = f'SELECT panelId, meterId, to_milliseconds(time), measure_name, measure_value::double FROM "{DATABASE}"."{TABLE}"'
        for page in client.get_paginator("query").paginate(QueryString=sql):
            for row in page["Rows"]:
                panel, meter, moment, name, value = (cell["ScalarValue"] for cell in row["Data"])
                found.setdefault((panel, meter, int(moment)), {})[name] = float(value)
        return found

    def at(self, days_ago: int, milliseconds: int = 0) -> int:
        """A time of a day before today."""
        return (self.today - days_ago) * DAY + milliseconds


@pytest.fixture
def plant(
    tmp_path: pathlib.Path, run: c.Callable[..., Result], session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> c.Iterator[Plant]:
    with furnished(tmp_path / "cloud") as cloud:
        hooks = Hooks()
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **_options: hooked(session, cloud, service, hooks))
        make_dynamodb(cloud)
        cloud.client("timestream-write").create_database(DatabaseName=DATABASE)
        cloud.client("timestream-write").create_table(
            DatabaseName=DATABASE,
            TableName=TABLE,
            RetentionProperties={"MemoryStoreRetentionPeriodInHours": 1, "MagneticStoreRetentionPeriodInDays": RETENTION},
            MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True},
        )
        yield Plant(cloud, run, hooks, int(time.time() * 1000) // DAY)


def make_dynamodb(cloud: Cloud) -> None:
    cloud.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "meter", "KeyType": "HASH"}, {"AttributeName": "time", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "meter", "AttributeType": "S"}, {"AttributeName": "time", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )


def history(plant: Plant, meters: c.Sequence[Meter] = (("mdb", "5"), ("mdb", "6'; --"), ("dach ö", "5"))) -> Content:
    """Some days of some meters, with a gap of days, values that no short decimal expresses, and readings at the edges of days."""
    content: Content = {}
    for number, (panel, meter) in enumerate(meters):
        for days_ago in (20, 19, 5, 1):
            for moment in (0, 1, 40_000_000 + number, DAY - 1):
                content[panel, meter, plant.at(days_ago, moment)] = {
                    "v1": 230.1 + moment / 3,
                    "kW": -0.1 - number / 7,
                    "kWhImport": 123456789.123456 + days_ago,
                }
        content[panel, meter, plant.at(20, 77)] = {"probe": 1e-7}
    return content


def both_ways(function: t.Any) -> t.Any:
    return pytest.mark.parametrize("source", ["timestream", "dynamodb"])(function)


@both_ways
def test_every_reading_arrives_exactly_and_a_second_run_does_nothing(plant: Plant, source: str) -> None:
    content = history(plant)
    plant.put(source, content)

    foretold = plant.migrate(source, check=True)
    assert foretold["changed"] and plant.content(OTHER[source]) == {}
    done = plant.migrate(source)
    assert not done.get("failed"), done
    assert plant.content(OTHER[source]) == plant.content(source) == content
    assert done["diff"] == foretold["diff"]
    assert [meter["copied"] for meter in foretold["meters"]] == [meter["copied"] for meter in done["meters"]] == [17, 17, 17]
    assert [(meter["days"], meter["readings"]) for meter in done["meters"]] == [(4, 17)] * 3
    assert foretold["differing"] and not done["differing"]

    again = plant.migrate(source)
    assert (again["changed"], again["differing"]) == (False, [])
    # Yesterday may still get readings.
    assert [meter["known_days"] for meter in again["meters"]] == [3, 3, 3]
    assert [meter["readings"] for meter in again["meters"]] == [17, 17, 17]
    compared = plant.migrate(source, copy_readings=False)
    assert (compared["changed"], compared["differing"], [meter["known_days"] for meter in compared["meters"]]) == (False, [], [0, 0, 0])


def test_dynamodb_forgets_a_copied_reading_when_it_would_have_forgotten_the_original(plant: Plant) -> None:
    moment = plant.at(3, 5)
    plant.put("timestream", {("mdb", "5", moment): {"kW": 1.0}})
    plant.migrate("timestream")
    [item] = plant.cloud.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert item["expires"]["N"] == str(moment // 1000 + RETENTION * 86400)


@both_ways
@pytest.mark.parametrize("days_ago", [0, 10])
def test_what_both_have_differently_becomes_what_the_source_has_and_the_rest_stays(plant: Plant, source: str, days_ago: int) -> None:
    """A day that takes readings yet is written otherwise than one that has settled."""
    moment = plant.at(days_ago)
    plant.put(source, {("mdb", "5", moment): {"kW": 1.5, "v1": 230.0}})
    plant.put(OTHER[source], {("mdb", "5", moment): {"kW": 2.5, "hz": 50.0}, ("mdb", "5", moment + 1): {"kW": 9.0}})
    done = plant.migrate(source)
    assert not done.get("failed"), done
    assert plant.content(OTHER[source]) == {
        ("mdb", "5", moment): {"kW": 1.5, "v1": 230.0, "hz": 50.0},
        ("mdb", "5", moment + 1): {"kW": 9.0},
    }
    assert done["meters"][0]["copied"] == 1


def test_records_with_several_values_and_whole_numbers_of_older_rules_are_read(plant: Plant) -> None:
    several = [{"Name": "kW", "Value": "2.5", "Type": "DOUBLE"}, {"Name": "hz", "Value": "50", "Type": "BIGINT"}]
    text = {"Name": "remark", "Value": "of a technician", "Type": "VARCHAR"}
    base: dict[str, t.Any] = {"MeasureName": "reading"}
    plant.record("mdb", "7", plant.at(2), [{**base, "MeasureValues": [*several, text]}], MeasureValueType="MULTI")
    plant.record("mdb", "7", plant.at(2, 1), [{**base, "MeasureValues": several[:1]}], MeasureValueType="MULTI")
    plant.record("mdb", "7", plant.at(2, 2), [{"MeasureName": "v1", "MeasureValue": "231", "MeasureValueType": "BIGINT"}])
    plant.record("mdb", "7", plant.at(2, 3), [{"MeasureName": "kW", "MeasureValue": "1", "Version": 1}])
    plant.record("mdb", "7", plant.at(2, 3), [{"MeasureName": "kW", "MeasureValue": "3.5", "Version": 2}])
    done = plant.migrate("timestream")
    assert not done.get("failed"), done
    assert plant.content("dynamodb") == {
        ("mdb", "7", plant.at(2)): {"kW": 2.5, "hz": 50.0},
        ("mdb", "7", plant.at(2, 1)): {"kW": 2.5},
        ("mdb", "7", plant.at(2, 2)): {"v1": 231.0},
        ("mdb", "7", plant.at(2, 3)): {"kW": 3.5},
    }


def test_of_several_readings_in_a_millisecond_the_latest_is_copied(plant: Plant) -> None:
    for nanoseconds, value in ((1, "1"), (999_999, "2"), (1_000_000, "3")):
        moment = plant.at(2) * 1_000_000 + nanoseconds
        plant.record("mdb", "5", moment, [{"MeasureName": "kW", "MeasureValue": value}], TimeUnit="NANOSECONDS")
    plant.migrate("timestream")
    assert plant.content("dynamodb") == {("mdb", "5", plant.at(2)): {"kW": 2.0}, ("mdb", "5", plant.at(2, 1)): {"kW": 3.0}}


def test_readings_too_old_to_be_kept_are_told_and_not_copied(plant: Plant) -> None:
    """DynamoDB deletes what has expired only days later."""
    # The copy leaves out the last hour before a reading expires, so the day before that is too old for it late in the evening.
    old, young = plant.at(RETENTION + 1, 5), plant.at(RETENTION - 2, 5)
    plant.put("dynamodb", {("mdb", "5", old): {"kW": 1.0}, ("mdb", "5", young): {"kW": 2.0}})
    done = plant.migrate("dynamodb")
    assert not done.get("failed"), done
    assert plant.content("timestream") == {("mdb", "5", young): {"kW": 2.0}}
    assert (done["meters"][0]["expired"], done["meters"][0]["readings"]) == (1, 1)
    assert done["notes"] == ["Meter '5' of panel 'mdb': 1 readings are too old to be kept, and were not copied."]


def test_a_reading_that_the_destination_cannot_hold_is_named_and_can_be_left_behind(plant: Plant) -> None:
    plant.put("timestream", {("a#b", "5", plant.at(3)): {"kW": 1.0}, ("mdb", "5", plant.at(3)): {"kW": 2.0}})
    refused = plant.migrate("timestream")
    assert refused["failed"]
    assert "meter '5' of panel 'a#b'" in refused["msg"] and "'#' in its panel" in refused["msg"]
    assert plant.content("dynamodb") == {("mdb", "5", plant.at(3)): {"kW": 2.0}}
    done = plant.migrate("timestream", leave_behind=True)
    assert not done.get("failed"), done
    assert [meter["left_behind"] for meter in done["meters"]] == [1, 0]
    assert "'#' in its panel" in done["notes"][0]


@both_ways
def test_a_difference_after_all_is_named_and_the_next_run_mends_it(plant: Plant, source: str) -> None:
    plant.put(source, history(plant))
    plant.migrate(source)
    late = {("mdb", "5", plant.at(19, 5)): {"kW": 7.0}}
    plant.put(source, late)
    # The record says that nothing is to be done; the comparison does not believe it.
    assert not plant.migrate(source)["changed"]
    compared = plant.migrate(source, copy_readings=False, timeout=0)
    assert compared["failed"]
    assert "meter '5' of panel 'mdb' on " in compared["msg"] and "1 are missing" in compared["msg"]
    [day] = compared["differing"]
    assert (day["panel_id"], day["meter_id"], day["missing"], day["different"], day["readings"]) == ("mdb", "5", 1, 0, 5)
    assert plant.migrate(source)["meters"][1]["copied"] == 1
    assert plant.content(OTHER[source]) == {**history(plant), **late}


def test_a_record_of_other_tables_is_not_believed(plant: Plant) -> None:
    plant.put("timestream", history(plant))
    plant.migrate("timestream")
    plant.cloud.client("dynamodb").delete_table(TableName=TABLE)
    make_dynamodb(plant.cloud)
    assert [meter["known_days"] for meter in plant.migrate("timestream")["meters"]] == [0, 0, 0]
    assert plant.content("dynamodb") == history(plant)


def test_a_spoilt_record_costs_time_only(plant: Plant) -> None:
    plant.put("timestream", history(plant))
    plant.migrate("timestream")
    s3 = plant.cloud.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="energytwin/reading_migration/")["Contents"]]
    assert len(keys) == 3
    for key, body in zip(keys, (b"{", b"[]", b'{"format": 1, "days": 5}'), strict=True):
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    again = plant.migrate("timestream")
    assert (again["changed"], [meter["known_days"] for meter in again["meters"]]) == (False, [0, 0, 0])


def test_missing_tables_are_told(plant: Plant) -> None:
    plant.put("timestream", history(plant))
    plant.cloud.client("dynamodb").delete_table(TableName=TABLE)
    foretold = plant.migrate("timestream", check=True)
    assert sum(meter["copied"] for meter in foretold["meters"]) == 51
    refused = plant.migrate("timestream")
    assert refused["failed"] and f"The DynamoDB table {TABLE} is not there" in refused["msg"]
    backwards = plant.migrate("dynamodb", check=True)
    assert backwards["failed"] and f"The DynamoDB table {TABLE} is not there" in backwards["msg"]


def test_empty_stores_are_equal(plant: Plant) -> None:
    for source in OTHER:
        done = plant.migrate(source)
        assert (done["changed"], done["meters"], done.get("failed", False)) == (False, [], False)


@both_ways
def test_a_run_that_is_killed_at_any_call_is_finished_by_the_next(plant: Plant, source: str) -> None:
    plant.put(source, history(plant, (("mdb", "5"), ("mdb", "6"))))
    kills, finished = 0, False
    while not finished:
        calls, lock = [0], threading.Lock()

        def before(operation: str, at: int = kills, calls: list[int] = calls, lock: threading.Lock = lock) -> AWSResponse | None:
            with lock:
                calls[0] += 1
                if calls[0] > at:
                    raise Killed
            return None

        plant.hooks.before = before
        try:
            plant.migrate(source)
            finished = True
        except Killed:
            kills += 7
    plant.hooks.before = None
    assert kills > 5
    again = plant.migrate(source)
    assert (again["changed"], again["differing"]) == (False, [])
    assert plant.content(OTHER[source]) == plant.content(source) == history(plant, (("mdb", "5"), ("mdb", "6")))


def test_a_busy_table_is_asked_again(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """BatchWriteItem takes a part, and gives back the rest."""
    plant.put("timestream", history(plant))
    whole, asked = [], []
    send = plant.cloud.clients.send

    def before(operation: str) -> AWSResponse | None:
        return None

    def busy(request: t.Any) -> t.Any:
        if request.headers.get("X-Amz-Target", b"").endswith(b"BatchWriteItem"):
            body = json.loads(request.body)
            items = body["RequestItems"][TABLE]
            asked.append(len(items))
            if len(items) > 1:
                whole.append(len(items))
                request.body = json.dumps({"RequestItems": {TABLE: items[:1]}}).encode()
                answer = send(request)
                rest = json.dumps({"UnprocessedItems": {TABLE: items[1:]}}).encode()
                return AWSResponse(answer.url, answer.status_code, answer.headers, _Raw(rest))
        return send(request)

    monkeypatch.setattr(plant.cloud.clients, "send", busy)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    done = plant.migrate("timestream")
    assert not done.get("failed"), done
    assert whole and sum(asked) > 51
    assert plant.content("dynamodb") == history(plant)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_options: t.Any) -> c.Iterator[bytes]:
        yield self._body


@pytest.mark.parametrize(("option", "value"), [("retention_days", 0), ("concurrency", 0), ("timeout", -1)])
def test_numbers_that_make_no_sense_are_refused(plant: Plant, option: str, value: int) -> None:
    refused = plant.migrate("timestream", check=False, **{option: value})
    assert refused["failed"] and f"{option}: {value}" in refused["msg"]
