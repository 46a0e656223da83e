# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to the broker: what goes wrong there, and what is said of it."""

from __future__ import annotations

import collections.abc as c
import functools
import json
import os
import pathlib
import shutil
import ssl
import threading
import typing as t

import pytest

from local_cloud.broker import packets
from meter_gateway import certificate, publisher
from meter_gateway.outbox import Entry
from meter_gateway.outgoing import Outgoing
from meter_gateway.publisher import MqttSettings, Publisher
from tests.tools.fake_broker import Authority, FakeBroker

Eventually = c.Callable[[c.Callable[[], t.Any], str], t.Any]


class Line:
    """A publisher in a thread, with an outbox of plain numbers."""

    def __init__(self, settings: MqttSettings) -> None:
        self.stored: dict[int, Entry] = {}
        self.outgoing = Outgoing(self._fetch, 1_000)
        self.publisher = Publisher(settings, "energy/plant", self.outgoing, self._confirm, lambda: True)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.publisher.run, args=(self._stop, lambda: None), daemon=True)

    def _fetch(self, last: int, count: int) -> list[Entry]:
        return [entry for number, entry in sorted(self.stored.items()) if number > last][:count]

    def _confirm(self, ids: c.Iterable[int]) -> None:
        for number in ids:
            del self.stored[number]

    def start(self) -> Line:
        self._thread.start()
        return self

    def put(self, *numbers: int) -> None:
        new = [Entry(number, 1_800_000_000_000, 0, f'{{"n":{number}}}') for number in numbers]
        self.stored |= {entry.id: entry for entry in new}
        self.outgoing.offer(new)
        self.publisher.wake()

    def end(self) -> None:
        self._stop.set()
        self.publisher.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def error(self) -> str:
        return self.publisher.state.last_error or ""


@pytest.fixture
def settings(authority: Authority, broker: FakeBroker) -> MqttSettings:
    cert, key = authority.device("gw-roof", "device")
    return MqttSettings("127.0.0.1", broker.port, authority.ca, cert, key, "gw-roof")


@pytest.fixture
def new_line(monkeypatch: pytest.MonkeyPatch) -> c.Iterator[c.Callable[[MqttSettings], Line]]:
    """``new_line(settings)``: started; it does not wait long before it tries again."""
    monkeypatch.setattr(publisher, "BACK_OFF", (0.01, 0.05))
    monkeypatch.setattr(publisher, "FILES_SECONDS", 0.05)
    lines: list[Line] = []

    def make(settings: MqttSettings) -> Line:
        lines.append(Line(settings).start())
        return lines[-1]

    yield make
    for line in lines:
        line.end()


def sent(broker: FakeBroker) -> list[int]:
    return [json.loads(payload)["n"] for _topic, payload in broker.messages]


def test_what_the_broker_confirms_leaves_the_outbox(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually
) -> None:
    line = new_line(settings)
    line.put(1, 2)
    broker.up()
    eventually(lambda: not line.stored, "the confirmation of the backlog")
    line.put(3)
    eventually(lambda: not line.stored, "the confirmation of a live reading")
    assert sent(broker) == [1, 2, 3]
    assert line.publisher.state.state == "connected" and not line.error
    assert line.publisher.state.certificate_id == certificate.read(settings.cert_file).identifier


def test_basic_ingest(new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually) -> None:
    line = new_line(MqttSettings(**{**vars(settings), "basic_ingest_rule": "ingest"}))
    line.put(1)
    broker.up()
    eventually(lambda: not line.stored, "the confirmation")
    assert [topic for topic, _payload in broker.messages] == ["$aws/rules/ingest/energy/plant"]


def test_a_broker_that_cannot_be_reached_is_said_once(
    new_line: t.Any, settings: MqttSettings, eventually: Eventually, caplog: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[MqttSettings] = []
    context = publisher._context

    def counting(settings: MqttSettings) -> ssl.SSLContext:
        tries.append(settings)
        return context(settings)

    monkeypatch.setattr(publisher, "_context", counting)
    line = new_line(settings)
    eventually(lambda: len(tries) > 5, "some more tries")
    assert caplog.text.count("cannot be reached") == 1
    assert "check the network" in line.error and line.publisher.state.state == "disconnected"


def test_a_broker_of_another_authority_is_not_trusted(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    broker.up()
    line = new_line(MqttSettings(**{**vars(settings), "ca_file": other.ca}))
    eventually(lambda: "is not trusted" in line.error, "the error")
    assert str(other.ca) in line.error


@pytest.mark.parametrize(
    ("common_name", "days", "word"),
    [("gw-roof", -0.5, "expired on"), ("gw-hall", 1.0, "is that of 'gw-hall', but this gateway connects as 'gw-roof'")],
)
def test_what_is_wrong_with_the_certificate_is_said(
    new_line: t.Any,
    settings: MqttSettings,
    broker: FakeBroker,
    authority: Authority,
    eventually: Eventually,
    common_name: str,
    days: float,
    word: str,
) -> None:
    """An expired one ends in the handshake; for another thing's, the broker hangs up at CONNECT."""
    authority.device(common_name, "device", days=days)
    broker.hang_up = lambda packet: isinstance(packet, packets.Connect)
    broker.up()
    line = new_line(settings)
    eventually(lambda: word in line.error, "the reason")


def test_a_refused_login_names_what_to_check(new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually) -> None:
    broker.hang_up = lambda packet: isinstance(packet, packets.Connect)
    broker.up()
    line = new_line(settings)
    eventually(lambda: "before it let 'gw-roof' in" in line.error, "the reason")
    assert "attached to the thing" in line.error and "iot:Connect" in line.error


def test_a_forbidden_topic_is_said_once_and_the_reading_stays(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually, caplog: t.Any
) -> None:
    broker.hang_up = lambda packet: isinstance(packet, packets.Publish)
    broker.up()
    line = new_line(settings)
    line.put(1)
    eventually(lambda: "allows iot:Publish" in line.error and len(broker.logins) > 4, "some tries")
    assert caplog.text.count("allows iot:Publish") == 1 and list(line.stored) == [1]
    broker.hang_up = lambda _packet: False
    eventually(lambda: not line.stored, "the confirmation")
    assert line.error == ""


def test_a_second_box_with_the_same_name_is_thought_of(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually, caplog: t.Any
) -> None:
    """AWS IoT Core ends a connection when another client connects with its client id."""
    broker.up()
    line = new_line(settings)
    line.put(1)
    eventually(lambda: not line.stored, "the confirmation")
    broker.hang_up = lambda packet: isinstance(packet, packets.Publish)
    line.put(2)
    eventually(lambda: "that no other box connects as 'gw-roof'" in caplog.text, "the reason")
    broker.hang_up = lambda _packet: False
    eventually(lambda: not line.stored, "the confirmation of what was on its way")


def test_a_connection_that_comes_and_goes_does_not_fill_the_log(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually, caplog: t.Any
) -> None:
    def connected_since(logins: int) -> bool:
        return len(broker.logins) > logins

    caplog.set_level("INFO")
    broker.up()
    line = new_line(settings)
    for number in range(1, 11):
        line.put(number)
        eventually(lambda: not line.stored, "the confirmation")
        logins = len(broker.logins)
        broker.cut()
        eventually(functools.partial(connected_since, logins), "the next connection")
    assert caplog.text.count("no other box connects") == caplog.text.count("takes readings again") == 1


def test_a_broker_that_confirms_nothing_is_left(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "CONFIRM_SECONDS", 0.2)
    broker.confirm = False
    broker.up()
    line = new_line(settings)
    line.put(1)
    eventually(lambda: "confirmed nothing" in line.error, "the end of patience")
    broker.confirm = True
    eventually(lambda: not line.stored, "the confirmation")
    assert broker.received > 1


def test_a_new_certificate_is_used_without_losing_a_reading(
    new_line: t.Any, settings: MqttSettings, broker: FakeBroker, authority: Authority, eventually: Eventually
) -> None:
    broker.up()
    line = new_line(settings)
    line.put(1)
    eventually(lambda: not line.stored, "the first confirmation")
    old = line.publisher.state.certificate_id
    cert, key = authority.device("gw-roof", "new")
    # First the one, then the other, as anybody would do it: between the two they do not fit.
    os.replace(shutil.copy(cert, cert.with_suffix(".tmp")), settings.cert_file)
    line.put(2)
    eventually(lambda: not line.stored, "a confirmation between the two")
    assert line.publisher.state.certificate_id == old and len(broker.logins) == 1
    os.replace(shutil.copy(key, key.with_suffix(".tmp")), settings.key_file)
    eventually(lambda: line.publisher.state.certificate_id not in (old, None), "the connection with the new one")
    line.put(3)
    eventually(lambda: not line.stored, "the confirmation")
    assert sorted(set(sent(broker))) == [1, 2, 3] and len(broker.logins) == 2
    assert line.publisher.state.certificate_id == certificate.read(cert).identifier


def test_files_that_are_mended_are_tried_at_once(
    new_line: t.Any,
    settings: MqttSettings,
    broker: FakeBroker,
    authority: Authority,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publisher, "BACK_OFF", (3_600.0, 3_600.0))
    settings.key_file.unlink()
    broker.up()
    line = new_line(settings)
    eventually(lambda: f"{settings.key_file} cannot be read (No such file or directory): install it" in line.error, "the error")
    authority.device("gw-roof", "device")
    eventually(lambda: line.publisher.state.state == "connected", "the connection")


def test_an_encrypted_key_is_refused_without_asking(new_line: t.Any, settings: MqttSettings, eventually: Eventually) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(settings.key_file.read_bytes(), None)
    encryption = serialization.BestAvailableEncryption(b"secret")
    settings.key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    line = new_line(settings)
    eventually(lambda: "has no password" in line.error, "the error")


def test_what_is_no_certificate_is_said(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "cert.pem"
    assert "cannot be read" in certificate.findings(file, "gw", None)[0]
    for text in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        file.write_text(text)
        assert "no certificate in PEM form" in certificate.findings(file, "gw", None)[0]
