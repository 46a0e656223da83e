# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes, tags and sync jobs."""

from __future__ import annotations

import pytest

from tests.unit.local_cloud.twinmaker.conftest import Client, Clock, Refuses, meter_definition

CONTENT = "s3://plant-twin/main.json"
ARN = "arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/plant"


@pytest.mark.usefixtures("workspace")
class TestScenes:
    def test_is_a_record(self, tm: Client, clock: Clock, refuses: Refuses) -> None:
        tm.create_scene(workspaceId="plant", sceneId="main", contentLocation=CONTENT, sceneMetadata={"a": "b"})
        found = tm.get_scene(workspaceId="plant", sceneId="main")
        assert (found["contentLocation"], found["description"], found["sceneMetadata"]) == (CONTENT, "", {"a": "b"})
        assert found["arn"] == f"{ARN}/scene/main"

        clock.advance(5)
        tm.update_scene(workspaceId="plant", sceneId="main", description="All", capabilities=["MATTERPORT"])
        found = tm.get_scene(workspaceId="plant", sceneId="main")
        assert (found["contentLocation"], found["description"], found["capabilities"]) == (CONTENT, "All", ["MATTERPORT"])
        assert found["updateDateTime"] > found["creationDateTime"]

        tm.delete_scene(workspaceId="plant", sceneId="main")
        with refuses("ResourceNotFoundException", "main", status=404):
            tm.get_scene(workspaceId="plant", sceneId="main")

    def test_second_of_the_same_id_is_a_conflict(self, tm: Client, refuses: Refuses) -> None:
        tm.create_scene(workspaceId="plant", sceneId="main", contentLocation=CONTENT)

        with refuses("ConflictException", "main"):
            tm.create_scene(workspaceId="plant", sceneId="main", contentLocation=CONTENT)

    def test_lists_in_pages_and_has_a_quota(self, tm: Client, refuses: Refuses) -> None:
        made = [f"scene-{number:03}" for number in range(100)]
        for name in made:
            tm.create_scene(workspaceId="plant", sceneId=name, contentLocation=CONTENT)

        with refuses("ServiceQuotaExceededException", "100"):
            tm.create_scene(workspaceId="plant", sceneId="one-more", contentLocation=CONTENT)
        first = tm.list_scenes(workspaceId="plant", maxResults=60)
        second = tm.list_scenes(workspaceId="plant", maxResults=60, nextToken=first["nextToken"])
        assert [one["sceneId"] for one in first["sceneSummaries"] + second["sceneSummaries"]] == made
        assert len(tm.list_scenes(workspaceId="plant")["sceneSummaries"]) == 25


@pytest.mark.usefixtures("workspace")
class TestTags:
    @pytest.fixture(autouse=True)
    def resources(self, tm: Client, workspace: str, role: str) -> None:
        tm.create_component_type(workspaceId="plant", **meter_definition())
        tm.create_entity(workspaceId="plant", entityId="hall", entityName="Hall", tags={"a": "1"})
        tm.create_scene(workspaceId="plant", sceneId="main", contentLocation=CONTENT)
        tm.create_sync_job(workspaceId="plant", syncSource="SITEWISE", syncRole=role)

    @pytest.mark.parametrize(
        "arn",
        [
            ARN,
            f"{ARN}/component-type/com.example.energymeter",
            f"{ARN}/entity/hall",
            f"{ARN}/scene/main",
            f"{ARN}/sync-job/SITEWISE-default",
        ],
    )
    def test_of_all_kinds(self, tm: Client, arn: str) -> None:
        tm.tag_resource(resourceARN=arn, tags={"a": "2", "b": "3", "c": "4"})
        tm.untag_resource(resourceARN=arn, tagKeys=["b", "nothing"])

        first = tm.list_tags_for_resource(resourceARN=arn, maxResults=1)
        second = tm.list_tags_for_resource(resourceARN=arn, maxResults=1, nextToken=first["nextToken"])
        assert (first["tags"], second["tags"]) == ({"a": "2"}, {"c": "4"})

    @pytest.mark.parametrize(
        "arn",
        [
            f"{ARN}/entity/nobody",
            f"{ARN}/component-type/com.amazon.iottwinmaker.documents",
            f"{ARN}/thing/hall",
            ARN.replace("123456789012", "210987654321"),
            "arn:aws:iottwinmaker:eu-central-1:123456789012:metadata-transfer-job/job",
        ],
    )
    def test_of_what_is_not_there(self, tm: Client, refuses: Refuses, arn: str) -> None:
        with refuses("ResourceNotFoundException", arn, status=404):
            tm.tag_resource(resourceARN=arn, tags={"a": "1"})

    def test_at_most_50(self, tm: Client, refuses: Refuses) -> None:
        tm.tag_resource(resourceARN=f"{ARN}/scene/main", tags={f"key{number}": "x" for number in range(50)})

        with refuses("TooManyTagsException", "50", status=400):
            tm.tag_resource(resourceARN=f"{ARN}/scene/main", tags={"one-more": "x"})

    def test_go_with_their_resource(self, tm: Client) -> None:
        tm.delete_entity(workspaceId="plant", entityId="hall")
        tm.create_entity(workspaceId="plant", entityId="hall", entityName="Hall")

        assert tm.list_tags_for_resource(resourceARN=f"{ARN}/entity/hall")["tags"] == {}


@pytest.mark.usefixtures("workspace")
class TestSyncJobs:
    def test_states(self, tm: Client, role: str, slow: Clock, refuses: Refuses) -> None:
        assert tm.create_sync_job(workspaceId="plant", syncSource="SITEWISE", syncRole=role)["state"] == "CREATING"
        seen = []
        for _ in range(3):
            seen.append(tm.get_sync_job(workspaceId="plant", syncSource="SITEWISE")["status"]["state"])
            slow.advance(10)
        assert seen == ["CREATING", "INITIALIZING", "ACTIVE"]
        assert tm.list_sync_resources(workspaceId="plant", syncSource="SITEWISE")["syncResources"] == []
        with refuses("ValidationException", "sync jobs"):
            tm.delete_workspace(workspaceId="plant")

        assert tm.delete_sync_job(workspaceId="plant", syncSource="SITEWISE")["state"] == "DELETING"
        assert tm.list_sync_jobs(workspaceId="plant")["syncJobSummaries"][0]["status"]["state"] == "DELETING"
        slow.advance(10)
        with refuses("ResourceNotFoundException"):
            tm.get_sync_job(workspaceId="plant", syncSource="SITEWISE")

    def test_one_for_sitewise(self, tm: Client, role: str, refuses: Refuses) -> None:
        with refuses("ValidationException", "SITEWISE"):
            tm.create_sync_job(workspaceId="plant", syncSource="OTHER", syncRole=role)
        with refuses("ValidationException", "Could not assume the role"):
            tm.create_sync_job(workspaceId="plant", syncSource="SITEWISE", syncRole="arn:aws:iam::123456789012:role/nobody")
        tm.create_sync_job(workspaceId="plant", syncSource="SITEWISE", syncRole=role)
        with refuses("ConflictException"):
            tm.create_sync_job(workspaceId="plant", syncSource="SITEWISE", syncRole=role)


@pytest.mark.parametrize("call", ["execute_query", "get_pricing_plan", "update_pricing_plan"])
def test_what_is_not_implemented_says_so(tm: Client, refuses: Refuses, call: str) -> None:
    parameters = {
        "execute_query": {"workspaceId": "plant", "queryStatement": "SELECT e FROM EntityGraph MATCH (e)"},
        "get_pricing_plan": {},
        "update_pricing_plan": {"pricingMode": "BASIC"},
    }
    with refuses("NotImplemented", status=501):
        getattr(tm, call)(**parameters[call])
