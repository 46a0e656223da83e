# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that know nothing of this collection work against the local cloud, and what AWS refuses is refused."""

from __future__ import annotations

import datetime
import json
import pathlib
import subprocess
import sys
import time

import boto3
import pytest

from tests.integration.clients import device, latest, mosquitto
from tests.integration.conftest import SITE, LocalCloud

TOPIC = "energy/example-plant"


def iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_plain_boto3_needs_nothing_but_the_environment(deployed: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    assert [w["workspaceId"] for w in boto3.client("iottwinmaker").list_workspaces()["workspaceSummaries"]] == [f"{SITE}_workspace"]
    assert boto3.client("dynamodb").scan(TableName=f"{SITE}_energy", Select="COUNT")["Count"] >= 14


def test_the_aws_command_line_works(deployed: LocalCloud) -> None:
    program = pathlib.Path(sys.executable).parent / "aws"
    arguments = ["cloudformation", "describe-stacks", "--stack-name", SITE, "--query", "Stacks[0].StackStatus", "--output", "text"]
    done = subprocess.run([str(program), *arguments], env=deployed.environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "CREATE_COMPLETE"), done.stderr


def test_a_reading_from_mosquitto_pub_is_in_the_twin(deployed: LocalCloud) -> None:
    now = time.time()
    reading = {"panelId": "pv-rooftop", "meterId": 1, "timestamp": int(now * 1000), "v1": 231.5, "i1": 10.25, "kW": -2.25}
    with device(deployed, "third-party", TOPIC) as files:
        done = mosquitto("mosquitto_pub", deployed, files, "-q", "1", "-t", TOPIC, "-m", json.dumps(reading))
    assert done.returncode == 0, done.stderr
    assert [float(v) for v in latest(deployed, f"{SITE}_workspace", "pv-rooftop", "meter-1", "kW", iso(now - 1), iso(now + 1))] == [-2.25]


def test_a_reading_of_the_original_format_is_stamped_on_arrival(deployed: LocalCloud) -> None:
    before = time.time()
    reading = {"panelId": "pv-rooftop", "meterId": "2", "v1": 246.55, "i1": 0, "kW": 0}
    with device(deployed, "original-format", TOPIC) as files:
        done = mosquitto("mosquitto_pub", deployed, files, "-q", "1", "-t", TOPIC, "-m", json.dumps(reading))
    assert done.returncode == 0, done.stderr
    assert [
        float(v) for v in latest(deployed, f"{SITE}_workspace", "pv-rooftop", "meter-2", "v1", iso(before - 1), iso(time.time() + 1))
    ] == [246.55]


def test_a_subscriber_hears_the_readings(deployed: LocalCloud) -> None:
    command = [
        "mosquitto_sub",
        "-h",
        "127.0.0.1",
        "-p",
        str(deployed.mqtt_port),
        "--cafile",
        str(deployed.ca_file),
        "-t",
        TOPIC,
        "-C",
        "1",
        "-W",
        "30",
    ]
    with device(deployed, "listener", TOPIC) as ears, device(deployed, "speaker", TOPIC) as mouth:
        listener = subprocess.Popen(
            [*command, "--cert", str(ears.certificate), "--key", str(ears.key), "-i", "listener", "-q", "1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        # The subscriber says nothing when it is ready, so speak until it has heard.
        while listener.poll() is None:
            mosquitto("mosquitto_pub", deployed, mouth, "-q", "1", "-t", TOPIC, "-m", '{"panelId": "nobody", "meterId": "0"}')
        assert listener.stdout is not None
        assert json.loads(listener.stdout.read()) == {"panelId": "nobody", "meterId": "0"}


def test_a_client_without_a_certificate_is_refused(deployed: LocalCloud) -> None:
    done = mosquitto("mosquitto_pub", deployed, None, "-q", "1", "-t", TOPIC, "-m", "{}")
    assert done.returncode != 0


def test_a_client_id_that_the_policy_does_not_name_is_refused(deployed: LocalCloud) -> None:
    with device(deployed, "right-id", TOPIC) as files:
        assert mosquitto("mosquitto_pub", deployed, files, "-q", "1", "-t", TOPIC, "-m", "{}", client_id="wrong-id").returncode != 0


def test_a_topic_that_the_policy_does_not_name_is_refused(deployed: LocalCloud) -> None:
    """AWS closes the connection, so a publisher that waits for its PUBACK learns of it."""
    with device(deployed, "right-topic", TOPIC) as files:
        done = mosquitto("mosquitto_pub", deployed, files, "-q", "1", "-t", "energy/other", "-m", "{}")
    assert done.returncode != 0


def test_a_revoked_certificate_is_refused(deployed: LocalCloud) -> None:
    with device(deployed, "revoked", TOPIC) as files:
        deployed.client("iot").update_certificate(certificateId=files.certificate_id, newStatus="REVOKED")
        assert mosquitto("mosquitto_pub", deployed, files, "-q", "1", "-t", TOPIC, "-m", "{}").returncode != 0


def test_a_certificate_of_another_authority_is_refused(deployed: LocalCloud, tmp_path: pathlib.Path) -> None:
    own = tmp_path / "own.pem"
    key = tmp_path / "own.key"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            own,
            "-subj",
            "/CN=x",
        ],
        check=True,
        capture_output=True,
    )
    with device(deployed, "stranger", TOPIC) as files:
        strange = type(files)(files.client_id, own, key, files.certificate_id)
        assert mosquitto("mosquitto_pub", deployed, strange, "-q", "1", "-t", TOPIC, "-m", "{}").returncode != 0


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_a_browser_page_cannot_reach_the_cloud(deployed: LocalCloud, headers: dict[str, str]) -> None:
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{deployed.endpoint}/workspaces-list",
        data=b"{}",
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIALOCALCLOUD000000/20260101/eu-central-1/iottwinmaker/aws4_request",
            **headers,
        },
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403


def test_what_is_not_implemented_says_its_name(deployed: LocalCloud) -> None:
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as refused:
        deployed.client("ec2").describe_instances()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "ec2" in str(refused.value)
