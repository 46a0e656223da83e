# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""refused_reading_info against the local cloud's S3."""

from __future__ import annotations

import base64
import collections.abc as c
import json
import pathlib
import time
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import BUCKET, furnished


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    with furnished(tmp_path / "cloud") as made:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
        yield made


def put(cloud: Cloud, payload: bytes, age: float, folder: str = "refused") -> None:
    """An object as the rules write them, so many seconds ago."""
    key = f"{folder}/{int((time.time() - age) * 1000)}-{len(payload)}.json"
    said = {"reason": "no value of a meter"} if folder == "refused" else {"failures": [{"errorMessage": "Type mismatch"}]}
    document = {"clientId": "gw", "base64OriginalPayload": base64.b64encode(payload).decode(), **said}
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())


def test_what_was_refused_since_a_time(cloud: Cloud, run: t.Any) -> None:
    put(cloud, b'{"panelId": "a", "meterId": "1"}', age=7200)
    put(cloud, b'{"panelId": "b", "meterId": "1"}', age=60)
    put(cloud, b'{"panelId": "b", "meterId": "1"}', age=60, folder="readings")
    put(cloud, b'{"panelId": "b", "meterId": "22"}', age=60, folder="readings")
    result = run("refused_reading_info", bucket=BUCKET, start_time="-1h")
    assert (result["changed"], result["complete"]) == (False, True)
    found = {(one["panel_id"], one["meter_id"]): (one["reason"], one["count"]) for one in result["readings"]}
    assert found == {("b", "1"): ("no value of a meter", 1), ("b", "22"): ("Type mismatch", 1)}
    assert len(result["table"]) == 4
    assert len(run("refused_reading_info", bucket=BUCKET, start_time="-1d")["readings"]) == 3
    assert run("refused_reading_info", bucket=BUCKET, start_time="now")["readings"] == []


def test_more_than_the_limit_is_said(cloud: Cloud, run: t.Any) -> None:
    for number in range(4):
        put(cloud, b" " * number, age=60)
    result = run("refused_reading_info", bucket=BUCKET, limit=3)
    assert (result["complete"], sum(one["count"] for one in result["readings"])) == (False, 3)
    assert run("refused_reading_info", bucket=BUCKET, limit=4)["complete"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"bucket": "no-such-bucket"}, "Failed to list what bucket 'no-such-bucket' holds"),
        ({"start_time": "yesterday"}, "start_time: 'yesterday' is no point in time"),
        ({"limit": 0}, "limit: 0 is too little; give 1 or more."),
    ],
)
def test_a_failure_is_one_sentence(cloud: Cloud, run: t.Any, options: dict[str, t.Any], sentence: str) -> None:
    result = run("refused_reading_info", **{"bucket": BUCKET, **options})
    assert result["msg"].startswith(sentence) and "\n" not in result["msg"]
