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


def furnish(cloud: Cloud) -> None:
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
