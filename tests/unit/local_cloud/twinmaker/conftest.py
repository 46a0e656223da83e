# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a workspace with its role and bucket, a settable clock, and functions to connect to."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import types
import typing as t

import botocore.exceptions
import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings

WORKSPACE = "plant"
BUCKET = "plant-twin"
S3_LOCATION = f"arn:aws:s3:::{BUCKET}"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:reader"
METER_TYPE = "com.example.energymeter"

Client = t.Any
Refuses = c.Callable[..., contextlib.AbstractContextManager[t.Any]]


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*actions: str, resources: c.Sequence[str] = ("*",)) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(cloud: Cloud) -> None:
    """A role with which a workspace in ``BUCKET`` can be made and the function of ``functions`` invoked."""
    iam = cloud.client("iam")
    iam.create_role(RoleName="twin", AssumeRolePolicyDocument=trust("iottwinmaker.amazonaws.com"))
    actions = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "lambda:InvokeFunction")
    document = policy(*actions, resources=(f"{S3_LOCATION}/*", FUNCTION_ARN))
    iam.put_role_policy(RoleName="twin", PolicyName="twin", PolicyDocument=document)


def remove_roles(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=name)
        iam.delete_role(RoleName=role["RoleName"])


@pytest.fixture(scope="module")
def shared_cloud(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    """One cloud for a file of tests, with the bucket and the role of its workspaces: to make one takes longer than a test."""
    made = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    made.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    make_role(made)
    yield made
    made.stop()


@pytest.fixture
def cloud(shared_cloud: Cloud) -> c.Iterator[Cloud]:
    """A cloud with an empty bucket, the one role, and nothing in IoT TwinMaker."""
    settings, iam = shared_cloud.settings, shared_cloud.moto.version("iam")
    yield shared_cloud
    shared_cloud.settings = settings
    with shared_cloud.store.transaction() as db:
        db.execute("delete from records where kind like 'twinmaker.%'")
    s3 = shared_cloud.client("s3")
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    if shared_cloud.moto.version("iam") != iam:
        remove_roles(shared_cloud)
        make_role(shared_cloud)


@pytest.fixture
def tm(cloud: Cloud) -> Client:
    return cloud.client("iottwinmaker")


@pytest.fixture
def role(cloud: Cloud) -> str:
    """ARN of the role of ``make_role``."""
    return f"arn:aws:iam::{cloud.settings.account}:role/twin"


@pytest.fixture
def workspace(tm: Client, role: str) -> str:
    tm.create_workspace(workspaceId=WORKSPACE, role=role, s3Location=S3_LOCATION)
    return WORKSPACE


@pytest.fixture
def meter_type(tm: Client, workspace: str) -> str:
    """A component type with time series of its own, two required external ids and a reader."""
    tm.create_component_type(workspaceId=workspace, **meter_definition())
    return METER_TYPE


def meter_definition() -> dict[str, t.Any]:
    ids = {name: {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True} for name in ("panelId", "meterId")}
    series = {name: {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True} for name in ("kW", "v1")}
    return {
        "componentTypeId": METER_TYPE,
        "propertyDefinitions": {**ids, **series},
        "functions": {"dataReader": {"implementedBy": {"lambda": {"arn": FUNCTION_ARN}}}},
    }


def meter(panel: str, number: str) -> dict[str, t.Any]:
    """A component of ``METER_TYPE`` as CreateEntity takes it."""
    values = {"panelId": {"value": {"stringValue": panel}}, "meterId": {"value": {"stringValue": number}}}
    return {"componentTypeId": METER_TYPE, "properties": values}


@pytest.fixture
def refuses() -> Refuses:
    """A block in which the service must answer with this error, and a message that contains this."""

    @contextlib.contextmanager
    def block(code: str, message: str = "", status: int | None = None) -> c.Iterator[None]:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            yield
        response = caught.value.response
        assert response["Error"]["Code"] == code, response["Error"]
        assert message in response["Error"]["Message"]
        if status is not None:
            assert response["ResponseMetadata"]["HTTPStatusCode"] == status

    return block


@dataclasses.dataclass
class Clock:
    """The cloud's time; it stands still until it is told to go on."""

    now: float

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(cloud.now())
    monkeypatch.setattr(cloud, "now", clock)
    return clock


@pytest.fixture
def slow(cloud: Cloud, clock: Clock) -> Clock:
    """Lets everything asynchronous take 10 seconds of the clock."""
    cloud.settings = dataclasses.replace(cloud.settings, knobs=dataclasses.replace(cloud.settings.knobs, settle=10.0))
    return clock


class Functions:
    """Stands in for the Lambda room: answers as it is told, and keeps the events."""

    def __init__(self) -> None:
        self.events: list[dict[str, t.Any]] = []
        self.answer: t.Any = {"propertyValues": []}
        self.error = False
        self.timed_out = False

    def invoke_function(self, arn: str, payload: t.Any) -> t.Any:
        assert arn == FUNCTION_ARN
        self.events.append(json.loads(json.dumps(payload)))
        answer = self.answer(payload) if callable(self.answer) else self.answer
        return types.SimpleNamespace(payload=answer, error=self.error, timed_out=self.timed_out, log="")


@pytest.fixture
def functions(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Functions:
    functions = Functions()
    monkeypatch.setattr(cloud, "service", lambda _: functions)
    return functions
