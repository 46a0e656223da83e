# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Local clouds for the modules to work on, in this process."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import pathlib
import socket
import typing as t

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Knobs, Settings

BUCKET = "plant-twin"
ROLE = "arn:aws:iam::123456789012:role/twin"


def free_settings(home: pathlib.Path, knobs: Knobs | None = None) -> Settings:
    """Settings with ports that nobody listened on a moment ago."""
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
        return Settings(home=home, port=one.getsockname()[1], mqtt_port=other.getsockname()[1], knobs=knobs or Knobs())


class Clients(t.Protocol):
    """A cloud, in this process or in another one."""

    def client(self, service: str) -> t.Any: ...


def furnish(cloud: Clients) -> None:
    """Gives a cloud the bucket and the role of a workspace."""
    cloud.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    trust = [{"Effect": "Allow", "Principal": {"Service": "iottwinmaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    allow = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
    iam = cloud.client("iam")
    iam.create_role(RoleName="twin", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))
    iam.put_role_policy(RoleName="twin", PolicyName="bucket", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": allow}))


@contextlib.contextmanager
def furnished(home: pathlib.Path, knobs: Knobs | None = None) -> c.Iterator[Cloud]:
    """A cloud that does not listen."""
    cloud = build(free_settings(home, knobs))
    try:
        furnish(cloud)
        yield cloud
    finally:
        cloud.stop()


class Hooks:
    """What is called with the name of each operation, before each attempt to send its request and after its answer has come.

    before may give an answer of its own; the request is then not sent.
    """

    def __init__(self) -> None:
        self.before: c.Callable[[str], AWSResponse | None] | None = None
        self.after: c.Callable[[str], None] | None = None


def hooked(session: boto3.Session, cloud: Cloud, service: str, hooks: Hooks) -> t.Any:
    """A client of its own for each run, with the hooks around its calls."""
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example"}
    endpoint = {"region_name": "eu-central-1", "endpoint_url": cloud.settings.endpoint}
    client = session.client(service, config=Config(inject_host_prefix=False), **endpoint, **keys)

    def before(request: t.Any, event_name: str, **_event: t.Any) -> AWSResponse:
        answer = hooks.before(event_name.rpartition(".")[2]) if hooks.before else None
        return answer or cloud.clients.send(request)

    def after(event_name: str, **_event: t.Any) -> None:
        if hooks.after:
            hooks.after(event_name.rpartition(".")[2])

    client.meta.events.register("before-send", before)
    client.meta.events.register_last("response-received", after)
    return client
