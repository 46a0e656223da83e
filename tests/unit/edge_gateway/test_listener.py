# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings that other devices publish to a broker on the box."""

from __future__ import annotations

import collections.abc as c
import functools
import json
import pathlib
import threading
import typing as t

import pytest

from meter_gateway import status
from meter_gateway.config import ListenerSettings, parse
from meter_gateway.heard import understand
from meter_gateway.listener import Listener
from meter_gateway.notify import Notifier
from meter_gateway.service import Service
from meter_gateway.sources import Field, Source
from tests.tools.fake_broker import FakeBroker

Eventually = c.Callable[[c.Callable[[], t.Any], str], t.Any]


def heard(topic: str, **data: t.Any) -> tuple[str, dict[str, t.Any], int | None]:
    found = understand(topic, json.dumps(data).encode(), "meters")
    return found.key, json.loads(found.body), found.taken


def test_panel_and_meter_of_the_topic() -> None:
    assert heard("meters/roof/5", kW=1) == ("roof/5", {"panelId": "roof", "meterId": "5", "kW": 1.0}, None)


def test_panel_and_meter_of_the_message_and_its_own_time() -> None:
    key, body, taken = heard("meters/emon", panelId="roof", meterId=5, kW=-1.5, timestamp=1_800_000_000_000, rssi=-70)
    assert (key, taken) == ("roof/5", 1_800_000_000_000)
    assert body == {"panelId": "roof", "meterId": "5", "kW": -1.5}


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("meters/roof/5", b"on", "no JSON"),
        ("meters/roof/5", b"[1]", "no JSON object"),
        ("meters/roof/5", b'{"power": 4}', "none of v1"),
        ("meters/roof/5", b'{"kW": "4"}', "kW is no number"),
        ("meters/roof/5", b'{"kW": NaN}', "kW is no number"),
        ("meters/roof/5", b'{"kW": true}', "kW is no number"),
        ("meters/roof/5", b'{"kW": 4, "meterId": "6"}', "another one than its topic's '5'"),
        ("meters/x", b'{"kW": 4, "panelId": "p"}', "neither its topic nor its meterId"),
        ("meters/roof/5", b'{"kW": 4, "timestamp": 1800000000}', "no integer of Unix milliseconds"),
        ("meters/roof/5", b'{"kW": 4, "timestamp": 18e11}', "no integer of Unix milliseconds"),
        ("meters/roof/5", b'{"kW": 4, "timestamp": 1800000000000000}', "no integer of Unix milliseconds"),
        ("meters/roof/5", b" " * 70_000, "70000 bytes"),
        ("meters/roof/5", b'{"kW": ' + b"9" * 400 + b"}", "kW is no number"),
        ("meters/roof/5", b"[" * 60_000, "no JSON"),
    ],
)
def test_what_is_no_reading(topic: str, payload: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        understand(topic, payload, "meters")


def test_the_local_broker_is_answered_when_the_reading_is_on_the_disk(eventually: Eventually, caplog: t.Any) -> None:
    kept: list[tuple[str, int | None, c.Callable[[], None]]] = []
    with FakeBroker() as broker:
        listener = Listener(ListenerSettings("127.0.0.1", broker.port, "meters", "gw"), lambda *reading: kept.append(reading))
        listener.start()
        try:
            eventually(lambda: broker.subscriptions == ["meters/#"], "the subscription")
            broker.send("meters/roof/5", b'{"kW": 4}', 1)
            eventually(lambda: kept, "the reading")
            broker.send("meters/roof/5", b"bad", 2)
            eventually(lambda: broker.acknowledged(2), "the answer to a message that is no reading")
            assert not broker.acknowledged(1)
            kept[0][2]()
            eventually(lambda: broker.acknowledged(1), "the answer")
        finally:
            listener.stop()
    assert (listener.messages, listener.refused, listener.last_refused) == (1, 1, "meters/roof/5: it is no JSON")
    assert "'meters/roof/5' is no reading: it is no JSON" in caplog.text


def test_sources_have_topics_of_their_own(eventually: Eventually, caplog: t.Any) -> None:
    caplog.set_level("INFO")
    kept: list[tuple[str, int | None, c.Callable[[], None]]] = []
    fields = {"kW": Field("P", 0.001)}
    sources = (Source("tele/{meter}/SENSOR", fields, panel="office"), Source("meters/{panel}/{meter}/state", fields))
    with FakeBroker() as broker:
        listener = Listener(ListenerSettings("127.0.0.1", broker.port, "meters", "gw", sources=sources), lambda *one: kept.append(one))
        listener.start()
        try:
            eventually(lambda: broker.subscriptions == ["meters/#", "tele/+/SENSOR"], "the subscriptions")
            broker.send("tele/7/SENSOR", b'{"P": 84}', 1)
            eventually(lambda: kept, "the reading")
        finally:
            listener.stop()
    assert json.loads(kept[0][0]) == {"panelId": "office", "meterId": "7", "kW": 0.084}
    assert "for readings on meters/#, tele/+/SENSOR." in caplog.text


def test_what_the_broker_has_kept_counts_only_if_it_says_when_it_is_from(eventually: Eventually, caplog: t.Any) -> None:
    kept: list[tuple[str, int | None, c.Callable[[], None]]] = []
    with FakeBroker() as broker:
        listener = Listener(ListenerSettings("127.0.0.1", broker.port, "meters", "gw"), lambda *one: kept.append(one))
        listener.start()
        try:
            eventually(lambda: broker.subscriptions, "the subscription")
            broker.send("meters/roof/5", b'{"kW": 4}', 1, retain=True)
            broker.send("meters/roof/5", b'{"kW": 5, "timestamp": 1800000000000}', 2, retain=True)
            eventually(lambda: kept, "the reading")
        finally:
            listener.stop()
    assert [(json.loads(body)["kW"], taken) for body, taken, _committed in kept] == [(5, 1_800_000_000_000)]
    assert listener.refused == 1 and "kept it since nobody knows when" in caplog.text


def test_the_status_tells_what_was_refused_and_why_nothing_comes() -> None:
    told = {"state": "disconnected", "last_error": "The local broker h:1 cannot be reached.", "messages": 7, "refused": 2}
    shown = status.describe({"listener": {**told, "last_refused": "tele/5/STATE: it has none of P"}}, [])
    assert "listener disconnected, 7 readings, 2 refused, the last of tele/5/STATE: it has none of P: The local broker h:1 cannot" in shown
    shown = status.describe({"listener": {**told, "last_error": None, "last_refused": None}}, [])
    assert shown.endswith("2 refused")


def test_a_password_that_cannot_be_read_is_a_sentence_and_the_rest_goes_on(tmp_path: pathlib.Path, caplog: t.Any) -> None:
    missing = tmp_path / "password"
    listener = Listener(ListenerSettings("127.0.0.1", 1, "meters", "gw", "me", missing), lambda *_reading: None)
    listener.start()
    listener.stop()
    assert listener.last_error == f"The listener's password file {missing} cannot be read: No such file or directory. " + (
        "Mend it, and start the gateway again."
    )
    assert listener.last_error in caplog.text


def test_a_topic_writes_nothing_to_a_terminal(eventually: Eventually, caplog: t.Any) -> None:
    with FakeBroker() as broker:
        listener = Listener(ListenerSettings("127.0.0.1", broker.port, "meters", "gw"), lambda *_reading: None)
        listener.start()
        try:
            eventually(lambda: broker.subscriptions, "the subscription")
            broker.send("meters/\x1b[2Jx", b"{}", 1)
            eventually(lambda: listener.refused, "the message")
        finally:
            listener.stop()
    assert "'meters/?[2Jx' is no reading" in caplog.text and "\x1b" not in str(listener.last_refused)


def test_no_message_ends_the_listening(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    def fail(*_what: t.Any) -> t.NoReturn:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr("meter_gateway.listener.understand", fail)
    with FakeBroker() as broker:
        listener = Listener(ListenerSettings("127.0.0.1", broker.port, "meters", "gw"), lambda *_reading: None)
        listener.start()
        try:
            eventually(lambda: broker.subscriptions, "the subscription")
            for number in (1, 2):
                broker.send("meters/roof/5", b'{"kW": 4}', number)
                eventually(functools.partial(broker.acknowledged, number), "the answer")
        finally:
            listener.stop()
    assert listener.refused == 2


def test_a_listener_is_a_part_of_the_service(config_data: dict[str, t.Any], broker: FakeBroker, eventually: Eventually) -> None:
    with FakeBroker() as local:
        config_data["buses"] = []
        config_data["listener"] = {"port": local.port, "topic_prefix": "meters"}
        service = Service(parse(config_data, {}), notifier=Notifier({}))
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            eventually(lambda: local.subscriptions, "the subscription")
            local.send("meters/roof/5", b'{"kW": 4, "timestamp": 1800000000000}', 1)
            eventually(lambda: local.acknowledged(1), "the commit")
            broker.up()
            eventually(lambda: broker.messages, "the message at the broker")
        finally:
            service.end()
            thread.join(30)
    assert json.loads(broker.messages[0][1]) == {"panelId": "roof", "meterId": "5", "kW": 4.0, "timestamp": 1_800_000_000_000}
