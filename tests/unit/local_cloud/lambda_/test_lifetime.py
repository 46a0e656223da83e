# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a cloud of its own: a process holds one at a time, as IAM and S3 by moto are global to it."""

from __future__ import annotations

import itertools
import json
import pathlib

import pytest

from local_cloud.assembly import build
from local_cloud.services.lambda_ import Lambda
from local_cloud.services.lambda_.service import EVENT
from local_cloud.settings import Knobs, Settings
from tests.unit.local_cloud.clients import make_role, refused
from tests.unit.local_cloud.lambda_.functions import PID_SOURCE, is_running, until, zipped

ECHO = "def handler(event, context):\n    return event\n"


def test_states_settle(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Settings(home=settings.home, port=settings.port, mqtt_port=settings.mqtt_port, knobs=Knobs(settle=60))
    cloud = build(slow)
    try:
        clock = itertools.repeat(cloud.now())
        monkeypatch.setattr(cloud, "now", lambda: next(clock))
        client = cloud.client("lambda")
        role = make_role(cloud.client("iam"), "reader", "lambda")
        client.create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": zipped(ECHO)})
        found = client.get_function_configuration(FunctionName="f")
        assert (found["State"], found["StateReasonCode"]) == ("Pending", "Creating")
        with refused("ResourceConflictException", "The function is currently in the following state: Pending"):
            client.invoke(FunctionName="f")
        with refused("ResourceConflictException"):
            client.update_function_configuration(FunctionName="f", Timeout=5)
        clock = itertools.repeat(cloud.now() + 61)
        assert client.get_function_configuration(FunctionName="f")["State"] == "Active"
        client.update_function_configuration(FunctionName="f", Timeout=5)
        assert client.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "InProgress"
        with refused("ResourceConflictException", "An update is in progress"):
            client.update_function_code(FunctionName="f", ZipFile=zipped(ECHO))
        clock = itertools.repeat(cloud.now() + 61)
        assert client.get_function_configuration(FunctionName="f")["LastUpdateStatus"] == "Successful"
        assert json.loads(client.invoke(FunctionName="f", Payload="[7]")["Payload"].read()) == [7]
    finally:
        cloud.stop()


def test_functions_survive_a_restart(settings: Settings) -> None:
    first = build(settings)
    role = make_role(first.client("iam"), "reader", "lambda")
    code = {"ZipFile": zipped(ECHO)}
    first.client("lambda").create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="index.handler", Code=code)
    first.stop()
    second = build(settings)
    try:
        second.service(Lambda).start()
        assert second.service(Lambda).invoke_function(second.arn("lambda", "function:f"), {"a": 1}).payload == {"a": 1}
    finally:
        second.stop()


def test_an_asynchronous_call_survives_a_crash(settings: Settings, tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "mark"
    cloud = build(settings)
    try:
        role = make_role(cloud.client("iam"), "reader", "lambda")
        code = {"ZipFile": zipped(f"def handler(event, context):\n    open({str(mark)!r}, 'a').write(event)")}
        cloud.client("lambda").create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="index.handler", Code=code)
        cloud.store.put(EVENT, "left-over", {"arn": cloud.arn("lambda", "function:f"), "event": '"once"'})
        cloud.service(Lambda).start()
        until(lambda: not cloud.store.list(EVENT), "the end of the event")
        assert mark.read_text() == "once"
    finally:
        cloud.stop()


def test_stopping_ends_the_processes(settings: Settings) -> None:
    cloud = build(settings)
    role = make_role(cloud.client("iam"), "reader", "lambda")
    code = {"ZipFile": zipped(PID_SOURCE)}
    cloud.client("lambda").create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="index.handler", Code=code)
    process = cloud.service(Lambda).invoke_function(cloud.arn("lambda", "function:f"), {}).payload["pid"]
    assert is_running(process)
    cloud.stop()
    assert not is_running(process)
