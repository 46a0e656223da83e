# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workspace that others have made is read, handed to the modules, and written to a folder and back; on the local cloud."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.snapshot_folder import read_snapshot
from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import ROLE, furnished
from tests.unit.plugins.modules.rich_workspace import AREA, HEIR, METER, PANEL, make_rich


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """A cloud with two buckets and a role, whose clients the modules get."""
    with furnished(tmp_path / "cloud") as made:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
        made.client("s3").create_bucket(Bucket="other-twin", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield made


@pytest.fixture
def rich(cloud: Cloud) -> str:
    return make_rich(cloud)


def gathered(run: t.Any, workspace_id: str = "plant") -> dict[str, t.Any]:
    result = run("twinmaker_workspace_info", workspace_id=workspace_id, gather=["component_types", "entities", "scenes", "sync_jobs"])
    assert not result.get("failed"), result.get("msg")
    assert result["changed"] is False
    (workspace,) = result["workspaces"]
    return t.cast("dict[str, t.Any]", workspace)


def bring(run: t.Any, workspace_id: str, held: dict[str, t.Any], *, check: bool = False) -> list[str]:
    """Hands everything to the modules. Gives what they have changed."""
    changed = []

    def one(module: str, name: str, options: dict[str, t.Any]) -> None:
        result = run(module, check=check, workspace_id=workspace_id, **options)
        assert not result.get("failed"), f"{name}: {result['msg']}"
        changed.extend([name] * result["changed"])

    for shape in held["component_types"]:
        one("twinmaker_component_type", shape["component_type_id"], shape)
    one("twinmaker_entities", "entities", {"entities": held["entities"], "prune": True})
    for shape in held["scenes"]:
        one("twinmaker_scene", shape["scene_id"], shape)
    return changed


def test_a_workspace_made_by_hand_is_taken_over_without_a_change(rich: str, cloud: Cloud, run: t.Any) -> None:
    found = gathered(run)
    own = {key: found[key] for key in ("workspace_id", "description", "s3_location", "role", "tags")}
    assert own["tags"] == {"Site": "plant", "Note": "a b"}
    assert not run("twinmaker_workspace", **own)["changed"]
    assert bring(run, rich, found) == []
    # It does say everything: the next change by hand is seen.
    cloud.client("iottwinmaker").update_entity(workspaceId=rich, entityId="z-site", description="by hand")
    assert bring(run, rich, found) == ["entities"]
    assert gathered(run) == found


def test_parents_and_parents_of_types_come_first(rich: str, run: t.Any) -> None:
    found = gathered(run)
    types = [shape["component_type_id"] for shape in found["component_types"]]
    assert types.index(METER) < types.index(HEIR)
    assert types.index(AREA) < types.index(PANEL)
    entities = [shape["entity_id"] for shape in found["entities"]]
    assert entities.index("z-site") < entities.index("hall") < entities.index("a-panel")


def test_a_type_shows_only_what_is_its_own(rich: str, run: t.Any) -> None:
    shapes = {shape["component_type_id"]: shape for shape in gathered(run)["component_types"]}
    assert shapes[HEIR]["property_definitions"] == {
        "hz": {"dataType": {"type": "DOUBLE"}, "isStoredExternally": True, "isTimeSeries": True},
        "maker": {"defaultValue": {"stringValue": "A"}},
        "serial": {"isRequiredInEntity": False},
    }
    assert shapes[HEIR]["property_groups"] == {}
    assert shapes[PANEL]["composite_component_types"] == {"main": {"componentTypeId": AREA}}
    assert shapes[METER]["component_type_name"] == "Meter"


def test_an_entity_shows_definitions_that_are_its_own(rich: str, run: t.Any) -> None:
    (panel,) = (shape for shape in gathered(run)["entities"] if shape["entity_id"] == "a-panel")
    properties = panel["components"]["meter-5"]["properties"]
    assert {name for name, content in properties.items() if "definition" in content} == {"rating", "colour", "spare"}
    assert "maker" not in properties, "a default is no value of the entity"
    assert panel["components"]["heir"] == {"componentTypeId": HEIR, "properties": {"panelId": {"value": {"stringValue": "x"}}}}
    assert panel["components"]["meter-5"]["propertyGroups"] == {"own": {"groupType": "TABULAR", "propertyNames": ["colour"]}}


def test_what_cannot_be_read_is_warned_of(rich: str, run: t.Any) -> None:
    warnings = json.dumps(run("twinmaker_workspace_info", workspace_id=rich, gather=["entities", "scenes"])["warnings"])
    assert "of 'board'" in warnings
    assert "scene 'broken' has no document" in warnings


def copy_of(run: t.Any, cloud: Cloud, workspace_id: str = "copy") -> str:
    result = run("twinmaker_workspace", workspace_id=workspace_id, s3_location="arn:aws:s3:::other-twin", role=ROLE)
    assert not result.get("failed"), result
    return workspace_id


def read_folder(folder: pathlib.Path) -> dict[str, t.Any]:
    return read_snapshot(str(folder))


def files_below(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def without_places(held: dict[str, t.Any]) -> dict[str, t.Any]:
    """Component types, entities and scenes without what names the bucket."""
    scenes = [{key: item for key, item in shape.items() if key != "content_location"} for shape in held["scenes"]]
    return {"component_types": held["component_types"], "entities": held["entities"], "scenes": scenes}


def test_a_snapshot_makes_the_same_workspace_elsewhere(rich: str, cloud: Cloud, run: t.Any, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "snapshots" / "plant"
    foretold = run("twinmaker_workspace_info", check=True, workspace_id=rich, dest=str(folder))
    assert foretold["changed"] is True
    assert not folder.exists()
    written = run("twinmaker_workspace_info", workspace_id=rich, dest=str(folder))
    assert written["changed"] is True
    assert written["files"] == foretold["files"] == sorted(files_below(folder))
    assert "3d_models/models/plant 1.bin" in written["files"]
    again = run("twinmaker_workspace_info", workspace_id=rich, dest=str(folder))
    assert (again["changed"], again["files"]) == (False, [])

    # To the workspace that it is from it changes nothing; the broken scene is not in it.
    snapshot = read_folder(folder)
    assert bring(run, rich, snapshot) == []

    copy = copy_of(run, cloud)
    assert bring(run, copy, snapshot) != []
    assert bring(run, copy, snapshot) == []
    assert not run("twinmaker_entities", workspace_id=copy, src=str(folder), prune=True)["changed"]
    original, made = without_places(gathered(run)), without_places(gathered(run, copy))
    assert made["component_types"] == original["component_types"]
    assert made["entities"] == original["entities"]
    assert [shape["scene_id"] for shape in made["scenes"]] == ["plant"]
    elsewhere = tmp_path / "elsewhere"
    run("twinmaker_workspace_info", workspace_id=copy, dest=str(elsewhere))
    assert files_below(elsewhere) == files_below(folder)


def test_only_what_has_changed_is_written_to_a_folder(rich: str, cloud: Cloud, run: t.Any, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "plant"
    run("twinmaker_workspace_info", workspace_id=rich, dest=str(folder))
    cloud.client("s3").put_object(Bucket="plant-twin", Key="chiller.glb", Body=b"glTF 2")
    cloud.client("iottwinmaker").update_entity(workspaceId=rich, entityId="hall", description="Two")
    result = run("twinmaker_workspace_info", workspace_id=rich, dest=str(folder))
    assert result["files"] == ["3d_models/chiller.glb", "entities.json"]
    assert (folder / "3d_models" / "chiller.glb").read_bytes() == b"glTF 2"


def test_a_model_that_is_not_there_is_warned_of(rich: str, cloud: Cloud, run: t.Any, tmp_path: pathlib.Path) -> None:
    cloud.client("s3").delete_object(Bucket="plant-twin", Key="chiller.glb")
    result = run("twinmaker_workspace_info", workspace_id=rich, dest=str(tmp_path / "plant"))
    assert "'chiller.glb'" in json.dumps(result["warnings"])
    assert "chiller.glb" not in json.loads((tmp_path / "plant" / "tmdt.json").read_text())["models"]
    assert read_folder(tmp_path / "plant")["scenes"][0]["scene_id"] == "plant"


def test_a_folder_that_cannot_be_written_is_one_sentence(rich: str, run: t.Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "plant").write_text("a file")
    result = run("twinmaker_workspace_info", workspace_id=rich, dest=str(tmp_path / "plant"))
    assert result["failed"]
    assert "cannot be written" in result["msg"]


def test_a_missing_workspace_has_no_snapshot(cloud: Cloud, run: t.Any, tmp_path: pathlib.Path) -> None:
    result = run("twinmaker_workspace_info", workspace_id="none", dest=str(tmp_path / "plant"))
    assert "There is no workspace 'none'" in result["msg"]
    assert not (tmp_path / "plant").exists()
