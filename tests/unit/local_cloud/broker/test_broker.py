# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker, from outside, with paho: who gets in, who may do what, and what is delivered."""

from __future__ import annotations

import collections.abc as c
import datetime
import pathlib
import socket
import ssl
import threading
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_cloud.broker import Broker, Publication
from local_cloud.broker.connection import patience
from local_cloud.cloud import Cloud
from local_cloud.services.iot.authority import key_pem, pem

Statement = dict[str, t.Any]
pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def device(new_device: t.Any, anything: Statement) -> t.Any:
    """A device that may do anything."""
    return new_device("gw-1", anything)


@pytest.fixture
def new_broker() -> c.Callable[[Cloud], Broker]:
    """Puts a new broker in the place of the cloud's, as a restart does."""

    def make(cloud: Cloud) -> Broker:
        second = Broker(cloud)
        cloud.services[cloud.services.index(cloud.service(Broker))] = second
        return second

    return make


# ---- Who gets in


def test_a_registered_certificate_gets_in(new_client: t.Any, device: t.Any) -> None:
    assert new_client(device, "gw-1").is_in().connected == [False]


def test_no_certificate(new_client: t.Any) -> None:
    client = new_client(None, "gw-1").open()
    client.is_shut_out()
    assert client.connected == []


def test_a_certificate_of_another_authority(new_client: t.Any, device: t.Any, tmp_path: pathlib.Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gw-1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - datetime.timedelta(1), now + datetime.timedelta(1))
    device.certificate.write_bytes(pem(builder.sign(key, hashes.SHA256())))
    device.key.write_bytes(key_pem(key))
    client = new_client(device, "gw-1").open()
    client.is_shut_out()
    assert client.connected == []


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_that_is_not_active(broker: Cloud, new_client: t.Any, device: t.Any, status: str) -> None:
    broker.client("iot").update_certificate(certificateId=device.identifier, newStatus=status)
    client = new_client(device, "gw-1").open()
    client.is_shut_out()
    assert client.connected == []


def test_a_certificate_that_is_deleted(broker: Cloud, new_client: t.Any, device: t.Any) -> None:
    iot = broker.client("iot")
    iot.update_certificate(certificateId=device.identifier, newStatus="INACTIVE")
    iot.detach_thing_principal(thingName="gw-1", principal=device.arn)
    iot.delete_certificate(certificateId=device.identifier, forceDelete=True)
    client = new_client(device, "gw-1").open()
    client.is_shut_out()
    assert client.connected == []


def test_deactivation_ends_a_connection(broker: Cloud, new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    broker.client("iot").update_certificate(certificateId=device.identifier, newStatus="INACTIVE")
    client.is_shut_out()


def test_clients_that_trust_another_authority_do_not_connect(new_client: t.Any, device: t.Any) -> None:
    with pytest.raises(ssl.SSLError):
        new_client(device, "gw-1", ca=device.certificate).open()


def test_tls_below_1_2_and_no_tls(broker: Cloud, device: t.Any) -> None:
    address = ("127.0.0.1", broker.settings.mqtt_port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(broker.settings.home / "ca.pem")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(address) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
    with socket.create_connection(address, timeout=10) as plain:
        plain.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a")
        answer = plain.recv(100)
        assert not answer.startswith(b"\x20")


# ---- Policies


def test_the_client_id_must_be_the_thing(new_client: t.Any, new_device: t.Any, allow: t.Any) -> None:
    statement = allow(
        "Connect", "client/${iot:Connection.Thing.ThingName}", Condition={"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}
    )
    device = new_device("gw-1", statement)
    new_client(device, "gw-1").is_in()
    other = new_client(device, "gw-2").open()
    other.is_shut_out()
    assert other.connected == []


def test_who_is_detached_from_the_thing_publishes_no_more(broker: Cloud, new_client: t.Any, new_device: t.Any, allow: t.Any) -> None:
    attached = {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    device = new_device("gw-1", allow("Connect", "client/*"), allow("Publish", "topic/energy/plant", Condition=attached))
    client = new_client(device, "gw-1").is_in()
    client.publishes("energy/plant")
    iot = broker.client("iot")
    (principal,) = iot.list_thing_principals(thingName="gw-1")["principals"]
    iot.detach_thing_principal(thingName="gw-1", principal=principal)
    client.paho.publish("energy/plant", "{}", 1)
    client.is_shut_out()


def test_no_policy_no_connection(new_client: t.Any, new_device: t.Any) -> None:
    client = new_client(new_device("gw-1"), "gw-1").open()
    client.is_shut_out()
    assert client.connected == []


def test_variables_of_the_certificate_and_the_thing(broker: Cloud, new_client: t.Any, new_device: t.Any, allow: t.Any) -> None:
    device = new_device(
        "gw-1",
        allow("Connect", "client/*", Condition={"StringEquals": {"iot:Certificate.Subject.CommonName": "CN of gw-1"}}),
        allow("Publish", "topic/${iot:Connection.Thing.Attributes[site]}/${iot:ClientId}"),
    )
    client = new_client(device, "gw-1").is_in()
    broker.client("iot").update_thing(thingName="gw-1", attributePayload={"attributes": {"site": "plant"}})
    client.publishes("plant/gw-1")
    client.paho.publish("office/gw-1", "{}", 1)
    client.is_shut_out()


def test_an_unauthorised_publish_ends_the_connection(new_client: t.Any, new_device: t.Any, allow: t.Any) -> None:
    client = new_client(new_device("gw-1", allow("Connect", "client/gw-1"), allow("Publish", "topic/energy/plant")), "gw-1").is_in()
    client.publishes("energy/plant")
    client.paho.publish("energy/office", "{}", 1)
    client.is_shut_out()
    assert len(client.acknowledged) == 1


def test_an_unauthorised_subscription_is_refused(new_client: t.Any, new_device: t.Any, allow: t.Any) -> None:
    device = new_device("gw-1", allow("Connect", "client/gw-1"), allow("Subscribe", "topicfilter/energy/*"))
    client = new_client(device, "gw-1").is_in()
    assert client.subscribes("energy/#") == 1
    assert client.subscribes("energy/plant", qos=0) == 0
    assert client.subscribes("#") == 128
    assert not client.closed.is_set()


def test_receiving_needs_leave_too(new_client: t.Any, new_device: t.Any, allow: t.Any, anything: Statement) -> None:
    reader = new_device("reader", allow("Connect", "client/reader"), allow("Subscribe", "topicfilter/*"), allow("Receive", "topic/open"))
    client = new_client(reader, "reader").is_in()
    client.subscribes("#")
    writer = new_client(new_device("writer", anything), "writer").is_in()
    writer.publishes("secret", "1")
    writer.publishes("open", "2")
    assert client.received(1) == [("open", b"2")]


def test_a_policy_that_changes_counts_at_once(broker: Cloud, new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    client.publishes("a")
    broker.client("iot").detach_policy(policyName="gw-1", target=device.arn)
    client.paho.publish("a", "{}", 1)
    client.is_shut_out()


@pytest.mark.parametrize(("clean", "gets_in"), [(True, True), (False, False)])
def test_connect_attributes(new_client: t.Any, new_device: t.Any, allow: t.Any, clean: bool, gets_in: bool) -> None:
    only = {"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}}
    client = new_client(new_device("gw-1", allow("Connect", "client/*", Condition=only)), "gw-1", clean=clean)
    client.paho.will_set("gone", "1", 1)
    if gets_in:
        client.is_in()
    else:
        client.open().is_shut_out()
    assert bool(client.connected) is gets_in


# ---- What AWS does not take


@pytest.mark.parametrize(
    ("topic", "qos", "retain", "size"),
    [
        pytest.param("a", 2, False, 1, id="QoS 2"),
        pytest.param("$aws/rules/r/a", 1, True, 1, id="retained Basic Ingest"),
        pytest.param("$aws/things/gw-1/shadow/update", 1, False, 1, id="reserved topic"),
        pytest.param("$SYS/broker", 0, False, 1, id="$SYS"),
        pytest.param("a/b/c/d/e/f/g/h/i", 1, False, 1, id="too many slashes"),
        pytest.param("x" * 257, 1, False, 1, id="too long a topic"),
        pytest.param("a", 1, False, 128 * 1024 + 1, id="too large"),
    ],
)
def test_publishes_that_end_the_connection(new_client: t.Any, device: t.Any, topic: str, qos: int, retain: bool, size: int) -> None:
    client = new_client(device, "gw-1").is_in()
    client.paho.publish(topic, b"x" * size, qos, retain)
    client.is_shut_out()
    # paho counts a message of QoS 0 as published when it is sent.
    assert len(client.acknowledged) == (1 if qos == 0 else 0)


def test_the_largest_message_and_the_longest_topic(new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    client.subscribes("#")
    client.publishes("x" * 256, b"x" * 128 * 1024)
    assert client.received(1) == [("x" * 256, b"x" * 128 * 1024)]


@pytest.mark.parametrize(("topic_filter", "qos"), [("a", 2), ("$aws/rules/r/#", 1), ("$SYS/#", 0), ("a/b/c/d/e/f/g/h/#", 1)])
def test_subscriptions_that_end_the_connection(new_client: t.Any, device: t.Any, topic_filter: str, qos: int) -> None:
    client = new_client(device, "gw-1").is_in()
    client.paho.subscribe(topic_filter, qos)
    client.is_shut_out()
    assert client.granted == {}


def test_other_versions_of_mqtt(broker: Cloud, device: t.Any) -> None:
    context = ssl.create_default_context(cafile=str(broker.settings.home / "ca.pem"))
    context.load_cert_chain(device.certificate, device.key)
    address = ("127.0.0.1", broker.settings.mqtt_port)
    for level in (5, 0x84):
        with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            tls.sendall(b"\x10\x0d\x00\x04MQTT" + bytes([level]) + b"\x02\x00\x3c\x00\x01a")
            assert tls.recv(100) == b"\x20\x02\x00\x01"


def test_nonsense_ends_the_connection(broker: Cloud, device: t.Any) -> None:
    context = ssl.create_default_context(cafile=str(broker.settings.home / "ca.pem"))
    context.load_cert_chain(device.certificate, device.key)
    address = ("127.0.0.1", broker.settings.mqtt_port)
    with socket.create_connection(address, timeout=10) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert tls.recv(100) == b""


# ---- Acknowledgements


def test_a_message_is_acknowledged_when_it_has_been_handled(
    broker: Cloud, new_client: t.Any, device: t.Any, eventually: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = broker.service(Broker)
    handled, may_go_on = threading.Event(), threading.Event()
    publish = service.publish

    def slow(*publications: Publication) -> None:
        handled.set()
        may_go_on.wait(10)
        publish(*publications)

    monkeypatch.setattr(service, "publish", slow)
    client = new_client(device, "gw-1").is_in()
    client.paho.publish("a", "1", 1)
    eventually(handled.is_set, "the message")
    client.subscribes("b")  # answered at once: what stands in between is not acknowledged yet
    assert client.acknowledged == []
    may_go_on.set()
    eventually(lambda: client.acknowledged, "the acknowledgement")


def test_a_message_that_cannot_be_handled_is_not_acknowledged(
    broker: Cloud, new_client: t.Any, device: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Publication) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(broker.service(Broker), "publish", broken)
    client = new_client(device, "gw-1").is_in()
    client.paho.publish("a", "1", 1)
    client.is_shut_out()
    assert client.acknowledged == []


# ---- Delivery


def test_messages_go_round(new_client: t.Any, device: t.Any, new_device: t.Any, anything: Statement) -> None:
    reader = new_client(new_device("reader", anything), "reader").is_in()
    reader.subscribes("energy/+/kW")
    writer = new_client(device, "gw-1").is_in()
    writer.publishes("energy/plant/kW", "1")
    writer.publishes("energy/plant/pf", "2")
    writer.publishes("energy/office/kW", "3", qos=0)
    assert reader.received(2) == [("energy/plant/kW", b"1"), ("energy/office/kW", b"3")]
    assert [message.qos for message in reader.messages] == [1, 0]


def test_a_message_comes_once_with_the_highest_qos(new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    client.subscribes("a/#", qos=0)
    client.subscribes("a/b", qos=1)
    client.publishes("a/b", "1")
    client.publishes("end/of/it", "2")
    client.subscribes("end")
    client.publishes("end", "3")
    assert client.received(2) == [("a/b", b"1"), ("end", b"3")]
    assert client.messages[0].qos == 1


def test_a_client_id_is_taken_over(new_client: t.Any, device: t.Any) -> None:
    first = new_client(device, "gw-1").is_in()
    second = new_client(device, "gw-1").is_in()
    first.is_shut_out()
    second.publishes("a")


def test_a_persistent_session_keeps_messages(new_client: t.Any, device: t.Any, new_device: t.Any, anything: Statement) -> None:
    reader_device = new_device("reader", anything)
    reader = new_client(reader_device, "reader", clean=False).is_in()
    assert reader.connected == [False]
    reader.subscribes("a", qos=1)
    reader.leaves()
    writer = new_client(device, "gw-1").is_in()
    for number in range(3):
        writer.publishes("a", str(number))
    writer.publishes("a", "dropped: QoS 0 is not kept", qos=0)
    again = new_client(reader_device, "reader", clean=False).is_in()
    assert again.connected == [True]
    assert again.received(3) == [("a", b"0"), ("a", b"1"), ("a", b"2")]
    writer.publishes("a", "3")
    assert again.received(4)[3:] == [("a", b"3")]
    again.leaves()
    fresh = new_client(reader_device, "reader", clean=True).is_in()
    assert fresh.connected == [False]


def test_what_is_not_acknowledged_comes_again(new_client: t.Any, device: t.Any, new_device: t.Any, anything: Statement) -> None:
    reader_device = new_device("reader", anything)
    reader = new_client(reader_device, "reader", clean=False)
    reader.paho.manual_ack_set(True)
    reader.is_in()
    reader.subscribes("a", qos=1)
    writer = new_client(device, "gw-1").is_in()
    writer.publishes("a", "1")
    writer.publishes("a", "2")
    reader.received(2)
    reader.paho.ack(reader.messages[0].mid, 1)
    reader.publishes("b")  # behind the acknowledgement, so that has arrived too
    reader.breaks()
    again = new_client(reader_device, "reader", clean=False).is_in()
    assert again.received(1) == [("a", b"2")]


def test_retained_messages(broker: Cloud, new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    client.publishes("state/a", "1", retain=True)
    client.publishes("state/a", "2", retain=True)
    client.subscribes("state/#")  # as on AWS, a wildcard gets no retained messages
    client.subscribes("state/a")
    assert client.received(1) == [("state/a", b"2")]
    assert client.messages[0].retain
    data = broker.client("iot-data")
    assert data.get_retained_message(topic="state/a")["payload"] == b"2"
    client.publishes("state/a", "", retain=True)
    assert data.list_retained_messages()["retainedTopics"] == []


@pytest.mark.parametrize(("end", "expected"), [("breaks", [("gone", b"gw-1")]), ("leaves", [("end", b"")])])
def test_the_will(new_client: t.Any, device: t.Any, new_device: t.Any, anything: Statement, end: str, expected: t.Any) -> None:
    reader = new_client(new_device("reader", anything), "reader").is_in()
    reader.subscribes("gone")
    reader.subscribes("end")
    client = new_client(device, "gw-1")
    client.paho.will_set("gone", "gw-1", 1)
    client.is_in()
    getattr(client, end)()
    if end == "leaves":
        new_client(device, "gw-1").is_in().publishes("end", "")
    assert reader.received(1) == expected


def test_unsubscribe(new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    client.subscribes("a")
    client.subscribes("b")
    client.paho.unsubscribe("a")
    client.publishes("a", "1")
    client.publishes("b", "2")
    assert client.received(1) == [("b", b"2")]


def test_too_many_subscriptions(new_client: t.Any, device: t.Any) -> None:
    client = new_client(device, "gw-1").is_in()
    assert [client.subscribes(f"t/{number}") for number in range(51)] == [1] * 50 + [128]


def test_the_publish_rate(broker: Cloud, new_client: t.Any, device: t.Any, eventually: t.Any) -> None:
    broker.service(Broker).publish_rate = 5
    client = new_client(device, "gw-1").is_in()
    client.subscribes("a")
    for number in range(50):
        client.paho.publish("a", str(number), 1)
    eventually(lambda: len(client.messages) >= 5, "the first five")
    assert [message.payload for message in client.messages[:5]] == [b"0", b"1", b"2", b"3", b"4"]
    client.subscribes("behind/all/publishes")
    assert len(client.acknowledged) < 50


@pytest.mark.parametrize(("keep_alive", "seconds"), [(60, 90), (1, 45), (5000, 1800), (0, 1800)])
def test_patience(keep_alive: int, seconds: float) -> None:
    assert patience(keep_alive) == seconds


def test_a_port_in_use_is_said_in_one_sentence(broker: Cloud) -> None:
    sentence = rf"MQTT cannot listen on 127\.0\.0\.1:{broker.settings.mqtt_port}: .*; choose another port or free it"
    with pytest.raises(OSError, match=sentence):
        Broker(broker).start()


def test_sessions_survive_the_process(broker: Cloud, new_client: t.Any, device: t.Any, new_broker: c.Callable[[Cloud], Broker]) -> None:
    reader = new_client(device, "gw-1", clean=False).is_in()
    reader.subscribes("a", qos=1)
    reader.breaks()
    broker.service(Broker).stop()
    # A new process over the same store: what is published now waits for the client.
    second = new_broker(broker)
    broker.client("iot-data").publish(topic="a", qos=1, payload=b"1")
    second.start()
    again = new_client(device, "gw-1", clean=False).is_in()
    assert again.connected == [True]
    assert again.received(1) == [("a", b"1")]
