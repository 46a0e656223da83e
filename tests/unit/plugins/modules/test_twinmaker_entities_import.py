# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_entities with method import, against the local cloud: whole, refused, half-done, killed, disturbed."""

from __future__ import annotations

import collections.abc as c
import io
import typing as t
import urllib.parse

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import transfer
from local_cloud.cloud import Cloud
from local_cloud.protocol.http import HttpRequest
from tests.unit.plugins.modules.clouds import BUCKET, ROLE, furnished

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
def cloud(shared: Cloud, run: t.Any, no_pauses: None, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """A workspace with one component type and no entities, whose clients the module gets."""
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: shared.client(service))

    def fetch(url: str, **_options: t.Any) -> io.BytesIO:
        parts = urllib.parse.urlsplit(url)
        answer = shared.front.handle(HttpRequest("GET", parts.path, parts.query, {"host": parts.netloc}, b""))
        assert answer.status == 200
        return io.BytesIO(answer.body)

    monkeypatch.setattr(transfer, "open_url", fetch)
    twinmaker = shared.client("iottwinmaker")
    twinmaker.create_workspace(workspaceId="plant", s3Location=f"arn:aws:s3:::{BUCKET}", role=ROLE)
    twinmaker.create_component_type(workspaceId="plant", **OWN_TYPE)
    yield shared
    with shared.store.transaction() as db:
        db.execute("delete from records where kind like 'twinmaker.%'")
    for key in keys(shared):
        shared.client("s3").delete_object(Bucket=BUCKET, Key=key)


def keys(cloud: Cloud) -> list[str]:
    return [item["Key"] for item in cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def files(cloud: Cloud) -> list[str]:
    return [key for key in keys(cloud) if key.startswith("energytwin/")]


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
