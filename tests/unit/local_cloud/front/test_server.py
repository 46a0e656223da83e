# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud on its socket, driven by independent HTTP clients and by boto3 with nothing but its environment."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import http.client
import itertools
import json
import pathlib
import random
import threading
import time
import typing as t

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local_cloud import runfiles
from local_cloud.cli import environment
from local_cloud.control_client import Unreachable, ask
from local_cloud.front import log
from local_cloud.front.server import Server
from local_cloud.settings import Knobs, Settings

SCOPE = "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu-central-1/{}/aws4_request, SignedHeaders=host, Signature=0"


@dataclasses.dataclass
class Running:
    settings: Settings
    server: Server

    def request(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, dict(response.headers), response.read()
        finally:
            connection.close()

    def client(self, service: str, attempts: int = 1) -> t.Any:
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, inject_host_prefix=False)
        keys = {"aws_access_key_id": "AKIAX", "aws_secret_access_key": "x"}
        return boto3.client(service, region_name="eu-central-1", endpoint_url=self.settings.endpoint, config=config, **keys)


@pytest.fixture
def running(settings: Settings) -> c.Iterator[Running]:
    """The chance of its faults is the same in every run."""
    lock = runfiles.Lock(settings.home)
    assert lock.take()
    server = Server(settings, random.Random(7))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while runfiles.running(settings.home) is None and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    yield Running(settings, server)
    server.stop()
    thread.join(30)
    lock.close()
    assert not thread.is_alive()


def test_boto3_needs_only_the_environment(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in environment(running.settings).items():
        monkeypatch.setenv(name, value)
    assert boto3.client("iottwinmaker").list_workspaces()["workspaceSummaries"] == []
    assert boto3.client("timestream-write").list_databases()["Databases"] == []
    assert boto3.client("sts").get_caller_identity()["Account"] == running.settings.account
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="models", Key="a b/ü", Body=b"x" * 2_000_000)
    assert s3.head_object(Bucket="models", Key="a b/ü")["ContentLength"] == 2_000_000
    assert s3.get_object(Bucket="models", Key="a b/ü", Range="bytes=0-4")["Body"].read() == b"xxxxx"
    s3.delete_object(Bucket="models", Key="a b/ü")
    s3.delete_bucket(Bucket="models")


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"sec_fetch_site": "cross-site"}])
def test_web_pages_are_kept_out_of_everything(running: Running, headers: dict[str, str]) -> None:
    token = runfiles.token(running.settings.home)
    for path, signature in (
        ("/workspaces-list", {"authorization": SCOPE.format("iottwinmaker")}),
        ("/_local-cloud/reset", {"x_local_cloud_token": token}),
    ):
        status, answered, _ = running.request("POST", path, "{}", **signature, **headers)
        assert status == 403
        assert not any(name.lower().startswith("access-control") for name in answered)


def test_the_control_api_asks_for_its_token(running: Running) -> None:
    for token in ("", "wrong"):
        status, _, body = running.request("POST", "/_local-cloud/reset", "{}", x_local_cloud_token=token)
        assert status == 403
        assert b"token" in body
    assert (running.settings.home / "run" / "token").stat().st_mode & 0o077 == 0


def test_every_call_is_logged_without_its_contents(running: Running) -> None:
    iam = running.client("iam")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="very-secret-name", AssumeRolePolicyDocument=trust)
    with pytest.raises(ClientError):
        iam.get_role(RoleName="nobody")
    running.request("GET", "/")
    entries = [entry for _, entry in log.read(running.settings.home)]
    shown = [(entry.service, entry.operation, entry.status, entry.principal) for entry in entries]
    assert shown == [("iam", "CreateRole", 200, "account"), ("iam", "GetRole", 404, "account"), ("-", "GET /", 403, "account")]
    assert b"very-secret-name" not in b"".join(path.read_bytes() for path in running.settings.home.glob("requests.sqlite*"))


def test_status_counts_requests_and_resources(running: Running) -> None:
    running.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    status = ask(running.settings.home, "status")
    assert (status["requests"], status["resources"]["s3.bucket"], status["endpoint"]) == (1, 1, running.settings.endpoint)
    assert status["knobs"] == dataclasses.asdict(Knobs())


def test_latency_and_settle_are_set_while_it_runs(running: Running) -> None:
    answer = ask(running.settings.home, "set", {"latency": "0.05", "settle": "3"})
    assert answer == {"knobs": dataclasses.asdict(Knobs(latency=0.05, settle=3)), "changed": True}
    assert not ask(running.settings.home, "set", {"settle": "3"})["changed"]
    assert running.server.cloud.settings.knobs.settle == 3
    running.client("iam").list_roles()
    (entry,) = [entry for _, entry in log.read(running.settings.home)]
    assert entry.milliseconds >= 50
    with pytest.raises(Unreachable, match="There is no knob 'speed'"):
        ask(running.settings.home, "set", {"speed": "1"})


def test_metadata_of_objects_come_back_in_lower_case_as_from_aws(running: Running) -> None:
    s3 = running.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="models", Key="plant.glb", Body=b"x", Metadata={"Sha256": "X-Amz-Meta-A: 1"})
    assert s3.head_object(Bucket="models", Key="plant.glb")["Metadata"] == {"sha256": "X-Amz-Meta-A: 1"}


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("iottwinmaker", "list_workspaces", "ThrottlingException", 429),
        ("timestream-write", "list_databases", "ThrottlingException", 400),
        ("cloudformation", "list_stacks", "Throttling", 400),
        ("s3", "list_buckets", "SlowDown", 503),
    ],
)
def test_too_many_calls_are_throttled_in_each_protocols_form(
    running: Running, service: str, operation: str, code: str, status: int
) -> None:
    client = running.client(service)
    ask(running.settings.home, "set", {"rate": 0.001})
    getattr(client, operation)()
    with pytest.raises(ClientError) as failure:
        getattr(client, operation)()
    answer = failure.value.response
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == (code, "Rate exceeded")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"


def test_faults_are_errors_throttles_and_cut_connections_and_retries_overcome_them(running: Running) -> None:
    ask(running.settings.home, "set", {"faults": 0.5})
    seen = set()
    client = running.client("iam")
    for _ in range(60):
        try:
            client.list_roles()
        except ClientError as failure:
            seen.add(str(failure.response["ResponseMetadata"]["HTTPStatusCode"]))
        except ConnectionClosedError:
            seen.add("cut")
        else:
            seen.add("answered")
    assert seen == {"500", "400", "cut", "answered"}
    patient = running.client("iottwinmaker", attempts=12)
    for _ in range(5):
        assert patient.list_workspaces()["workspaceSummaries"] == []
    statuses = [entry.status for _, entry in log.read(running.settings.home)]
    assert statuses.count(0) > 0


def test_a_connection_cut_after_the_work_leaves_the_work_done(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    for fault, made in (("cut-before", False), ("cut-after", True)):
        with monkeypatch.context() as patch:
            patch.setattr("local_cloud.front.knobs.Moods.fault", lambda *_, fault=fault: fault)
            with pytest.raises(ConnectionClosedError):
                running.client("iam").create_role(RoleName=fault, AssumeRolePolicyDocument=trust)
        names = [role["RoleName"] for role in running.client("iam").list_roles()["Roles"]]
        assert (fault in names) is made


def test_calls_that_wait_for_functions_leave_threads_for_what_functions_ask(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, perform = threading.Event(), running.server.cloud.front.perform

    def wait_as_for_a_function(call: t.Any) -> t.Any:
        if call.operation == "GetPropertyValueHistory":
            assert answered.wait(60)
        return perform(call)

    def read(client: t.Any) -> str:
        try:
            client.get_property_value_history(workspaceId="plant", selectedProperties=["kW"], endTime="2026-01-01T00:00:00Z")
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return "read"

    monkeypatch.setattr(running.server.cloud.front, "perform", wait_as_for_a_function)
    clients = [running.client("iottwinmaker") for _ in range(40)]
    tables = running.client("dynamodb")
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        reads = [pool.submit(read, client) for client in clients]
        try:
            refused = [one.result() for one in itertools.islice(concurrent.futures.as_completed(reads, 60), 16)]
            assert refused == ["ThrottlingException"] * 16
            assert tables.list_tables()["TableNames"] == []
        finally:
            answered.set()
    assert [one.result() for one in reads].count("ResourceNotFoundException") == 24


def test_reset_empties_it_while_it_runs(running: Running) -> None:
    ask(running.settings.home, "set", {"settle": 2})
    s3 = running.client("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="models", Key="a", Body=b"x" * 20_000)
    running.client("timestream-write").create_database(DatabaseName="plant")
    ask(running.settings.home, "reset", timeout=60)
    assert s3.list_buckets()["Buckets"] == []
    assert running.client("timestream-write").list_databases()["Databases"] == []
    assert not (running.settings.home / "objects").exists()
    assert running.server.cloud.settings.knobs.settle == 2
    assert ask(running.settings.home, "status")["pid"]


def test_of_sixteen_who_create_the_same_database_one_wins(running: Running) -> None:
    def create(_: int) -> str:
        try:
            running.client("timestream-write").create_database(DatabaseName="plant")
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return "made"

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(create, range(16)))
    assert sorted(outcomes) == ["ConflictException"] * 15 + ["made"]


def test_hundreds_of_clients_may_keep_their_connections(running: Running) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", running.settings.port, timeout=30) for _ in range(300)]
    headers = {"authorization": SCOPE.format("iottwinmaker")}
    for _ in range(2):
        for connection in connections:
            connection.request("POST", "/workspaces-list", "{}", headers)
            assert connection.getresponse().read() == b'{"workspaceSummaries": []}'
    for connection in connections:
        connection.close()


def test_files_of_the_home_are_for_the_owner(running: Running, tmp_path: pathlib.Path) -> None:
    assert running.settings.home.is_relative_to(tmp_path)
    assert running.settings.home.stat().st_mode & 0o077 == 0
    assert (running.settings.home / "pid").read_text().strip().isdigit()
