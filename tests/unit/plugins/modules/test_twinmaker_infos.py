# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info modules on the local cloud."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api
from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import ROLE, furnished
from tests.unit.plugins.modules.rich_workspace import AREA, HEIR, METER, PANEL, make_rich

KINDS = {
    "twinmaker_component_type_info": "component_types",
    "twinmaker_entity_info": "entities",
    "twinmaker_scene_info": "scenes",
    "twinmaker_sync_job_info": "sync_jobs",
    "twinmaker_workspace_info": "workspaces",
}


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    with furnished(tmp_path / "cloud") as made:
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: made.client(service))
        yield made


@pytest.fixture
def rich(cloud: Cloud) -> str:
    return make_rich(cloud)


def found(run: t.Any, module: str, **options: t.Any) -> list[dict[str, t.Any]]:
    """What a module has found, in check mode and without: that is the same."""
    result = run(module, **options)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is False
    assert run(module, check=True, **options)[KINDS[module]] == result[KINDS[module]]
    return t.cast("list[dict[str, t.Any]]", result[KINDS[module]])


def ids(shapes: list[dict[str, t.Any]], key: str) -> list[str]:
    return [shape[key] for shape in shapes]


@pytest.mark.parametrize("module", sorted(KINDS))
def test_a_workspace_that_is_not_there_has_nothing(cloud: Cloud, run: t.Any, module: str) -> None:
    assert found(run, module, workspace_id="none") == []


@pytest.mark.parametrize(
    ("module", "option"),
    [
        ("twinmaker_component_type_info", {"component_type_id": "com.example.none"}),
        ("twinmaker_component_type_info", {"namespace": "com.other"}),
        ("twinmaker_entity_info", {"entity_id": "none"}),
        ("twinmaker_entity_info", {"external_id": "none"}),
        ("twinmaker_scene_info", {"scene_id": "none"}),
        ("twinmaker_sync_job_info", {"sync_source": "SITEWISE"}),
        ("twinmaker_sync_job_info", {}),
    ],
)
def test_what_is_not_there_is_an_empty_list(rich: str, run: t.Any, module: str, option: dict[str, str]) -> None:
    assert found(run, module, workspace_id=rich, **option) == []


@pytest.mark.parametrize(
    ("module", "option"),
    [
        ("twinmaker_component_type_info", {"component_type_id": "a b"}),
        ("twinmaker_entity_info", {"parent_entity_id": "a b"}),
        ("twinmaker_scene_info", {"scene_id": "-"}),
        ("twinmaker_sync_job_info", {"sync_source": "a-b"}),
        ("twinmaker_workspace_info", {"workspace_id": "-"}),
    ],
)
def test_a_bad_id_is_one_sentence(cloud: Cloud, run: t.Any, module: str, option: dict[str, str]) -> None:
    result = run(module, **{"workspace_id": "plant", **option})
    assert result["failed"]
    ((name, value),) = option.items()
    assert result["msg"].startswith(f"{name}: '{value}' cannot be used")


def test_all_pages_are_read(rich: str, cloud: Cloud, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {module: found(run, module, workspace_id=rich) for module in KINDS}
    monkeypatch.setattr(api, "PAGE", 1)
    assert {module: found(run, module, workspace_id=rich) for module in KINDS} == whole
    assert len(whole["twinmaker_entity_info"]) == 5
    assert len(whole["twinmaker_scene_info"]) == 2


def test_workspaces_are_all_or_one(rich: str, cloud: Cloud, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.client("iottwinmaker").create_workspace(workspaceId="another")
    monkeypatch.setattr(api, "PAGE", 1)
    everything = found(run, "twinmaker_workspace_info")
    assert ids(everything, "workspace_id") == ["another", "plant"]
    assert everything[0].keys() == {"workspace_id", "arn", "tags"}
    (one,) = found(run, "twinmaker_workspace_info", workspace_id=rich)
    assert one == everything[1]
    assert (one["s3_location"], one["role"], one["description"]) == ("arn:aws:s3:::plant-twin", ROLE, "By hand")


def test_gathers_what_is_asked_for_of_every_workspace(rich: str, cloud: Cloud, run: t.Any) -> None:
    cloud.client("iottwinmaker").create_workspace(workspaceId="another")
    empty, full = found(run, "twinmaker_workspace_info", gather=["component_types", "sync_jobs"])
    assert (empty["component_types"], empty["sync_jobs"]) == ([], [])
    assert ids(full["component_types"], "component_type_id") == [AREA, METER, HEIR, PANEL]
    assert "entities" not in full


def test_own_component_types_are_listed_and_aws_s_only_on_request(rich: str, cloud: Cloud, run: t.Any) -> None:
    own = found(run, "twinmaker_component_type_info", workspace_id=rich)
    assert ids(own, "component_type_id") == [AREA, METER, HEIR, PANEL]
    every = found(run, "twinmaker_component_type_info", workspace_id=rich, include_builtin=True)
    assert every[: len(own)] == own
    builtin = every[len(own) :]
    assert builtin
    assert all(shape["component_type_id"].startswith("com.amazon.") for shape in builtin)
    (one,) = found(run, "twinmaker_component_type_info", workspace_id=rich, component_type_id="com.amazon.iottwinmaker.alarm.basic")
    assert one["is_abstract"] is True
    assert one["property_definitions"].keys() >= {"alarm_key", "alarm_status"}
    assert one["tags"] == {}


def test_component_types_by_what_they_inherit_from_or_their_name_space(rich: str, run: t.Any) -> None:
    (heir,) = found(run, "twinmaker_component_type_info", workspace_id=rich, extends_from=METER)
    assert heir["component_type_id"] == HEIR
    assert (heir["state"], heir["is_abstract"], heir["is_singleton"]) == ("ACTIVE", False, True)
    assert heir["property_definitions"]["maker"] == {"defaultValue": {"stringValue": "A"}}, "its parent is not in the list but counts"
    named = found(run, "twinmaker_component_type_info", workspace_id=rich, namespace="com.example")
    assert ids(named, "component_type_id") == [AREA, METER, HEIR, PANEL]


def test_one_component_type_is_as_in_the_list(rich: str, run: t.Any) -> None:
    for shape in found(run, "twinmaker_component_type_info", workspace_id=rich):
        assert found(run, "twinmaker_component_type_info", workspace_id=rich, component_type_id=shape["component_type_id"]) == [shape]


def test_entities_by_parent_type_and_external_id(rich: str, run: t.Any) -> None:
    def of(**options: t.Any) -> list[str]:
        return ids(found(run, "twinmaker_entity_info", workspace_id=rich, **options), "entity_id")

    assert {"z-site", "board"} < set(of(parent_entity_id="$ROOT"))
    assert of(parent_entity_id="hall") == of(component_type_id=METER) == of(external_id="x") == of(entity_id="a-panel") == ["a-panel"]


def test_an_entity_tells_its_state_and_what_it_is_composed_of(rich: str, run: t.Any) -> None:
    (board,) = found(run, "twinmaker_entity_info", workspace_id=rich, entity_id="board")
    assert (board["state"], board["synced"], board["composite_components"], board["tags"]) == ("ACTIVE", False, ["main"], {})
    assert board["arn"].endswith(":workspace/plant/entity/board")


def test_tags_of_entities_are_read_unless_that_is_not_wanted(rich: str, run: t.Any) -> None:
    (hall,) = found(run, "twinmaker_entity_info", workspace_id=rich, entity_id="hall")
    assert hall["tags"] == {"Cost Center": "4711"}
    (hall,) = found(run, "twinmaker_entity_info", workspace_id=rich, entity_id="hall", include_tags=False)
    assert "tags" not in hall


def test_scenes_with_and_without_their_documents(rich: str, run: t.Any) -> None:
    broken, plant = found(run, "twinmaker_scene_info", workspace_id=rich)
    assert "content" not in plant
    assert (plant["capabilities"], plant["metadata"], plant["tags"]) == (["MATTERPORT"], {"a": "b"}, {"c": "d"})
    (plant,) = found(run, "twinmaker_scene_info", workspace_id=rich, scene_id="plant", include_content=True)
    assert plant["content"]["specVersion"] == "1.0"
    (broken,) = found(run, "twinmaker_scene_info", workspace_id=rich, scene_id="broken", include_content=True)
    assert "content" not in broken


def test_a_sync_job(rich: str, cloud: Cloud, run: t.Any) -> None:
    cloud.client("iottwinmaker").create_sync_job(workspaceId=rich, syncSource="SITEWISE", syncRole=ROLE, tags={"a": "b"})
    (job,) = found(run, "twinmaker_sync_job_info", workspace_id=rich)
    assert (job["sync_source"], job["sync_role"], job["state"], job["tags"]) == ("SITEWISE", ROLE, "ACTIVE", {"a": "b"})
    assert found(run, "twinmaker_sync_job_info", workspace_id=rich, sync_source="SITEWISE") == [job]
    assert not run("twinmaker_sync_job", workspace_id=rich, **{key: job[key] for key in ("sync_source", "sync_role", "tags")})["changed"]
