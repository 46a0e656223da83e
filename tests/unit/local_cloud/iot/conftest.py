# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for IoT Core."""

from __future__ import annotations

import collections.abc as c
import contextlib
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from local_cloud.cloud import Cloud


@pytest.fixture
def iot(cloud: Cloud) -> t.Any:
    return cloud.client("iot")


@pytest.fixture
def policy_document() -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]})


@pytest.fixture
def refused() -> c.Callable[[str], t.ContextManager[pytest.ExceptionInfo[ClientError]]]:
    """``with refused("ErrorCode") as error:`` - the block must end in that error."""

    @contextlib.contextmanager
    def expecting(code: str) -> c.Iterator[pytest.ExceptionInfo[ClientError]]:
        with pytest.raises(ClientError) as caught:
            yield caught
        assert caught.value.response["Error"]["Code"] == code

    return expecting
