# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listening broker, devices with certificates, and an MQTT client that is not ours (paho)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import pathlib
import ssl
import threading
import time
import typing as t

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from local_cloud.broker import Broker
from local_cloud.cloud import Cloud
from local_cloud.services.iot.authority import key_pem
from local_cloud.settings import Settings

DEADLINE = 10.0


def until(condition: c.Callable[[], t.Any], what: str) -> t.Any:
    """The first true value of ``condition``; fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {DEADLINE} s"
        time.sleep(0.005)
    return found


@dataclasses.dataclass(frozen=True)
class Device:
    """A registered certificate. certificate, key: files."""

    arn: str
    identifier: str
    certificate: pathlib.Path
    key: pathlib.Path


class Client:
    """A paho client; what has happened to it stands in its lists."""

    def __init__(
        self, settings: Settings, device: Device | None, client_id: str, *, clean: bool = True, ca: pathlib.Path | None = None
    ) -> None:
        self.connected: list[bool] = []
        self.closed = threading.Event()
        self.acknowledged: list[int] = []
        self.granted: dict[int, list[int]] = {}
        self.messages: list[mqtt.MQTTMessage] = []
        self.port = settings.mqtt_port
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean, protocol=mqtt.MQTTv311, reconnect_on_failure=False
        )
        context = ssl.create_default_context(cafile=str(ca or settings.home / "ca.pem"))
        if device is not None:
            context.load_cert_chain(device.certificate, device.key)
        self.paho.tls_set_context(context)
        self.paho.on_connect = self._on_connect
        self.paho.on_disconnect = lambda *_: self.closed.set()
        self.paho.on_publish = lambda _client, _data, mid, *_: self.acknowledged.append(mid)
        self.paho.on_subscribe = self._on_subscribe
        self.paho.on_message = lambda _client, _data, message: self.messages.append(message)

    def _on_connect(self, _client: t.Any, _data: t.Any, flags: t.Any, reason: t.Any, *_: t.Any) -> None:
        if reason == 0:
            self.connected.append(flags.session_present)

    def _on_subscribe(self, _client: t.Any, _data: t.Any, mid: int, reasons: list[t.Any], *_: t.Any) -> None:
        self.granted[mid] = [reason.value for reason in reasons]

    def open(self) -> Client:
        """Starts to connect. Raises ssl.SSLError if the broker's own certificate is not trusted."""
        self.paho.connect("127.0.0.1", self.port, keepalive=60)
        self.paho.loop_start()
        return self

    def is_in(self) -> Client:
        """Connects, and waits for the broker's yes."""
        self.open()
        until(lambda: self.connected or self.closed.is_set(), "the connection")
        assert self.connected, "the broker has closed the connection"
        return self

    def is_shut_out(self) -> None:
        """Waits until the broker has hung up, before or after it let the client in."""
        until(self.closed.is_set, "the end of the connection")

    def publishes(self, topic: str, payload: str | bytes = "{}", qos: int = 1, *, retain: bool = False) -> None:
        """Publishes, and waits for the acknowledgement."""
        mid = self.paho.publish(topic, payload, qos, retain).mid
        until(lambda: mid in self.acknowledged or self.closed.is_set(), "the acknowledgement")
        assert mid in self.acknowledged, "the broker has closed the connection"

    def subscribes(self, topic_filter: str, qos: int = 1) -> int:
        """The broker's answer: the QoS, or 128."""
        mid = self.paho.subscribe(topic_filter, qos)[1]
        until(lambda: mid in self.granted or self.closed.is_set(), "the answer to SUBSCRIBE")
        assert mid in self.granted, "the broker has closed the connection"
        return self.granted[mid][0]

    def received(self, count: int) -> list[tuple[str, bytes]]:
        until(lambda: len(self.messages) >= count, f"message {count}")
        return [(message.topic, bytes(message.payload)) for message in self.messages]

    def leaves(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def breaks(self) -> None:
        """Loses its connection without a goodbye."""
        self.paho.loop_stop()
        sock = self.paho.socket()
        if sock is not None:
            sock.close()


@pytest.fixture
def broker(cloud: Cloud) -> Cloud:
    """A cloud that listens for MQTT."""
    cloud.service(Broker).start()
    return cloud


@pytest.fixture
def new_device(cloud: Cloud, tmp_path: pathlib.Path) -> c.Callable[..., Device]:
    """``new_device(name, *statements)``: a thing with a certificate and, if there are statements, a policy of that name."""

    def make(name: str, *statements: dict[str, t.Any]) -> Device:
        iot = cloud.client("iot")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CN of {name}")])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        request = csr.public_bytes(serialization.Encoding.PEM).decode()
        made = iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=True)
        device = Device(made["certificateArn"], made["certificateId"], tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        device.certificate.write_text(made["certificatePem"])
        device.key.write_bytes(key_pem(key))
        iot.create_thing(thingName=name)
        iot.attach_thing_principal(thingName=name, principal=device.arn)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iot.create_policy(policyName=name, policyDocument=document)
            iot.attach_policy(policyName=name, target=device.arn)
        return device

    return make


@pytest.fixture
def allow() -> c.Callable[..., dict[str, t.Any]]:
    """``allow("Publish", "topic/a")``: a statement on a resource of this account."""

    def make(action: str, resource: str, **more: t.Any) -> dict[str, t.Any]:
        return {"Effect": "Allow", "Action": f"iot:{action}", "Resource": f"arn:aws:iot:eu-central-1:123456789012:{resource}", **more}

    return make


@pytest.fixture
def anything() -> dict[str, t.Any]:
    return {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}


@pytest.fixture
def new_client(settings: Settings) -> c.Iterator[c.Callable[..., Client]]:
    """``new_client(device, client_id, ...)`` for the port of the settings; all are closed at the end."""
    clients: list[Client] = []

    def make(device: Device | None, client_id: str, **more: t.Any) -> Client:
        clients.append(Client(settings, device, client_id, **more))
        return clients[-1]

    yield make
    for client in clients:
        client.leaves()


@pytest.fixture
def eventually() -> c.Callable[[c.Callable[[], t.Any], str], t.Any]:
    return until
