# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metadata transfer jobs: import from and export to a file in S3."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

import pytest

from local_cloud.cloud import Cloud
from local_cloud.protocol.http import HttpRequest
from tests.unit.local_cloud.twinmaker.conftest import BUCKET, Client, Clock, Refuses

WORKSPACE_ARN = "arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/plant"
IMPORT = {
    "sources": [{"type": "s3", "s3Configuration": {"location": f"arn:aws:s3:::{BUCKET}/in/plant.json"}}],
    "destination": {"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": WORKSPACE_ARN}},
}
EXPORT = {
    "sources": [{"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": WORKSPACE_ARN}}],
    "destination": {"type": "s3", "s3Configuration": {"location": f"arn:aws:s3:::{BUCKET}/out"}},
}
STRING = {"dataType": {"type": "STRING"}}
PUMP = {"componentTypeId": "com.example.pump", "propertyDefinitions": {"serial": {**STRING, "isRequiredInEntity": True}}}


def _pump(serial: str) -> dict[str, t.Any]:
    return {"componentTypeId": "com.example.pump", "properties": {"serial": {"value": {"stringValue": serial}}}}


def _file() -> dict[str, t.Any]:
    """A file whose resources stand before what they need."""
    return {
        "entities": [
            {"entityId": "pump-01", "entityName": "Pump 01", "parentEntityId": "site-1", "components": {"base": _pump("SN-1")}},
            {"entityId": "site-1", "entityName": "Site 1", "description": "The site", "tags": {"a": "1"}},
        ],
        "componentTypes": [{"componentTypeId": "com.example.big", "extendsFrom": ["com.example.pump"]}, PUMP],
    }


def _upload(cloud: Cloud, content: t.Any) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    cloud.client("s3").put_object(Bucket=BUCKET, Key="in/plant.json", Body=body)


def _import(cloud: Cloud, tm: Client, content: t.Any, job: str = "import-1") -> t.Any:
    """Runs an import and gives the job as it then is."""
    _upload(cloud, content)
    tm.create_metadata_transfer_job(metadataTransferJobId=job, **IMPORT)
    return tm.get_metadata_transfer_job(metadataTransferJobId=job)


def _entity(tm: Client, entity_id: str) -> t.Any:
    return tm.get_entity(workspaceId="plant", entityId=entity_id)


@pytest.mark.usefixtures("workspace")
class TestImport:
    def test_makes_everything_in_the_order_that_it_needs(self, cloud: Cloud, tm: Client, role: str) -> None:
        job = _import(cloud, tm, _file())

        assert job["status"] == {"state": "COMPLETED", "error": {}}
        assert job["progress"] == {"totalCount": 4, "succeededCount": 4, "skippedCount": 0, "failedCount": 0}
        assert job["metadataTransferJobRole"] == role
        assert "reportUrl" not in job
        assert _entity(tm, "pump-01")["parentEntityId"] == "site-1"
        assert _entity(tm, "pump-01")["status"]["state"] == "ACTIVE"
        assert _entity(tm, "pump-01")["components"]["base"]["properties"]["serial"]["value"] == {"stringValue": "SN-1"}
        assert tm.list_tags_for_resource(resourceARN=f"{WORKSPACE_ARN}/entity/site-1")["tags"] == {"a": "1"}

    def test_replaces_what_is_there(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())
        changed = {
            "componentTypes": [{"componentTypeId": "com.example.big", "description": "Big"}],
            "entities": [{"entityId": "pump-01", "entityName": "Pump one"}, {"entityId": "site-1", "entityName": "Site 1"}],
        }

        job = _import(cloud, tm, changed, "import-2")

        assert job["progress"]["succeededCount"] == 3
        pump = _entity(tm, "pump-01")
        assert (pump["entityName"], pump["parentEntityId"], pump["components"]) == ("Pump one", "$ROOT", {})
        assert _entity(tm, "site-1")["description"] == ""
        assert tm.list_tags_for_resource(resourceARN=f"{WORKSPACE_ARN}/entity/site-1")["tags"] == {}
        big = tm.get_component_type(workspaceId="plant", componentTypeId="com.example.big")
        assert (big["description"], big["propertyDefinitions"], big.get("extendsFrom", [])) == ("Big", {}, [])
        assert tm.get_component_type(workspaceId="plant", componentTypeId="com.example.pump")["componentTypeId"]

    def test_adds_components_to_entities(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())
        part = {"entityId": "pump-01", "componentName": "second", **_pump("SN-2")}

        _import(cloud, tm, {"entityComponents": [part]}, "import-2")

        assert sorted(_entity(tm, "pump-01")["components"]) == ["base", "second"]

    def test_counts_and_reports_what_fails(self, cloud: Cloud, tm: Client) -> None:
        content = _file()
        content["entities"].append(
            {"entityId": "pump-02", "entityName": "Pump 02", "components": {"base": {"componentTypeId": "com.example.pump"}}}
        )
        content["entityComponents"] = [{"entityId": "nobody", "componentName": "base", **_pump("SN-3")}]

        job = _import(cloud, tm, content)

        assert job["status"]["state"] == "COMPLETED"
        assert job["progress"] == {"totalCount": 6, "succeededCount": 4, "skippedCount": 0, "failedCount": 2}
        url = urllib.parse.urlsplit(job["reportUrl"])
        answer = cloud.front.handle(HttpRequest("GET", url.path, url.query, {"host": url.netloc}, b""))
        assert answer.status == 200
        errors = {error["resource"]: error["message"] for error in json.loads(answer.body)["errors"]}
        assert errors.keys() == {"pump-02", "nobody/base"}
        assert "serial" in errors["pump-02"]

    def test_placeholders_and_relationships(self, cloud: Cloud, tm: Client) -> None:
        arn = "arn:${partition}:lambda:${region}:${accountId}:function:reader"
        definition = {
            "componentTypeId": "com.example.link",
            "propertyDefinitions": {"to": {"dataType": {"type": "RELATIONSHIP"}}},
            "functions": {"dataReader": {"implementedBy": {"lambda": {"arn": arn}}}},
        }
        value = {"relationshipValue": {"TargetEntityId": "site-1", "TargetComponentName": "base"}}
        entity = {
            "entityId": "site-1",
            "entityName": "Site 1",
            "components": {"link": {"componentTypeId": "com.example.link", "properties": {"to": {"value": value}}}},
        }

        job = _import(cloud, tm, {"componentTypes": [definition], "entities": [entity]})

        assert job["progress"]["failedCount"] == 0
        found = tm.get_component_type(workspaceId="plant", componentTypeId="com.example.link")
        assert (
            found["functions"]["dataReader"]["implementedBy"]["lambda"]["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:reader"
        )
        link = _entity(tm, "site-1")["components"]["link"]["properties"]["to"]
        assert link["value"] == {"relationshipValue": {"targetEntityId": "site-1", "targetComponentName": "base"}}

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"{", "not JSON"),
            ([], "must be a JSON object"),
            ({"things": []}, "things is not allowed in the file"),
            ({"entities": {}}, "entities must be a list"),
            ({"entities": [{"entityId": "hall"}]}, "entities[0].entityName is required"),
            ({"entities": [{"entityId": "hall", "entityName": "Hall", "arn": "x"}]}, "arn is not allowed in entities[0]"),
            ({"entities": [{"entityId": "hall", "entityName": "Halle/Süd"}]}, "entities[0].entityName"),
            ({"entities": [{"entityId": "hall", "entityName": "Hall", "description": "x" * 513}]}, "longer than 512"),
            ({"entities": [{"entityId": "hall", "entityName": "Hall"}] * 2}, "hall is there twice"),
            (
                {"entities": [{"entityId": "hall", "entityName": "Hall", "components": {"c": {}}}]},
                "components.c.componentTypeId is required",
            ),
            (
                {
                    "entities": [{"entityId": "hall", "entityName": "Hall"}],
                    "entityComponents": [{"entityId": "hall", "componentName": "c", "componentTypeId": "t"}],
                },
                "Entity hall is in entities and in entityComponents",
            ),
            ({"componentTypes": [{**PUMP, "compositeComponentTypes": {}}]}, "compositeComponentTypes is not allowed"),
            ({"componentTypes": [{"componentTypeId": "no spaces"}]}, "componentTypeId"),
            ({"componentTypes": [{"componentTypeId": "t", "propertyDefinitions": {"p": {"dataType": {"type": "FLOAT"}}}}]}, "FLOAT"),
            (
                {"componentTypes": [{"componentTypeId": "t", "propertyDefinitions": {"p": {**STRING, "configuration": {"a": "b c"}}}}]},
                "b c",
            ),
            (
                {
                    "componentTypes": [
                        {
                            "componentTypeId": "t",
                            "propertyDefinitions": {
                                "p": {"dataType": {"type": "RELATIONSHIP"}, "defaultValue": {"relationshipValue": {"targetEntityId": "x1"}}}
                            },
                        }
                    ]
                },
                "TargetEntityId",
            ),
        ],
    )
    def test_bad_file_is_an_error_of_the_job(self, cloud: Cloud, tm: Client, content: t.Any, message: str) -> None:
        job = _import(cloud, tm, content)

        assert job["status"]["state"] == "ERROR"
        assert job["status"]["error"]["code"] == "VALIDATION_ERROR"
        assert message in job["status"]["error"]["message"]
        assert tm.list_entities(workspaceId="plant")["entitySummaries"] == []

    def test_missing_file_is_an_error_of_the_job(self, tm: Client) -> None:
        tm.create_metadata_transfer_job(metadataTransferJobId="import-1", **IMPORT)

        assert tm.get_metadata_transfer_job(metadataTransferJobId="import-1")["status"]["state"] == "ERROR"

    def test_a_large_one_goes_on_as_it_is_asked_for(self, cloud: Cloud, tm: Client) -> None:
        _upload(cloud, {"entities": [{"entityId": f"e{number}", "entityName": f"E {number}"} for number in range(450)]})
        tm.create_metadata_transfer_job(metadataTransferJobId="import-1", **IMPORT)

        seen = [tm.get_metadata_transfer_job(metadataTransferJobId="import-1") for _ in range(3)]

        assert [(one["status"]["state"], one["progress"]["succeededCount"]) for one in seen] == [
            ("RUNNING", 200),
            ("RUNNING", 400),
            ("COMPLETED", 450),
        ]

    def test_a_cancelled_one_keeps_what_was_done(self, cloud: Cloud, tm: Client, refuses: Refuses) -> None:
        _upload(cloud, {"entities": [{"entityId": f"e{number}", "entityName": f"E {number}"} for number in range(450)]})
        tm.create_metadata_transfer_job(metadataTransferJobId="import-1", **IMPORT)
        tm.get_metadata_transfer_job(metadataTransferJobId="import-1")

        assert tm.cancel_metadata_transfer_job(metadataTransferJobId="import-1")["status"]["state"] == "CANCELLING"

        job = tm.get_metadata_transfer_job(metadataTransferJobId="import-1")
        assert (job["status"]["state"], job["progress"]["succeededCount"]) == ("CANCELLED", 200)
        assert len(tm.list_entities(workspaceId="plant", maxResults=200)["entitySummaries"]) == 200
        with refuses("ConflictException", "CANCELLED"):
            tm.cancel_metadata_transfer_job(metadataTransferJobId="import-1")


@pytest.mark.usefixtures("workspace")
class TestQueue:
    def test_one_runs_and_the_others_wait(self, cloud: Cloud, tm: Client, slow: Clock) -> None:
        _upload(cloud, _file())
        for name in ("first", "second", "third"):
            made = tm.create_metadata_transfer_job(metadataTransferJobId=name, **IMPORT)
            assert made["status"]["state"] == "VALIDATING"
            slow.advance(1)

        def states() -> list[tuple[str, int | None]]:
            found = tm.list_metadata_transfer_jobs(sourceType="s3", destinationType="iottwinmaker")["metadataTransferJobSummaries"]
            return [(one["status"]["state"], one["status"].get("queuedPosition")) for one in found]

        assert states() == [("VALIDATING", None)] * 3
        slow.advance(10)
        assert states() == [("RUNNING", None), ("PENDING", 1), ("PENDING", 2)]
        slow.advance(10)
        assert states() == [("COMPLETED", None), ("RUNNING", None), ("PENDING", 1)]

    def test_holds_10(self, cloud: Cloud, tm: Client, slow: Clock, refuses: Refuses) -> None:
        for number in range(10):
            tm.create_metadata_transfer_job(metadataTransferJobId=f"job-{number}", **IMPORT)

        with refuses("ServiceQuotaExceededException", "10"):
            tm.create_metadata_transfer_job(metadataTransferJobId="one-more", **IMPORT)

    def test_filters(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())
        tm.create_metadata_transfer_job(metadataTransferJobId="export-1", **EXPORT)

        def listed(source: str, destination: str, **wanted: str) -> list[str]:
            filters = {"filters": [wanted]} if wanted else {}
            found = tm.list_metadata_transfer_jobs(sourceType=source, destinationType=destination, **filters)
            return [one["metadataTransferJobId"] for one in found["metadataTransferJobSummaries"]]

        assert listed("s3", "iottwinmaker") == ["import-1"]
        assert listed("iottwinmaker", "s3", workspaceId="plant") == ["export-1"]
        assert listed("iottwinmaker", "s3", workspaceId="other") == []
        assert listed("s3", "iottwinmaker", state="RUNNING") == []

    @pytest.mark.parametrize(
        ("change", "code", "message"),
        [
            ({"sources": EXPORT["sources"]}, "ValidationException", "cannot be transferred from iottwinmaker to iottwinmaker"),
            ({"sources": [{"type": "s3"}]}, "ValidationException", "needs s3Configuration"),
            ({"sources": [{"type": "iotsitewise", "iotSiteWiseConfiguration": {}}]}, "NotImplemented", "SiteWise"),
            (
                {"destination": {"type": "iottwinmaker", "iotTwinMakerConfiguration": {"workspace": WORKSPACE_ARN + "2"}}},
                "ResourceNotFoundException",
                "plant2",
            ),
        ],
    )
    def test_bad_requests(self, tm: Client, refuses: Refuses, change: dict[str, t.Any], code: str, message: str) -> None:
        with refuses(code, message):
            tm.create_metadata_transfer_job(**{**IMPORT, **change})

    def test_ids_are_unique(self, tm: Client, refuses: Refuses) -> None:
        tm.create_metadata_transfer_job(metadataTransferJobId="job-1", **EXPORT)

        with refuses("ConflictException", "job-1"):
            tm.create_metadata_transfer_job(metadataTransferJobId="job-1", **EXPORT)
        with refuses("ResourceNotFoundException", "job-2", status=404):
            tm.get_metadata_transfer_job(metadataTransferJobId="job-2")


@pytest.mark.usefixtures("workspace")
class TestExport:
    def _export(self, cloud: Cloud, tm: Client, name: str = "export-1", **source: t.Any) -> tuple[t.Any, t.Any]:
        configuration = {"workspace": WORKSPACE_ARN, **source}
        sources = [{"type": "iottwinmaker", "iotTwinMakerConfiguration": configuration}]
        tm.create_metadata_transfer_job(metadataTransferJobId=name, sources=sources, destination=EXPORT["destination"])
        job = tm.get_metadata_transfer_job(metadataTransferJobId=name)
        body = cloud.client("s3").get_object(Bucket=BUCKET, Key=f"out/{name}.json")["Body"].read()
        return job, json.loads(body)

    def test_can_be_imported_again(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())
        job, content = self._export(cloud, tm)
        assert (job["status"]["state"], job["progress"]["succeededCount"]) == ("COMPLETED", 4)
        for entity in ("pump-01", "site-1"):
            tm.delete_entity(workspaceId="plant", entityId=entity)
        for name in ("big", "pump"):
            tm.delete_component_type(workspaceId="plant", componentTypeId=f"com.example.{name}")

        again = _import(cloud, tm, content, "import-2")

        assert again["progress"] == {"totalCount": 4, "succeededCount": 4, "skippedCount": 0, "failedCount": 0}
        _, second = self._export(cloud, tm, "export-2")
        assert second == content

    def test_filters(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())

        _, content = self._export(
            cloud,
            tm,
            filters=[{"filterByEntity": {"entityId": "pump-01"}}, {"filterByComponentType": {"componentTypeId": "com.example.pump"}}],
        )

        assert [one["entityId"] for one in content["entities"]] == ["pump-01"]
        assert [one["componentTypeId"] for one in content["componentTypes"]] == ["com.example.pump"]

    def test_leaves_out_what_a_file_cannot_hold(self, cloud: Cloud, tm: Client) -> None:
        _import(cloud, tm, _file())
        parts = {"pump": {"componentTypeId": "com.example.pump"}}
        tm.create_component_type(workspaceId="plant", componentTypeId="com.example.station", compositeComponentTypes=parts)

        job, content = self._export(cloud, tm)

        assert job["progress"] == {"totalCount": 5, "succeededCount": 4, "skippedCount": 1, "failedCount": 0}
        assert "com.example.station" not in [one["componentTypeId"] for one in content["componentTypes"]]
        assert "reportUrl" in job
