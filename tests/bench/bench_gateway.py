# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gateway: what a cut of the power costs it (and Debian's mosquitto), what it needs, and how fast it catches up.

Broker, meters and gateway share the machine.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing as t

import paho.mqtt.client as paho

from meter_gateway.clock import boot_id, wall_ms
from meter_gateway.outbox import Entry, Limits, Outbox, encode
from tests.tools import numbered_gateway
from tests.tools.fake_broker import Authority, FakeBroker, free_port

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = CHECKOUT / "roles" / "edge_gateway" / "files"
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{PROGRAMS}"}
TOPIC = "energy/example-plant"
KILLS = 200
READINGS = 20_000
# The bridge writes its whole queue at each change with its safest settings: a smaller run of the same kind tells enough.
BRIDGE_KILLS = 20
BRIDGE_READINGS = 2_000
QUIET_SECONDS = 60.0
DRAIN_SECONDS = 60.0


# ---- power cuts


def bench_gateway_power_cut() -> dict[str, float]:
    """kill -9 of the gateway, at random moments, while the broker comes and goes: readings lost, changed, and delivered more than once."""
    seed = random.Random(20_261_123)
    with _lab() as (folder, authority), FakeBroker(authority) as broker:
        config = _config(folder, authority, broker, meters=60, interval=0.1)
        accepted = folder / "accepted"
        accepted.touch()
        with _flapping(broker, seed):
            life = 0
            while life < KILLS or len(_lines(accepted)) < READINGS:
                life += 1
                process = _numbered(config, life, accepted, rate=2_000)
                before = accepted.stat().st_size
                _until(lambda size=before: accepted.stat().st_size > size, "the first reading of a life")  # type: ignore[misc]
                time.sleep(seed.uniform(0.0, 1.2))
                process.kill()
                process.wait()
        process = _numbered(config, life + 1, accepted, rate=2_000)
        try:
            wanted = numbered_gateway.readings(_lines(accepted))
            _until(lambda: wanted.keys() <= _delivered(broker).keys(), "the delivery of all readings", 120, fail=False)
        finally:
            process.kill()
            process.wait()
        delivered = _delivered(broker)
        wrong = sum(not _is_right(reading, wanted.get(number)) for number, reading in delivered.items())
        return {
            "gateway_lost_power_cut": len(wanted.keys() - delivered.keys()),
            "gateway_wrong_power_cut": wrong,
            "gateway_duplicates_power_cut": len(broker.messages) - len(delivered),
            "gateway_power_cuts": life,
            "gateway_readings_power_cut": len(wanted),
        }


def bench_bridge_power_cut() -> dict[str, float]:
    """The same with Debian's mosquitto as a bridge, with its defaults and with what is safest."""
    common = "persistence true\n"
    safest = f"{common}max_queued_messages 1000000\nautosave_interval 1\nautosave_on_changes true\n"
    return {
        "bridge_lost_default": _bridge_lost(common),
        "bridge_lost_safest": _bridge_lost(safest),
        "bridge_power_cuts": BRIDGE_KILLS,
        "bridge_readings_power_cut": BRIDGE_READINGS,
    }


def _bridge_lost(settings: str) -> int:
    """Of the readings that mosquitto has confirmed to their publisher: how many never arrive behind the bridge."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise RuntimeError("mosquitto is not installed: apt-get install mosquitto")
    seed = random.Random(20_261_123)
    with _lab() as (folder, _authority), FakeBroker() as broker:
        port, file = free_port(), folder / "mosquitto.conf"
        folder.chmod(0o777)
        file.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence_location {folder}/\n{settings}"
            f"connection cloud\naddress 127.0.0.1:{broker.port}\ntopic # out 1\nbridge_protocol_version mqttv311\ntry_private false\n"
            "notifications false\ncleansession false\nbridge_attempt_unsubscribe false\nrestart_timeout 1 2\nremote_clientid bridge\n"
        )
        publisher = _CountingPublisher(port)
        try:
            with _flapping(broker, seed):
                for kill in range(1, BRIDGE_KILLS + 1):
                    process = subprocess.Popen([program, "-c", str(file)], stderr=subprocess.DEVNULL)
                    until = BRIDGE_READINGS * kill // BRIDGE_KILLS
                    _until(lambda count=until: len(publisher.accepted) >= count, "the readings of a life", 60)  # type: ignore[misc]
                    process.kill()
                    process.wait()
        finally:
            publisher.close()
        process = subprocess.Popen([program, "-c", str(file)], stderr=subprocess.DEVNULL)
        wanted = set(publisher.accepted)
        _until(lambda: wanted <= _delivered(broker).keys(), "", 30, fail=False)
        process.kill()
        process.wait()
        return len(wanted - _delivered(broker).keys())


class _CountingPublisher:
    """Publishes numbered readings with QoS 1, 100 a second, through whatever happens to the broker; keeps what was confirmed."""

    def __init__(self, port: int) -> None:
        self.accepted: list[int] = []
        self._numbers: dict[int, int] = {}
        self._stop = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="meters", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = lambda _client, _data, message, *_more: self.accepted.append(self._numbers[message])
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(0.01):
            if self._client.is_connected():
                number += 1
                payload = json.dumps({"kWhImport": number, "v1": numbered_gateway.check(number)})
                self._numbers[self._client.publish(TOPIC, payload, qos=1).mid] = number

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._client.loop_stop()


@contextlib.contextmanager
def _flapping(broker: FakeBroker, seed: random.Random) -> c.Iterator[None]:
    """The broker is up, down, or hears without confirming, some seconds each; up at the end."""
    stop = threading.Event()
    # A generator of its own: how often it is asked depends on the time that passes.
    own = random.Random(seed.random())

    def run() -> None:
        while not stop.wait(own.uniform(1.0, 4.0)):
            broker.down()
            stop.wait(own.uniform(0.2, 2.0))
            broker.confirm = own.random() < 0.8
            broker.up()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        broker.confirm = True


def _is_right(reading: dict[str, t.Any], accepted: dict[str, t.Any] | None) -> bool:
    """As it was accepted; what was delivered before its acceptance was written down has its check value at least."""
    if accepted is not None:
        return reading == accepted
    return bool(reading["v1"] == numbered_gateway.check(int(reading["kWhImport"])))


def _delivered(broker: FakeBroker) -> dict[int, dict[str, t.Any]]:
    return numbered_gateway.readings(payload for _topic, payload in list(broker.messages))


def _lines(path: pathlib.Path) -> list[bytes]:
    return path.read_bytes().splitlines()


# ---- what it needs


def bench_gateway_needs() -> dict[str, float]:
    """Memory (the most it ever had), processor time and bytes written, with 100 simulated meters every 10 seconds over Modbus TCP."""
    with _lab() as (folder, authority), FakeBroker(authority) as broker, contextlib.ExitStack() as stack:
        config = _config(folder, authority, broker, buses=_buses(100), interval=10)
        stack.enter_context(_meters(config))
        zipapp = folder / "meter-gateway.pyz"
        subprocess.run([sys.executable, PROGRAMS / "build_zipapp.py", "--output", zipapp], check=True, stdout=subprocess.DEVNULL)
        process = subprocess.Popen([sys.executable, zipapp, "run", "--config", config], stderr=subprocess.DEVNULL)
        try:
            _until(lambda: len({_meter(payload) for _topic, payload in list(broker.messages)}) == 100, "a reading of each meter", 60)
            cpu, written, count, began = _cpu_seconds(process.pid), _written(process.pid), len(broker.messages), time.monotonic()
            time.sleep(QUIET_SECONDS)
            seconds, readings = time.monotonic() - began, len(broker.messages) - count
            return {
                "gateway_cpu_percent": 100 * (_cpu_seconds(process.pid) - cpu) / seconds,
                "gateway_write_bytes_per_reading": (_written(process.pid) - written) / readings,
                "gateway_rss_mib": _peak_mib(process.pid),
                "gateway_readings_per_second": readings / seconds,
            }
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def _meters(config: pathlib.Path) -> c.Iterator[None]:
    """The simulated meters of a configuration."""
    process = subprocess.Popen(
        [sys.executable, "-m", "meter_simulator", "--config", config], cwd=PROGRAMS, env=ENVIRONMENT, stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _buses(meters: int) -> list[dict[str, t.Any]]:
    """So many meters on two Modbus TCP ports."""
    ports = {"one": free_port(), "two": free_port()}
    units = [{"meter_id": str(unit), "unit": unit, "model": "eastron_sdm630"} for unit in range(1, meters // 2 + 1)]
    return [
        {"id": bus, "transport": "tcp", "host": "127.0.0.1", "port": port, "meters": [{"panel_id": bus, **unit} for unit in units]}
        for bus, port in ports.items()
    ]


def _meter(payload: bytes) -> tuple[str, str]:
    reading = json.loads(payload)
    return reading["panelId"], reading["meterId"]


def _cpu_seconds(process: int) -> float:
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _written(process: int) -> int:
    lines = pathlib.Path(f"/proc/{process}/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("write_bytes")).split()[1])


def _peak_mib(process: int) -> float:
    lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


# ---- how fast it catches up


def bench_gateway_drain() -> dict[str, float]:
    """After a day without the broker, 20 meters every 10 seconds: confirmed readings of the backlog a second, and how late live ones are."""
    with _lab() as (folder, authority), FakeBroker(authority) as broker:
        config = _config(folder, authority, broker, meters=20, interval=10)
        outbox, now = Outbox(folder / "outbox.sqlite3", Limits(1 << 30, 1e9), boot_id()), wall_ms()
        day = range(20 * 8_640)
        body = {"panelId": "p", "meterId": "1", "v1": 230.0, "kW": 1.0, **dict.fromkeys(("v2", "v3", "i1", "i2", "i3", "kWhExport"), 1.25)}
        outbox.write([Entry(n + 1, now - 86_400_000 + n * 500, 0, encode({**body, "kWhImport": float(n)})) for n in day])
        outbox.close()
        process = _numbered(config, 1, folder / "accepted", rate=90)
        try:
            _until(lambda: broker.messages, "the first reading")
            count, began = len(broker.messages), time.monotonic()
            time.sleep(DRAIN_SECONDS)
            seconds, messages, arrived = time.monotonic() - began, broker.messages[count:], broker.arrived[count:]
        finally:
            process.kill()
            process.wait()
    offset = time.time() - time.monotonic()
    readings = [json.loads(payload) for _topic, payload in messages]
    live = [
        when + offset - reading["timestamp"] / 1000
        for reading, when in zip(readings, arrived, strict=False)
        if reading["kWhImport"] >= numbered_gateway.READINGS_PER_LIFE
    ]
    return {
        "gateway_drain_per_second": (len(readings) - len(live)) / seconds,
        "gateway_live_delay_seconds_max": max(live),
        "gateway_live_readings_while_draining": len(live),
    }


# ---- the lab


@contextlib.contextmanager
def _lab() -> c.Iterator[tuple[pathlib.Path, Authority]]:
    """A folder on a disk, not in memory: what is written shall count."""
    place = CHECKOUT / ".bench"
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix="gateway-") as name:
        folder = pathlib.Path(name)
        try:
            yield folder, Authority(folder)
        finally:
            _status_file(folder).unlink(missing_ok=True)


def _status_file(folder: pathlib.Path) -> pathlib.Path:
    """In memory, as on a box, where it is not written to a disk either."""
    memory = pathlib.Path("/dev/shm")
    return (memory if memory.is_dir() else folder) / f"{folder.name}.json"


def _config(
    folder: pathlib.Path,
    authority: Authority,
    broker: FakeBroker,
    *,
    interval: float,
    meters: int = 0,
    buses: list[dict[str, t.Any]] | None = None,
) -> pathlib.Path:
    """The file of a configuration: of ``buses``, or of one bus with so many meters."""
    cert, key = authority.device("gw-roof", "device")
    numbered = [{"panel_id": "p", "meter_id": str(unit), "unit": unit, "model": "eastron_sdm120"} for unit in range(1, meters + 1)]
    data = {
        "version": 1,
        "gateway": "gw-roof",
        "topic": TOPIC,
        "mqtt": {"host": "127.0.0.1", "port": broker.port, "ca_file": str(authority.ca), "cert_file": str(cert), "key_file": str(key)},
        "outbox": {"path": str(folder / "outbox.sqlite3")},
        "status_file": str(_status_file(folder)),
        "clock": {"unsynchronized": "trust"},
        "interval_seconds": interval,
        "buses": buses or [{"id": "bus", "transport": "tcp", "host": "127.0.0.1", "meters": numbered}],
    }
    path = folder / "config.json"
    path.write_text(json.dumps(data))
    return path


def _numbered(config: pathlib.Path, life: int, accepted: pathlib.Path, *, rate: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.tools.numbered_gateway", str(config), str(life), str(accepted), str(rate)]
    return subprocess.Popen(command, cwd=CHECKOUT, env=ENVIRONMENT, stderr=subprocess.DEVNULL)


def _until(condition: c.Callable[[], t.Any], what: str, seconds: float = 60, *, fail: bool = True) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            if fail:
                raise RuntimeError(f"{what} did not happen within {seconds:.0f} s")
            return
        time.sleep(0.02)
