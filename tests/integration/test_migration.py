# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings move from one store to the other while more come in, and the run that moves them is killed: none is lost, none is doubled."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import signal
import ssl
import threading
import time
import typing as t

import paho.mqtt.client as paho
import pytest

from tests.integration.clients import Files, device, latest, publish_all
from tests.integration.conftest import SITE, LocalCloud

TOPIC = f"energy/{SITE}"
PANEL, METER = "mech-rooftop", "5"
TABLE, DATABASE = f"{SITE}_energy", f"{SITE}_db"
OTHER = {"dynamodb": "timestream", "timestream": "dynamodb"}
RULES = {"dynamodb": f"{SITE.replace('-', '_')}_IoTToDynamoDB", "timestream": f"{SITE.replace('-', '_')}_IoTToTimestream"}
DAY = 86_400_000
DEADLINE = 120.0
# Values by meter and time.
Content = dict[tuple[str, int], dict[str, float]]


class Publisher:
    """Publishes a reading now and then, as a gateway does, until it is told to stop; published: what the broker has confirmed."""

    def __init__(self, cloud: LocalCloud, files: Files) -> None:
        self.published: Content = {}
        self._cloud = cloud
        self._files = files
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=self._files.client_id, protocol=paho.MQTTv311)
        client.tls_set(str(self._cloud.ca_file), str(self._files.certificate), str(self._files.key), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.connect("127.0.0.1", self._cloud.mqtt_port)
        client.loop_start()
        try:
            while not self._stop.wait(0.2):
                moment, values = int(time.time() * 1000), {"kW": len(self.published) / 7}
                client.publish(TOPIC, payload(METER, moment, values), qos=1).wait_for_publish(timeout=DEADLINE)
                self.published[METER, moment] = values
        finally:
            client.disconnect()
            client.loop_stop()


def payload(meter: str, moment: int, values: dict[str, float]) -> str:
    return json.dumps({"panelId": PANEL, "meterId": meter, "timestamp": moment, **values})


def iso(moment: int) -> str:
    return datetime.datetime.fromtimestamp(moment / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def history() -> Content:
    """Readings of some days of two meters."""
    today = int(time.time() * 1000) // DAY * DAY
    return {
        (meter, today - days_ago * DAY + second * 10_000): {"v1": 230 + second / 3, "kW": -second / 7, "kWhImport": 100.1 + second}
        for meter in (METER, "6")
        for days_ago in (9, 8, 2, 1)
        for second in range(40)
    }


def content(cloud: LocalCloud, store: str) -> Content:
    """What a store holds, without the marked readings of role verify."""
    found: Content = {}
    if store == "dynamodb":
        for page in cloud.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE):
            for item in page["Items"]:
                values = {name: float(value["N"]) for name, value in item.items() if "N" in value and name not in ("time", "expires")}
                found[item["meterId"]["S"], int(item["time"]["N"])] = values
    else:
        sql = f'SELECT meterId, to_milliseconds(time), measure_name, measure_value::double FROM "{DATABASE}"."{TABLE}"'
        for page in cloud.client("timestream-query").get_paginator("query").paginate(QueryString=sql):
            for row in page["Rows"]:
                meter, moment, name, value = (cell["ScalarValue"] for cell in row["Data"])
                found.setdefault((meter, int(moment)), {})[name] = float(value)
    return {key: values for key, values in found.items() if "probe" not in values}


def written(cloud: LocalCloud, store: str) -> bool:
    """Whether a store has got a reading of a day that is over."""
    with contextlib.suppress(Exception):
        return any(time.time() * 1000 - moment > DAY for _meter, moment in content(cloud, store))
    return False


def killed_half_way(cloud: LocalCloud, target: str) -> None:
    """Begins the migration, and kills it with all its processes as soon as the first readings were copied."""
    process = cloud.start_play("migrate_storage.yml", "-e", f"migrate_to={target}", "-e", "migrate_concurrency=1", own_group=True)
    deadline = time.monotonic() + DEADLINE
    try:
        while not written(cloud, target):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "nothing was copied in time"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def outputs(cloud: LocalCloud) -> dict[str, str]:
    stack = cloud.client("cloudformation").describe_stacks(StackName=SITE)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def rules(cloud: LocalCloud) -> set[str]:
    return {rule["ruleName"] for rule in cloud.client("iot").list_topic_rules()["rules"]} & {*RULES.values()}


@pytest.mark.parametrize(("source", "drop"), [("timestream", True), ("dynamodb", False)])
def test_readings_move_while_more_come_in(cloud: LocalCloud, source: str, drop: bool) -> None:
    target = OTHER[source]
    made = cloud.play("site.yml", "-e", f"stack_storage={source}")
    assert made.code == 0, made.message()
    with device(cloud, "test-gateway", TOPIC) as files:
        old = history()
        publish_all(cloud, files, TOPIC, [payload(meter, moment, values) for (meter, moment), values in old.items()])
        with Publisher(cloud, files) as publisher:
            killed_half_way(cloud, target)
            assert outputs(cloud)["Storage"] == source
            moved = cloud.play("migrate_storage.yml", "-e", json.dumps({"migrate_to": target, "migrate_drop_old": drop}))
            assert moved.code == 0, moved.message()
    assert len(publisher.published) > 5
    everything = {**old, **publisher.published}
    # The last readings were taken in by the broker a moment ago.
    deadline = time.monotonic() + DEADLINE
    while content(cloud, target) != everything:
        assert time.monotonic() < deadline, "some readings are missing, or there are too many"

    left = content(cloud, source)
    assert old.items() <= left.items() <= everything.items(), "the old store keeps what it has"
    if drop:
        assert rules(cloud) == {RULES[target]}
        assert (outputs(cloud)["Storage"], outputs(cloud)["AlsoStore"]) == (target, "none")
    else:
        assert left == everything
        assert rules(cloud) == {*RULES.values()}
        assert (outputs(cloud)["Storage"], outputs(cloud)["AlsoStore"]) == (target, source)
    again = cloud.play("site.yml")
    assert (again.code, again.changed_tasks()) == (0, [])
    moments = sorted(moment for meter, moment in old if meter == METER)
    for day in sorted({moment // DAY * DAY for moment in moments}):
        page = latest(cloud, f"{SITE}_workspace", PANEL, f"meter-{METER}", "v1", iso(day), iso(day + DAY // 2))
        expected = [old[METER, moment]["v1"] for moment in moments if day <= moment < day + DAY]
        assert page and page == expected[: len(page)]


def test_a_check_tells_what_would_be_copied_and_changes_nothing(deployed: LocalCloud) -> None:
    source = outputs(deployed)["Storage"]
    before = content(deployed, source)
    checked = deployed.play("migrate_storage.yml", "-e", f"migrate_to={OTHER[source]}", "--check", "--diff")
    assert checked.code == 0, checked.message()
    meters = checked.result("Copy what the new store has not")["meters"]
    # Role verify has sent a marked reading of each.
    assert meters and all(meter["copied"] == meter["readings"] > 0 for meter in meters)
    assert any(f"{PANEL}/{METER}: " in line for line in checked.result("Tell of each meter what was copied, or would be")["msg"])
    assert (rules(deployed), outputs(deployed)["AlsoStore"], content(deployed, source)) == ({RULES[source]}, "none", before)
    refused = deployed.play("site.yml", "-e", f"stack_storage={OTHER[source]}")
    assert f"migrate_to={OTHER[source]}" in refused.message()


def test_what_cannot_be_moved_is_refused_before_anything_happens(cloud: LocalCloud) -> None:
    cloud.start()
    nowhere = cloud.play("migrate_storage.yml")
    assert nowhere.code != 0 and "migrate_to" in nowhere.message()
    missing = cloud.play("migrate_storage.yml", "-e", "migrate_to=dynamodb")
    assert missing.code != 0 and f"The stack {SITE} is not there" in missing.message()
    variables: dict[str, t.Any] = {"migrate_to": "dynamodb", "edge_gateway_basic_ingest": True}
    direct = cloud.play("migrate_storage.yml", "-e", json.dumps(variables))
    assert direct.code != 0 and "publishes to one topic rule directly" in direct.message()
    assert cloud.client("cloudformation").list_stacks()["StackSummaries"] == []
