# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program as a process: its command line, its signals, its zipapp, and kill -9."""

from __future__ import annotations

import collections.abc as c
import functools
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import typing as t

import build_zipapp
import pytest
import yaml

import meter_gateway
from meter_gateway import cli, status
from tests.tools import numbered_gateway
from tests.tools.checkout import CHECKOUT
from tests.tools.fake_broker import FakeBroker

Eventually = c.Callable[[c.Callable[[], t.Any], str], t.Any]
PROGRAMS = CHECKOUT / "roles" / "edge_gateway" / "files"
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{PROGRAMS}:{CHECKOUT}/roles/local_cloud/files"}


@pytest.fixture
def config_file(config_data: dict[str, t.Any], tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config_data))
    return path


@pytest.fixture(scope="module")
def zipapp(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("zipapp") / "meter-gateway.pyz"
    path.write_bytes(build_zipapp.build())
    return path


@pytest.fixture
def start() -> c.Iterator[c.Callable[..., subprocess.Popen[str]]]:
    """``start(*command, **environment)``: a process; killed with the test."""
    processes: list[subprocess.Popen[str]] = []

    def run(*command: object, **environment: str) -> subprocess.Popen[str]:
        arguments = [sys.executable, *map(str, command)]
        processes.append(subprocess.Popen(arguments, cwd=CHECKOUT, env={**ENVIRONMENT, **environment}, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def holds(file: pathlib.Path, size: int) -> bool:
    return file.stat().st_size >= size


def test_kill_9_loses_nothing(
    start: t.Any,
    config_file: pathlib.Path,
    config_data: dict[str, t.Any],
    broker: FakeBroker,
    eventually: Eventually,
    tmp_path: pathlib.Path,
) -> None:
    """The broker is there, not there, and there without confirming, in turn; each life ends at any moment."""
    seed = random.Random(4)
    accepted = tmp_path / "accepted"
    accepted.touch()
    for life in range(1, 7):
        broker.confirm = life % 3 != 0
        broker.up() if life % 3 != 1 else broker.down()
        size = accepted.stat().st_size + seed.randrange(200, 4_000)
        process = start("-m", "tests.tools.numbered_gateway", config_file, life, accepted, 1_000)
        eventually(functools.partial(holds, accepted, size), "some commits")
        process.kill()
        process.wait()
        broker.down()
    broker.confirm = True
    broker.up()
    wanted = numbered_gateway.readings(accepted.read_bytes().splitlines())
    start("-m", "tests.tools.numbered_gateway", config_file, 9, accepted, 1_000)

    def delivered() -> dict[int, dict[str, t.Any]]:
        return numbered_gateway.readings(payload for _topic, payload in list(broker.messages))

    eventually(lambda: wanted.keys() <= delivered().keys(), "the delivery of all readings")
    found = delivered()
    assert {number: found[number] for number in wanted} == wanted
    assert len({number // numbered_gateway.READINGS_PER_LIFE for number in wanted}) == 6


def test_systemd_hears_of_the_start_of_life_and_of_the_end(
    start: t.Any,
    zipapp: pathlib.Path,
    config_file: pathlib.Path,
    config_data: dict[str, t.Any],
    tmp_path: pathlib.Path,
    eventually: Eventually,
) -> None:
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        process = start(
            zipapp, "run", "--config", config_file, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="600000", JOURNAL_STREAM="1:2"
        )
        while sum("WATCHDOG=1" in message for message in heard) < 3:
            heard.append(systemd.recv(4096).decode())
        found = status.read(pathlib.Path(config_data["status_file"]))
        shown = subprocess.run(
            [sys.executable, zipapp, "status", "--config", config_file], capture_output=True, text=True, check=False, env=ENVIRONMENT
        )
        process.send_signal(signal.SIGTERM)
        while not any("STOPPING=1" in message for message in heard):
            heard.append(systemd.recv(4096).decode())
    assert process.wait(30) == 0
    assert heard[0].startswith("READY=1\nSTATUS=") and "of 2 meters answer" in heard[0]
    assert found["version"] == meter_gateway.__version__ and found["clock"] == "set"
    assert shown.returncode == 0 and "gw-roof: healthy" in shown.stdout and "roof/5" in shown.stdout
    lines = process.stderr.read().splitlines()
    assert all(line.startswith(("<4>", "<6>")) for line in lines)
    assert any("roof/5" in line and line.startswith("<4>") for line in lines), "which meter, and why"
    assert not pathlib.Path(config_data["status_file"]).exists()


def test_sighup_takes_a_changed_configuration_and_refuses_a_bad_one(
    start: t.Any, config_file: pathlib.Path, config_data: dict[str, t.Any], eventually: Eventually
) -> None:
    file = pathlib.Path(config_data["status_file"])
    process = start("-m", "meter_gateway", "run", "--config", config_file)
    eventually(file.exists, "the start")
    config_file.write_text("{")
    process.send_signal(signal.SIGHUP)
    assert any("stays as it was" in line for line in iter(process.stderr.readline, ""))
    config_file.write_text(json.dumps({**config_data, "gateway": "renamed"}))
    process.send_signal(signal.SIGHUP)
    eventually(lambda: file.exists() and status.read(file)["gateway"] == "renamed", "the new configuration")
    assert process.poll() is None


def test_run_refuses_a_bad_configuration(start: t.Any, config_file: pathlib.Path, config_data: dict[str, t.Any]) -> None:
    config_file.write_text(json.dumps({**config_data, "version": 7, "topic": 3}))
    process = start("-m", "meter_gateway", "run", "--config", config_file)
    assert process.wait(30) == 78
    assert "install a newer meter_gateway first" in process.stderr.read()


def test_check_config(config_file: pathlib.Path, config_data: dict[str, t.Any], capsys: t.Any) -> None:
    assert cli.main(["check-config", "--config", str(config_file)]) == 0
    assert "2 meters on 1 buses" in capsys.readouterr().out
    config_file.write_text(json.dumps({**config_data, "topic": "", "interval_seconds": 0}))
    assert cli.main(["check-config", "--config", str(config_file)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_check_config_warns_of_the_certificate(config_file: pathlib.Path, config_data: dict[str, t.Any], capsys: t.Any) -> None:
    config_data["mqtt"]["client_id"] = "gw-hall"
    config_file.write_text(json.dumps(config_data))
    assert cli.main(["check-config", "--config", str(config_file)]) == 0
    assert "Warning: The certificate" in (error := capsys.readouterr().err) and "is that of 'gw-roof'" in error


def test_status_of_what_does_not_run(config_file: pathlib.Path, capsys: t.Any) -> None:
    assert cli.main(["status", "--config", str(config_file)]) == 1
    assert "meter_gateway does not run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({}, None),
        ({"boot": "other"}, "The status is old"),
        ({"since_boot": 1_000}, "The status is old"),
        ({"stuck": ["Thread 'publisher' has been stuck for 200 s."]}, "has been stuck"),
        ({"outbox": {"error": "The disk is full."}}, "The disk is full"),
        ({"mqtt": {"state": "disconnected"}}, None),
        ({"meters": {"roof/5": {"last_error": "Meter roof/5 does not answer."}}}, None),
        ({"stopping": True}, "is stopping"),
        ({"mqtt": {}}, "Nothing is known"),
    ],
)
def test_what_is_healthy(change: dict[str, t.Any], trouble: str | None) -> None:
    good = {"boot": "b", "since_boot": 100_000, "mqtt": {"state": "connected"}, "outbox": {"error": None}}
    found = status.troubles({**good, **change}, "b", 101_000)
    assert [trouble in sentence for sentence in found] == ([True] if trouble else []) if trouble else found == []


def test_probe_and_scan_name_what_there_is(config_file: pathlib.Path, capsys: t.Any) -> None:
    assert cli.main(["probe", "roof/7", "--config", str(config_file)]) == 1
    assert "there are: roof/5, roof/6" in capsys.readouterr().err
    assert cli.main(["scan", "usb", "--config", str(config_file)]) == 1
    assert "there are: rs485" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        cli.main(["scan", "rs485", "--units", "0-3", "--config", str(config_file)])
    assert caught.value.code == 2


def test_the_version_is_the_collections(capsys: t.Any) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out.strip() == yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["version"]


def test_the_zipapp_is_the_same_each_time_and_needs_nothing_else(
    zipapp: pathlib.Path, config_file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    assert hashlib.sha256(build_zipapp.build()).digest() == hashlib.sha256(zipapp.read_bytes()).digest()
    # -I -S: without any package that is installed here, PyYAML above all.
    command = [sys.executable, "-I", "-S", str(zipapp), "check-config", "--config", str(config_file)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_zipapp_is_built_of_pinned_libraries_only(tmp_path: pathlib.Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text((CHECKOUT / "constraints.txt").read_text().replace("paho-mqtt==", "paho-mqtt==9."))
    with pytest.raises(build_zipapp.CannotBuild, match=r"is installed .* pip install paho-mqtt==9\."):
        build_zipapp.build(constraints)
