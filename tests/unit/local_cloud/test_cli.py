# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line, as processes."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import typing as t

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud import runfiles
from local_cloud.settings import Settings

PROGRAM = pathlib.Path(runfiles.__file__).parents[1]


class Cli:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __call__(self, *arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "local_cloud", "--home", str(self.settings.home)]
        command += ["--port", str(self.settings.port), "--mqtt-port", str(self.settings.mqtt_port), *arguments]
        options = {"cwd": PROGRAM, "capture_output": True, "text": True, "check": False, "timeout": 90, **options}
        return t.cast("subprocess.CompletedProcess[str]", subprocess.run(command, **options))

    def pid(self) -> int:
        return int((self.settings.home / "pid").read_text())

    def client(self, service: str) -> t.Any:
        config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
        keys = {"aws_access_key_id": "AKIAX", "aws_secret_access_key": "x"}
        return boto3.client(service, region_name="eu-central-1", endpoint_url=self.settings.endpoint, config=config, **keys)


@pytest.fixture
def cli(settings: Settings) -> c.Iterator[Cli]:
    command = Cli(settings)
    yield command
    command("stop")


def test_its_life(cli: Cli) -> None:
    stopped = cli("status")
    assert (stopped.returncode, stopped.stdout) == (3, "The local cloud is not running.\n")
    started = cli("start")
    assert started.returncode == 0, started.stderr
    assert cli.settings.endpoint in started.stdout
    assert cli.client("iam").list_roles()["Roles"] == []
    pid = cli.pid()

    again = cli("start")
    assert (again.returncode, cli.pid()) == (0, pid)
    assert "already running" in again.stdout
    status = cli("status")
    assert status.returncode == 0
    assert f"running   {cli.settings.endpoint} (pid {pid})" in status.stdout
    assert json.loads(cli("status", "--json").stdout)["pid"] == pid
    assert "iam:ListRoles" in cli("log").stdout
    assert "iam:ListRoles" not in cli("log", "--service", "s3").stdout
    assert cli("set", "latency=0.5", "rate=9").stdout == "latency=0.5  rate=9  faults=0  settle=0  throttled=0  broken=0  new_account=0\n"
    wrong = cli("set", "latency=slow")
    assert (wrong.returncode, wrong.stderr) == (2, "local-cloud: The knob latency takes a number that is not negative, not 'slow'.\n")

    assert cli("stop").stdout == "The local cloud has stopped.\n"
    assert not (cli.settings.home / "pid").exists()
    again = cli("stop")
    assert (again.returncode, again.stdout) == (0, "The local cloud is not running.\n")
    assert cli("set", "latency=1").returncode == 3
    assert "iam:ListRoles" in cli("log").stdout
    assert cli("reset").stdout == "The local cloud is empty.\n"
    assert {path.name for path in cli.settings.home.iterdir()} == {"run"}


def test_of_two_starts_at_once_one_serves_both(cli: Cli) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _number: cli("start"), range(2)))
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]
    assert all(f"pid {cli.pid()}" in done.stdout for done in both)


def test_the_log_can_be_followed(cli: Cli) -> None:
    assert cli("start").returncode == 0
    command = [sys.executable, "-m", "local_cloud", "--home", str(cli.settings.home), "log", "--follow", "--service", "iam"]
    with subprocess.Popen(command, cwd=PROGRAM, stdout=subprocess.PIPE, text=True) as follower:
        try:
            cli.client("s3").list_buckets()
            cli.client("iam").list_roles()
            assert follower.stdout is not None
            assert "iam:ListRoles  account" in follower.stdout.readline()
        finally:
            follower.terminate()


def test_the_environment_is_for_shells_and_enough_for_the_aws_cli(cli: Cli) -> None:
    assert cli("start").returncode == 0
    aws = pathlib.Path(sys.executable).parent / "aws"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    script = (
        f'eval "$1"; {aws} iottwinmaker list-workspaces --query workspaceSummaries --output json && {aws} s3 mb s3://models && {aws} s3 ls'
    )
    done = subprocess.run(
        ["bash", "-euc", script, "bash", cli("env").stdout], env=inherited, capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["[]", "make_bucket: models"]
    assert done.stdout.rstrip().endswith(" models")


@pytest.mark.parametrize("which", ["port", "mqtt_port"])
def test_a_port_in_use_is_one_sentence(cli: Cli, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", getattr(cli.settings, which)))
        taken.listen()
        done = cli("start")
    port = getattr(cli.settings, which)
    option = "--" + which.replace("_", "-")
    expected = f"local-cloud: Port {port} of 127.0.0.1 cannot be used (Address already in use); choose another one with {option}.\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, expected, "")


def test_a_folder_with_other_things_is_left_alone(cli: Cli) -> None:
    cli.settings.home.mkdir()
    (cli.settings.home / "thesis.txt").write_text("precious")
    for command in (["start", "--foreground"], ["start"], ["reset"]):
        done = cli(*command)
        assert done.returncode == 2
        assert "is not empty and not a local cloud's home" in done.stderr
    assert [path.name for path in cli.settings.home.iterdir()] == ["thesis.txt"]


def test_wrong_arguments_are_explained(cli: Cli) -> None:
    for arguments in (["--port", "0", "status"], ["--port", "http", "status"], ["set", "latency"], ["dance"], []):
        done = cli(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_renew_restarts_for_other_ports_only(cli: Cli, settings: Settings) -> None:
    assert cli("start").returncode == 0
    pid = cli.pid()
    unchanged = cli("start", "--renew", "--json")
    assert json.loads(unchanged.stdout)["changed"] is False
    assert cli.pid() == pid
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        other = free.getsockname()[1]
    dry = cli("--port", str(other), "start", "--renew", "--json", "--dry-run")
    assert json.loads(dry.stdout) == {"changed": True, "message": "The local cloud would be restarted."}
    assert cli.pid() == pid
    assert json.loads(cli("--port", str(other), "start", "--renew", "--json").stdout)["changed"] is True
    assert cli.pid() != pid
    assert f"127.0.0.1:{other}" in cli("env").stdout


def test_dry_runs_change_nothing(cli: Cli) -> None:
    assert json.loads(cli("start", "--json", "--dry-run").stdout)["changed"] is True
    assert cli("status").returncode == 3
    assert json.loads(cli("stop", "--json", "--dry-run").stdout)["changed"] is False
    cli("start")
    assert json.loads(cli("start", "--json", "--dry-run", "--set", "latency=2").stdout)["changed"] is True
    assert json.loads(cli("status", "--json").stdout)["knobs"]["latency"] == 0
    assert json.loads(cli("start", "--json", "--set", "latency=0").stdout)["changed"] is False
    assert json.loads(cli("stop", "--json", "--dry-run").stdout)["changed"] is True
    assert cli("status").returncode == 0


def test_what_was_acknowledged_survives_kill_9_while_many_write(cli: Cli) -> None:
    """Four writers to four services; each notes what was acknowledged. All of it must be there after the restart, and the start needs no help."""
    assert cli("start").returncode == 0
    cli.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    table = {
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    }
    cli.client("dynamodb").create_table(TableName="t", BillingMode="PAY_PER_REQUEST", **table)
    writes: dict[str, c.Callable[[t.Any, str], t.Any]] = {
        "iam": lambda client, name: client.create_role(
            RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
        ),
        "s3": lambda client, name: client.put_object(Bucket="models", Key=name, Body=name.encode() * 5_000),
        "dynamodb": lambda client, name: client.put_item(TableName="t", Item={"a": {"S": name}}),
        "timestream-write": lambda client, name: client.create_database(DatabaseName=name),
    }
    acknowledged: dict[str, list[str]] = {service: [] for service in writes}

    def write(service: str) -> None:
        client = cli.client(service)
        with contextlib.suppress(BotoCoreError, ClientError):
            for number in range(100_000):
                writes[service](client, f"name-{number}")
                acknowledged[service].append(f"name-{number}")

    with concurrent.futures.ThreadPoolExecutor(len(writes)) as pool:
        done = [pool.submit(write, service) for service in writes]
        deadline = time.monotonic() + 60
        while min(map(len, acknowledged.values())) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(cli.pid(), signal.SIGKILL)
        for future in done:
            future.result(timeout=60)
    assert min(map(len, acknowledged.values())) >= 10

    assert cli("status").returncode == 3
    restarted = cli("start")
    assert restarted.returncode == 0, restarted.stderr
    s3 = cli.client("s3")
    found = {
        "iam": {role["RoleName"] for page in cli.client("iam").get_paginator("list_roles").paginate() for role in page["Roles"]},
        "s3": {
            entry["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket="models") for entry in page.get("Contents", [])
        },
        "dynamodb": {item["a"]["S"] for item in cli.client("dynamodb").scan(TableName="t")["Items"]},
        "timestream-write": set(),
    }
    token: dict[str, str] = {}
    while True:
        page = cli.client("timestream-write").list_databases(**token)
        found["timestream-write"] |= {database["DatabaseName"] for database in page["Databases"]}
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    for service, names in acknowledged.items():
        assert set(names) <= found[service], service
    last = acknowledged["s3"][-1]
    assert s3.get_object(Bucket="models", Key=last)["Body"].read() == last.encode() * 5_000


def test_a_stale_pid_file_does_not_matter(cli: Cli) -> None:
    assert cli("start").returncode == 0
    first = cli.pid()
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while cli("status").returncode != 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (cli.settings.home / "pid").exists()
    (cli.settings.home / "pid").write_text(f"{os.getpid()}\n")  # as if the number had gone to another process
    assert cli("stop").stdout == "The local cloud is not running.\n"
    assert cli("start").returncode == 0
    assert cli.pid() not in (first, os.getpid())


def test_the_data_of_another_moto_are_refused_and_reset_helps(cli: Cli) -> None:
    import sqlite3

    cli("start")
    cli("stop")
    db = sqlite3.connect(cli.settings.home / "moto.sqlite")
    db.execute("update stamp set moto = '1.2.3'")
    db.commit()
    db.close()
    done = cli("start")
    assert done.returncode == 2
    assert done.stderr.startswith("local-cloud: The local cloud's data was written with moto 1.2.3, but moto ")
    assert cli("reset").returncode == 0
    assert cli("start").returncode == 0


def test_what_sns_was_given_to_send_is_shown(cli: Cli) -> None:
    assert cli("start").returncode == 0
    assert cli("messages").stdout == "No messages.\n"
    topic = cli.client("sns").create_topic(Name="alarms")["TopicArn"]
    cli.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="operations@example.com")
    cli.client("sns").publish(TopicArn=topic, Subject="Plant", Message="no readings")
    first, second = json.loads(cli("messages", "--json").stdout)
    assert (first["recipients"], second["recipients"], second["message"]) == (["operations@example.com"], [], "no readings")
    shown = cli("messages").stdout
    assert "To: operations@example.com\n" in shown
    assert "To: nobody, as there is no confirmed subscription\nSubject: Plant\n\nno readings\n" in shown
