# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities with method import, against the local cloud: whole, refused, half-done, killed, disturbed."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import datetime
import io
import json
import time
import typing as t
import urllib.parse

import boto3
import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from botocore.exceptions import ConnectionClosedError

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import transfer
from local_cloud.cloud import Cloud
from local_cloud.protocol.http import HttpRequest
from local_cloud.settings import Knobs
from tests.unit.plugins.modules.clouds import BUCKET, ROLE, Hooks, furnished, hooked

METER = "com.example.energymeter"
OWN_TYPE = {
    "componentTypeId": METER,
    "propertyDefinitions": {
        "panelId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True},
        "meterId": {"dataType": {"type": "STRING"}, "isRequiredInEntity": True},
        "rating": {"dataType": {"type": "DOUBLE"}},
        "feeds": {"dataType": {"type": "RELATIONSHIP"}},
    },
}


def meter(number: int, **properties: t.Any) -> dict[str, t.Any]:
    return {"componentTypeId": METER, "properties": {"panelId": "panel-1", "meterId": number, **properties}}


ENTITIES: list[dict[str, t.Any]] = [
    {
        "entity_id": "panel-1",
        "name": "Panel",
        "parent_entity_id": "hall-1",
        "components": {"meter-5": meter(5, rating=7, feeds={"value": {"relationshipValue": {"targetEntityId": "hall-1"}}})},
        "tags": {"a": "b"},
    },
    {"entity_id": "hall-1", "name": "Hall", "parent_entity_id": "site-1", "description": "One"},
    {"entity_id": "hall-2", "name": "Hall 2", "parent_entity_id": "site-1"},
    {"entity_id": "site-1", "name": "Site"},
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    with furnished(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def cloud(
    shared: Cloud, run: t.Any, session: boto3.Session, hooks: Hooks, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> c.Iterator[Cloud]:
    """A workspace with one component type and no entities, whose clients the module gets."""
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: hooked(session, shared, service, hooks))

    def fetch(url: str, **_options: t.Any) -> io.BytesIO:
        parts = urllib.parse.urlsplit(url)
        answer = shared.front.handle(HttpRequest("GET", parts.path, parts.query, {"host": parts.netloc}, b""))
        assert answer.status == 200
        return io.BytesIO(answer.body)

    monkeypatch.setattr(transfer, "open_url", fetch)
    settings = shared.settings
    empty(shared)
    yield shared
    shared.settings = settings


def empty(cloud: Cloud) -> None:
    """Leaves of the workspace what it is before the first run, and of the bucket nothing."""
    with cloud.store.transaction() as db:
        db.execute("delete from records where kind like 'twinmaker.%'")
    for key in keys(cloud):
        cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)
    twinmaker = cloud.client("iottwinmaker")
    twinmaker.create_workspace(workspaceId="plant", s3Location=f"arn:aws:s3:::{BUCKET}", role=ROLE)
    twinmaker.create_component_type(workspaceId="plant", **OWN_TYPE)


def keys(cloud: Cloud) -> list[str]:
    return [item["Key"] for item in cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def files(cloud: Cloud) -> list[str]:
    return [key for key in keys(cloud) if key.startswith("energytwin/")]


def tree(cloud: Cloud) -> dict[str, tuple[str, str]]:
    summaries = cloud.client("iottwinmaker").list_entities(workspaceId="plant")["entitySummaries"]
    return {one["entityId"]: (one["parentEntityId"], one["entityName"]) for one in summaries}


def jobs(cloud: Cloud) -> list[str]:
    found = cloud.client("iottwinmaker").list_metadata_transfer_jobs(sourceType="s3", destinationType="iottwinmaker", maxResults=200)
    return [job["metadataTransferJobId"] for job in found["metadataTransferJobSummaries"]]


@pytest.fixture
def arguments() -> dict[str, t.Any]:
    return {"workspace_id": "plant", "method": "import", "wait_timeout": 10, "import_timeout": 30}


def values(cloud: Cloud, entity_id: str) -> dict[str, t.Any]:
    """What an entity's components hold: {component: {property: value}}."""
    components = cloud.client("iottwinmaker").get_entity(workspaceId="plant", entityId=entity_id)["components"]
    return {
        name: {key: item["value"] for key, item in component["properties"].items() if "value" in item}
        for name, component in components.items()
    }


def test_creates_by_jobs_level_by_level(cloud: Cloud, three_times: t.Any, arguments: dict[str, t.Any]) -> None:
    result = three_times("twinmaker_entities", entities=ENTITIES, **arguments)
    assert result["import"] | {"jobs": len(result["import"]["jobs"])} == {"bucket": BUCKET, "entities": 4, "jobs": 3, "through_api": {}}
    assert [step["entity_id"] for step in result["done"]] == ["site-1", "hall-1", "hall-2", "panel-1"]
    expected = {"panelId": {"stringValue": "panel-1"}, "meterId": {"stringValue": "5"}, "rating": {"doubleValue": 7.0}}
    assert values(cloud, "panel-1") == {"meter-5": {**expected, "feeds": {"relationshipValue": {"targetEntityId": "hall-1"}}}}
    assert files(cloud) == []


def test_check_mode_tells_the_same_as_with_the_api_and_writes_nothing(cloud: Cloud, run: t.Any, arguments: dict[str, t.Any]) -> None:
    foretold = run("twinmaker_entities", check=True, entities=ENTITIES, **arguments)
    assert foretold["import"] == {"bucket": BUCKET, "entities": 4, "jobs": [], "through_api": {}}
    by_api = run("twinmaker_entities", check=True, entities=ENTITIES, workspace_id="plant")
    assert [foretold[key] for key in ("changed", "plan", "diff")] == [by_api[key] for key in ("changed", "plan", "diff")]
    assert tree(cloud) == {} and jobs(cloud) == [] and files(cloud) == []


def test_what_is_there_changes_through_the_api_and_keeps_what_is_not_listed(
    cloud: Cloud, run: t.Any, three_times: t.Any, arguments: dict[str, t.Any]
) -> None:
    run("twinmaker_entities", workspace_id="plant", entities=[*ENTITIES, {"entity_id": "old-1", "name": "Old"}])
    changed = [
        {**ENTITIES[0], "name": "Main panel", "components": {"meter-6": meter(6)}},
        *ENTITIES[1:],
        {"entity_id": "panel-2", "name": "Panel", "parent_entity_id": "hall-1"},
    ]
    result = three_times("twinmaker_entities", entities=changed, **arguments)
    assert result["import"]["entities"] == 1 and len(jobs(cloud)) == 1
    assert set(values(cloud, "panel-1")) == {"meter-5", "meter-6"}
    assert tree(cloud)["panel-2"] == ("hall-1", "Panel") and tree(cloud)["panel-1"] == ("hall-1", "Main panel")
    three_times("twinmaker_entities", entities=ENTITIES[1:], prune=True, **arguments)
    assert set(tree(cloud)) == {"site-1", "hall-1", "hall-2"}


def test_what_a_file_cannot_hold_is_created_through_the_api(cloud: Cloud, three_times: t.Any, arguments: dict[str, t.Any]) -> None:
    entities = [*ENTITIES[:1], {**ENTITIES[1], "name": "Gebäude"}, *ENTITIES[2:]]
    result = three_times("twinmaker_entities", entities=entities, **arguments)
    assert result["import"]["entities"] == 3 and list(result["import"]["through_api"]) == ["hall-1"]
    assert "'Gebäude'" in result["import"]["through_api"]["hall-1"]
    assert tree(cloud)["hall-1"] == ("site-1", "Gebäude")


def test_a_job_takes_no_more_entities_than_allowed(cloud: Cloud, three_times: t.Any, arguments: dict[str, t.Any]) -> None:
    assert len(three_times("twinmaker_entities", entities=ENTITIES, import_entities=1, **arguments)["import"]["jobs"]) == 4


def test_a_job_that_counts_failures_of_which_nothing_is_to_be_seen_is_a_warning(
    cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    bring = transfer.Imports.bring
    monkeypatch.setattr(transfer.Imports, "bring", lambda self, body: dataclasses.replace(bring(self, body), failed=1))
    result = run("twinmaker_entities", entities=ENTITIES, **arguments)
    assert not result.get("failed")
    assert any("could not bring in 1 entities, but every entity is there as it is wanted" in json.dumps(one) for one in result["warnings"])


def test_a_job_that_completes_with_failures_is_a_failure(cloud: Cloud, run: t.Any, arguments: dict[str, t.Any]) -> None:
    lacking = {"entity_id": "hall-2", "name": "Hall 2", "parent_entity_id": "site-1", "components": {"m": {"componentTypeId": METER}}}
    result = run("twinmaker_entities", entities=[*ENTITIES[:2], lacking, ENTITIES[3]], **arguments)
    assert result["failed"] and result["changed"]
    assert "1 of 4 steps failed, 2 are done and 1 were not begun" in result["msg"]
    (failed,) = result["failures"]
    assert failed["entity_id"] == "hall-2" and "could not bring in 1 entities; ValidationException: Property panelId" in failed["message"]
    assert result["not_begun"] == [{"action": "create", "entity_id": "panel-1"}]
    assert [step["entity_id"] for step in result["done"]] == ["site-1", "hall-1"]
    assert files(cloud) == []
    mended = run("twinmaker_entities", entities=ENTITIES, **arguments)
    assert [step["entity_id"] for step in mended["done"]] == ["hall-2", "panel-1"]


def test_a_report_that_cannot_be_read_leaves_the_names(
    cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str, **_options: t.Any) -> t.NoReturn:
        raise OSError(url)

    monkeypatch.setattr(transfer, "open_url", refuse)
    lacking = {"entity_id": "hall-2", "name": "Hall 2", "components": {"m": {"componentTypeId": METER}}}
    result = run("twinmaker_entities", entities=[lacking], **arguments)
    assert "entity 'hall-2' was not created: metadata transfer job" in result["msg"] and "gives no reason" in result["msg"]


def test_a_job_that_ends_in_error_names_the_reason(cloud: Cloud, run: t.Any, arguments: dict[str, t.Any]) -> None:
    iam = cloud.client("iam")
    policy = iam.get_role_policy(RoleName="twin", PolicyName="bucket")["PolicyDocument"]
    iam.delete_role_policy(RoleName="twin", PolicyName="bucket")
    try:
        result = run("twinmaker_entities", entities=ENTITIES, **arguments)
    finally:
        iam.put_role_policy(RoleName="twin", PolicyName="bucket", PolicyDocument=json.dumps(policy))
    assert "ended in state ERROR: Could not read s3://plant-twin/" in result["msg"]
    assert not result["changed"] and tree(cloud) == {} and files(cloud) == []


def test_an_entity_that_a_job_leaves_in_error_is_told_and_mended(cloud: Cloud, run: t.Any, arguments: dict[str, t.Any]) -> None:
    kind = cloud.settings
    cloud.settings = dataclasses.replace(kind, knobs=Knobs(broken=1))
    result = run("twinmaker_entities", entities=ENTITIES, **arguments)
    cloud.settings = kind
    assert "entity 'site-1' is in state ERROR: An internal failure occurred." in result["msg"]
    assert not run("twinmaker_entities", entities=ENTITIES, **arguments).get("failed")
    assert not run("twinmaker_entities", entities=ENTITIES, **arguments)["changed"]


def test_waits_for_the_job_of_a_killed_run_and_says_if_it_does_not_end(
    cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = cloud.settings
    cloud.settings = dataclasses.replace(kind, knobs=Knobs(settle=3600))
    result = run("twinmaker_entities", entities=ENTITIES, **{**arguments, "import_timeout": 1})
    assert "is still in state VALIDATING after 1 s and goes on" in result["msg"] and len(jobs(cloud)) == 1
    result = run("twinmaker_entities", entities=ENTITIES, **{**arguments, "import_timeout": 1})
    assert f"metadata transfer jobs '{jobs(cloud)[0]}' into workspace 'plant' have not ended after 1 s" in result["msg"]
    cloud.settings = kind
    monkeypatch.setattr(cloud, "now", lambda: time.time() + 4000)
    result = run("twinmaker_entities", entities=ENTITIES, **arguments)
    assert [step["entity_id"] for step in result["plan"]] == ["hall-1", "hall-2", "panel-1"]
    assert files(cloud) == []


def test_the_answer_to_the_creation_of_a_job_is_lost(cloud: Cloud, three_times: t.Any, arguments: dict[str, t.Any], hooks: Hooks) -> None:
    """The request is sent again, and meets its own job."""
    lost: list[str] = []

    def lose(operation: str) -> None:
        if operation == "CreateMetadataTransferJob" and len(lost) % 2 == 0:
            lost.append(operation)
            raise ConnectionClosedError(endpoint_url="here")
        if operation == "CreateMetadataTransferJob":
            lost.append(operation)

    hooks.after = lose
    three_times("twinmaker_entities", entities=ENTITIES, **arguments)
    assert len(lost) == 6 and len(jobs(cloud)) == 3


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_any_call_the_next_run_finishes(
    cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], hooks: Hooks, killed: t.Any, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for last in range(200):
        empty(cloud)
        seen: list[str] = []

        def kill(operation: str, last: int = last, seen: list[str] = seen) -> None:
            seen.append(operation)
            if len(seen) > last:
                raise killed

        setattr(hooks, moment, kill)
        with contextlib.suppress(killed):
            run("twinmaker_entities", entities=ENTITIES, **arguments)
        setattr(hooks, moment, None)
        result = run("twinmaker_entities", entities=ENTITIES, **arguments)
        assert not result.get("failed"), result["msg"]
        assert tree(cloud) == {
            "site-1": ("$ROOT", "Site"),
            "hall-1": ("site-1", "Hall"),
            "hall-2": ("site-1", "Hall 2"),
            "panel-1": ("hall-1", "Panel"),
        }
        assert values(cloud, "panel-1")["meter-5"]["rating"] == {"doubleValue": 7.0}
        # A file without a job may be that of another run that is about to create it.
        assert {key.rpartition("/")[2].removesuffix(".json") for key in files(cloud)}.isdisjoint(jobs(cloud))
        if len(seen) <= last:
            break
    assert last > 20
    monkeypatch.setattr(transfer, "ABANDONED", datetime.timedelta(0))
    cloud.client("s3").put_object(Bucket=BUCKET, Key="energytwin/imports/plant/energytwin-0.json", Body=b"")
    assert not run("twinmaker_entities", entities=ENTITIES, **arguments)["changed"]
    assert files(cloud) == []


def test_two_runs_at_once_bring_the_same(cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], hooks: Hooks) -> None:
    """Another run from its beginning to its end within a call of the first, for each of its calls."""
    for moment in range(200):
        empty(cloud)
        seen: list[str] = []
        others: list[dict[str, t.Any]] = []

        def interrupt(operation: str, moment: int = moment, seen: list[str] = seen, others: list[dict[str, t.Any]] = others) -> None:
            seen.append(operation)
            if len(seen) == moment + 1:
                hooks.before = None
                others.append(run("twinmaker_entities", entities=ENTITIES, **arguments))
                hooks.before = lambda operation: seen.append(operation)

        hooks.before = interrupt
        results = [run("twinmaker_entities", entities=ENTITIES, concurrency=1, **arguments), *others]
        hooks.before = None
        assert not [result["msg"] for result in results if result.get("failed")]
        assert len(tree(cloud)) == 4
        assert not run("twinmaker_entities", entities=ENTITIES, **arguments)["changed"]
        if len(seen) <= moment:
            break
    assert moment > 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"import_bucket": "plant.twin"}, "import_bucket: 'plant.twin' cannot be used"),
        ({"import_entities": 0}, "import_entities: 0 is less than 1"),
        ({"workspace_id": "bare"}, "import_bucket: workspace 'bare' has no bucket of its own"),
        ({"workspace_id": "bare", "import_bucket": BUCKET}, "method: workspace 'bare' has no role to import with"),
        ({"workspace_id": "nowhere"}, "There is no workspace 'nowhere'"),
    ],
)
def test_refuses_what_cannot_work_before_the_first_write(
    cloud: Cloud, run: t.Any, arguments: dict[str, t.Any], change: dict[str, t.Any], message: str
) -> None:
    cloud.client("iottwinmaker").create_workspace(workspaceId="bare")
    result = run("twinmaker_entities", entities=ENTITIES, **{**arguments, **change})
    assert result["failed"] and message in result["msg"]
    assert tree(cloud) == {} and jobs(cloud) == [] and files(cloud) == []
