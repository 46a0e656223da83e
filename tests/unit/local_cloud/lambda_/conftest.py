# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one cloud for a file of tests, a role for its functions, and functions made from a source text."""

from __future__ import annotations

import collections.abc as c
import itertools
import typing as t

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings
from tests.unit.local_cloud.clients import make_role
from tests.unit.local_cloud.lambda_.functions import Function, Make, zipped

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    made = build(Settings(home=tmp_path_factory.mktemp("cloud")))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def role(cloud: Cloud) -> str:
    return make_role(cloud.client("iam"), "reader", "lambda", {"Effect": "Allow", "Action": "logs:*", "Resource": "*"})


@pytest.fixture
def make(cloud: Cloud, role: str) -> Make:
    def make_function(source: str, handler: str = "index.handler", **configuration: t.Any) -> Function:
        client = cloud.client("lambda")
        name = f"function-{next(_numbers)}"
        created = client.create_function(
            FunctionName=name,
            **{"Runtime": "python3.13", "Role": role, "Handler": handler, "Code": {"ZipFile": zipped(source)}, **configuration},
        )
        return Function(client, name, created["FunctionArn"])

    return make_function
