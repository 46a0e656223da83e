# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CBOR: what it says, it says as every reader of it, and what is no CBOR is refused."""

from __future__ import annotations

import typing as t

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_cloud.cloud import Cloud
from local_cloud.protocol import cbor
from local_cloud.protocol.http import HttpRequest, HttpResponse

VALUES: st.SearchStrategy[t.Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
@settings(max_examples=300)
def test_what_is_written_is_read(value: t.Any) -> None:
    assert cbor.loads(cbor.dumps(value)) == value


# From appendix A of RFC 8949.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("00", 0),
        ("1903e8", 1000),
        ("3903e7", -1000),
        ("1bffffffffffffffff", 18446744073709551615),
        ("f93e00", 1.5),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("c11a514b67b0", 1363896240.0),
        ("c1fb41d452d9ec200000", 1363896240.5),
        ("f4", False),
        ("f6", None),
        ("f7", None),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("a201020304", {1: 2, 3: 4}),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
        ("7f657374726561646d696e67ff", "streaming"),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
    ],
)
def test_the_examples_of_the_standard(text: str, value: t.Any) -> None:
    assert cbor.loads(bytes.fromhex(text)) == value


def test_a_moment_is_tagged() -> None:
    assert cbor.dumps(cbor.Moment(1363896240)).hex() == "c1fb41d452d9ec000000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "19",
        "62c3",
        "6261",
        "61ff",
        "8301",
        "ff",
        "81ff",
        "a1ff",
        "0000",
        "1c",
        "1f",
        "3f",
        "f8",
        "e0",
        "c0",
        "c101ff",
        "c161",
        "bf01ff",
        "a1f600a1",
        "d9d9f700",
    ],
)
def test_what_is_no_cbor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="CBOR"):
        cbor.loads(bytes.fromhex(text))


@given(st.binary())
@settings(max_examples=500)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        cbor.loads(data)
    except ValueError:
        pass


def test_depth_is_limited() -> None:
    with pytest.raises(ValueError, match="nested"):
        cbor.loads(b"\x81" * 100_000 + b"\x00")


def _send(cloud: Cloud, operation: str, body: bytes) -> HttpResponse:
    signed = "AWS4-HMAC-SHA256 Credential=AKIAX/20261123/eu-central-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"host": "localhost", "authorization": signed, "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    return cloud.front.handle(HttpRequest("POST", f"/service/GraniteServiceVersion20100801/operation/{operation}", "", headers, body))


@pytest.mark.parametrize("body", [b"\xff", b"\x01", b"\x9f"])
def test_a_body_that_is_no_map_is_refused_in_cbor(cloud: Cloud, body: bytes) -> None:
    response = _send(cloud, "DescribeAlarms", body)
    assert (response.status, response.headers["smithy-protocol"]) == (400, "rpc-v2-cbor")
    assert cbor.loads(response.body)["__type"] == "SerializationException"
    assert response.headers["x-amzn-query-error"] == "SerializationException;Sender"


def test_an_unknown_operation_is_refused_in_cbor(cloud: Cloud) -> None:
    response = _send(cloud, "DoSomething", b"\xa0")
    assert (response.status, cbor.loads(response.body)["__type"]) == (501, "NotImplemented")


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json", "query"])
def test_a_client_of_any_protocol_is_understood(cloud: Cloud, protocol: str) -> None:
    session = botocore.session.Session()
    session.set_credentials("AKIAX", "x")
    client = session.create_client("cloudwatch", region_name="eu-central-1", endpoint_url=cloud.settings.endpoint)
    model = client.meta.service_model
    model.metadata["protocols"] = [protocol]
    model.metadata["protocol"] = protocol
    client = session.create_client("cloudwatch", region_name="eu-central-1", endpoint_url=cloud.settings.endpoint)
    client.meta.events.register("before-send", cloud.clients.send)
    client.put_metric_data(Namespace="Plant", MetricData=[{"MetricName": "faults", "Value": 1.5}])
    assert client.list_metrics()["Metrics"] == [{"Namespace": "Plant", "MetricName": "faults", "Dimensions": []}]
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.delete_alarms(AlarmNames=["none"])
