# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Publishing over MQTT with mutual TLS, each message confirmed by the broker before it counts."""

from __future__ import annotations

import collections.abc as c
import contextlib
import ssl
import time
import traceback
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._reading.device import Device

PAHO_IMPORT_ERROR: str | None = None
try:
    import paho.mqtt.client as paho
except ImportError:
    PAHO_IMPORT_ERROR = traceback.format_exc()

# AWS closes the connection of a client with more than 100 messages in flight.
MAX_IN_FLIGHT = 90
CONNECT_RETRY_SECONDS = 1.0


class BrokerError(Exception):
    """The broker could not be reached, refused the client, or did not confirm; the text is a sentence for the user."""


def publish(device: Device, topic: str, payloads: c.Sequence[str], *, ca_file: str | None, timeout: float) -> None:
    """Publish each payload with QoS 1 and return when every one is confirmed (PUBACK).

    timeout: seconds for all of it. A fresh policy takes a moment to reach every broker, so a refusal is tried again until then.
    Raises BrokerError.
    """
    deadline = time.monotonic() + timeout
    remaining = list(payloads)
    while True:
        try:
            remaining = _publish_once(device, topic, remaining, ca_file, deadline)
        except BrokerError:
            if time.monotonic() + CONNECT_RETRY_SECONDS >= deadline:
                raise
            time.sleep(CONNECT_RETRY_SECONDS)
            continue
        if not remaining:
            return
        if time.monotonic() >= deadline:
            raise BrokerError(
                f"the broker {device.host}:{device.port} closed the connection before it had confirmed {len(remaining)} of {len(payloads)} messages"
                f" on topic '{topic}': it does so when a policy forbids the topic"
            )
        time.sleep(CONNECT_RETRY_SECONDS)


def _publish_once(device: Device, topic: str, payloads: c.Sequence[str], ca_file: str | None, deadline: float) -> list[str]:
    """One connection; gives the payloads that were not confirmed."""
    client = _connect(device, ca_file, deadline)
    try:
        sent = [(payload, client.publish(topic, payload, qos=1)) for payload in payloads]
        for _payload, message in sent:
            while not message.is_published() and client.is_connected() and time.monotonic() < deadline:
                with contextlib.suppress(RuntimeError, ValueError):
                    message.wait_for_publish(timeout=0.2)
        return [payload for payload, message in sent if not message.is_published()]
    finally:
        client.disconnect()
        client.loop_stop()


def _connect(device: Device, ca_file: str | None, deadline: float) -> t.Any:
    outcome: list[str] = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=device.client_id, protocol=paho.MQTTv311)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: outcome.append("" if not reason.is_failure else str(reason))
    client.on_disconnect = lambda _client, _data, _flags, reason, _properties: outcome.append(str(reason))
    client.max_inflight_messages_set(MAX_IN_FLIGHT)
    where = f"the broker {device.host}:{device.port}"
    try:
        client.tls_set(
            ca_certs=ca_file, certfile=str(device.certificate_file), keyfile=str(device.key_file), tls_version=ssl.PROTOCOL_TLS_CLIENT
        )
        client.connect(device.host, device.port, keepalive=30)
    except FileNotFoundError:
        raise BrokerError(f"the CA file '{ca_file}' does not exist; give the root certificate of {where}") from None
    except ssl.SSLCertVerificationError as error:
        raise BrokerError(f"the certificate of {where} is not trusted ({error.verify_message}); give the right CA file") from None
    except (ssl.SSLError, OSError) as error:
        raise BrokerError(f"{where} cannot be reached: {error}") from None
    client.loop_start()
    while not outcome and time.monotonic() < deadline:
        time.sleep(0.01)
    if outcome and outcome[0] == "":
        return client
    client.loop_stop()
    if not outcome:
        raise BrokerError(f"{where} did not answer the CONNECT in time")
    raise BrokerError(f"{where} refused the client '{device.client_id}': {outcome[0]}")
