# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From entities back to a site: nothing gets lost, and applying what was written changes nothing."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.energytwin.aws.plugins.filter.site_export import site_export
from ansible_collections.energytwin.aws.plugins.module_utils._site.export import export_site, merged
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, plain, twin_entities
from ansible_collections.energytwin.aws.plugins.module_utils._site.scene import scene

PLANT = pathlib.Path(__file__).parents[5] / "inventories/local/host_vars/example-plant/site.yml"
ID = "example-plant"


@pytest.fixture
def site() -> dict[str, t.Any]:
    return plain(parse_site(yaml.safe_load(PLANT.read_text())["site"], ID))


@pytest.fixture
def entities(site: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """As a workspace shows them: with every text, and the parent of those at the top."""
    defaults = {"parent_entity_id": "$ROOT", "description": "", "tags": {}}
    return [{**defaults, **copy.deepcopy(entity)} for entity in twin_entities(site)]


def keyed(entities: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    def tidy(entity: dict[str, t.Any]) -> dict[str, t.Any]:
        wanted = {key: value for key, value in entity.items() if value not in ("", {}, None)}
        return {**wanted, "parent_entity_id": entity.get("parent_entity_id") or "$ROOT"}

    return {entity["entity_id"]: tidy(entity) for entity in entities}


def applied(export: t.Any) -> dict[str, t.Any]:
    """What role twin would make of it."""
    own = twin_entities(parse_site(export.site, ID)) if export.site else []
    return keyed(merged(own, export.extra))


def test_a_site_that_was_noted_comes_back_as_it_is(site: dict[str, t.Any], entities: list[dict[str, t.Any]]) -> None:
    export = export_site(entities, ID, noted=site)
    assert export.site == {key: value for key, value in site.items() if key != "id"}
    assert (export.extra, export.unsaid) == ([], [])


def test_without_a_note_everything_that_entities_say_comes_back(site: dict[str, t.Any], entities: list[dict[str, t.Any]]) -> None:
    export = export_site(entities, ID, topic=site["topic"])
    assert export.extra == []
    assert applied(export) == keyed(entities)
    (guess,) = export.unsaid
    assert guess.startswith("phases: entities do not say them, 3 is a guess for meters ")


def test_a_note_that_is_no_longer_true_still_gives_what_entities_do_not_say(
    site: dict[str, t.Any], entities: list[dict[str, t.Any]]
) -> None:
    next(entity for entity in entities if entity["entity_id"] == "roof")["name"] = "Upper roof"
    export = export_site(entities, ID, noted=site)
    assert applied(export) == keyed(entities)
    assert export.unsaid == []
    expected = copy.deepcopy({key: value for key, value in site.items() if key != "id"})
    next(area for area in expected["areas"] if area["id"] == "roof")["name"] = "Upper roof"
    assert export.site == expected


def test_what_is_no_part_of_a_site_is_written_beside_it(site: dict[str, t.Any], entities: list[dict[str, t.Any]]) -> None:
    note = {"componentTypeId": "com.example.note", "properties": {"text": {"value": {"stringValue": "by hand"}}}}
    by_id = {entity["entity_id"]: entity for entity in entities}
    by_id["roof"]["components"]["note"] = note
    by_id["mech-rooftop"].update(description="The big ones", tags={"Owner": "me"})
    by_id["mech-rooftop"]["components"]["meter-5"]["properties"]["maker"] = {"value": {"stringValue": "Eastron"}}
    loose = {
        "entity_id": "weather",
        "name": "Weather",
        "parent_entity_id": "$ROOT",
        "description": "",
        "tags": {},
        "components": {"note": note},
    }
    below = {"entity_id": "valve", "name": "Valve", "parent_entity_id": "mech-rooftop", "description": "", "tags": {}, "components": {}}
    everything = [*entities, loose, below]
    for noted in (site, None):
        export = export_site(everything, ID, noted=noted, topic=site["topic"])
        assert {entity["entity_id"] for entity in export.extra} == {"roof", "mech-rooftop", "weather", "valve"}
        assert applied(export) == keyed(everything)


def test_entities_that_are_no_site_are_all_written_and_it_is_said_why(entities: list[dict[str, t.Any]]) -> None:
    other = export_site(entities, "north")
    assert other.site is None
    assert keyed(other.extra) == keyed(entities)
    assert other.unsaid == [
        "There is no entity 'north' that could be the site, so all entities are written as they are; if 'example-plant' is the site, "
        "give the inventory host that name."
    ]
    empty = export_site([{"entity_id": ID, "name": "Plant", "components": {}}], ID, topic="energy/x")
    assert empty.site is None
    assert [sentence.split(": ")[0] for sentence in empty.unsaid] == ["The entities are no site, so all are written as they are"]
    assert "areas" in empty.unsaid[0]
    assert [entity["entity_id"] for entity in empty.extra] == [ID]


def test_meters_that_do_not_stand_where_a_site_has_them_stay_entities(entities: list[dict[str, t.Any]], site: dict[str, t.Any]) -> None:
    """A meter's component of another name, and a panel right below the site."""
    by_id = {entity["entity_id"]: entity for entity in entities}
    by_id["pv-rooftop"]["components"]["East"] = by_id["pv-rooftop"]["components"].pop("meter-1")
    by_id["db-office"]["parent_entity_id"] = ID
    export = export_site(entities, ID, topic=site["topic"])
    assert applied(export) == keyed(entities)


def test_the_file_is_read_back_as_what_was_exported(
    site: dict[str, t.Any], entities: list[dict[str, t.Any]], tmp_path: pathlib.Path
) -> None:
    nasty = {
        "entity_id": "note",
        "name": "{{ lookup('pipe', 'id') }}",
        "parent_entity_id": "$ROOT",
        "description": "a: b # c\n- d",
        "components": {},
    }
    types = [
        {"component_type_id": "com.example.energymeter"},
        {"component_type_id": "com.hand.made", "functions": {"f": {"implementedBy": {"lambda": {"arn": "arn:x"}}}}},
    ]
    scenes = [{"scene_id": "plant", "content": {}}, {"scene_id": "mine", "content": {"specVersion": "1.0"}}, {"scene_id": "gone"}]
    workspace = {"component_types": types, "entities": [*entities, nasty], "scenes": scenes, "sync_jobs": [{"sync_source": "SITEWISE"}]}
    found = site_export(workspace, ID, noted=site, known_types=["com.example.energymeter"], known_scenes=["plant"])
    file = tmp_path / "site.yml"
    file.write_text(found["text"])
    read = DataLoader().load_from_file(str(file))
    assert Templar(DataLoader(), variables={}).template(read) == found["variables"]
    assert [one["component_type_id"] for one in read["twin_extra_component_types"]] == ["com.hand.made"]
    assert [one["scene_id"] for one in read["twin_extra_scenes"]] == ["mine"]
    assert found["gateways"] == ["gw-hall", "gw-roof"]
    told = " ".join(found["unsaid"])
    for word in ("arn:x", "'gone'", "SITEWISE", "gw-hall, gw-roof"):
        assert word in told


def test_a_scene_that_a_role_would_make_anew_becomes_its_document(entities: list[dict[str, t.Any]], site: dict[str, t.Any]) -> None:
    """Where it is not known what was applied last: two roles that keep one scene would change it for ever."""
    document = {"specVersion": "1.0", "nodes": []}
    scenes = [
        {"scene_id": name, "content": document, "resources": [{"src": "/x/hall.glb", "key": "hall.glb"}]} for name in ("plant", "tour")
    ]
    found = site_export({"entities": entities, "scenes": scenes}, ID, topic=site["topic"], known_scenes=["plant"])
    assert found["variables"]["dashboards_scene_document"] == document
    assert found["variables"]["twin_extra_scenes"] == [{"scene_id": "tour", "content": document}]
    assert [sentence for sentence in found["unsaid"] if "hall.glb" in sentence and "'tour'" in sentence]

    no_site = site_export({"entities": entities, "scenes": scenes}, "north", known_scenes=["plant"])
    assert "dashboards_scene_document" not in no_site["variables"]
    assert [one["scene_id"] for one in no_site["variables"]["twin_extra_scenes"]] == ["plant", "tour"]


@pytest.mark.parametrize("motion", [False, True])
def test_a_scene_that_follows_from_the_site_is_left_to_the_role(
    site: dict[str, t.Any], entities: list[dict[str, t.Any]], motion: bool
) -> None:
    made = scene(site, "https://g.example", motion)
    found = site_export({"entities": entities, "scenes": [{"scene_id": "plant", "content": made}]}, ID, noted=site, known_scenes=["plant"])
    assert found["variables"].keys() - {"site"} == ({"dashboards_scene_motion"} if motion else set())

    made["nodes"][0]["name"] = "Drawn by hand"
    found = site_export({"entities": entities, "scenes": [{"scene_id": "plant", "content": made}]}, ID, noted=site, known_scenes=["plant"])
    assert found["variables"]["dashboards_scene_document"] == made
    assert [sentence for sentence in found["unsaid"] if "dashboards_scene_document" in sentence]


def test_limits_come_from_the_scene_where_no_site_model_is_noted(site: dict[str, t.Any], entities: list[dict[str, t.Any]]) -> None:
    shown = {(one["panel_id"], one["meter_id"]): {name: one["limits"][name] for name in [*one["limits"]][:1]} for one in meters(site)}
    assert any(shown.values())
    document = scene(site)
    by_hand = {"kW >= 5": "iottwinmaker.common.icon:Error", "kW >= 9": "iottwinmaker.common.icon:Warning"}
    document["rules"]["nonsense"] = {"statements": [{"expression": one, "target": target} for one, target in by_hand.items()]}
    binding = {"dataBindingContext": {"entityId": "pv-rooftop", "componentName": "meter-1", "propertyName": "kW"}}
    document["nodes"].append({"components": [{"type": "Tag", "ruleBasedMapId": "nonsense", "valueDataBinding": binding}]})
    found = site_export({"entities": entities, "scenes": [{"scene_id": "plant", "content": document}]}, ID, known_scenes=["plant"])
    exported = meters({**found["variables"]["site"], "id": ID})
    limits = {(one["panel_id"], one["meter_id"]): one["limits"] for one in exported}
    assert limits == {**shown, ("pv-rooftop", "1"): {}}


def test_people_who_are_not_known_keep_their_roles(entities: list[dict[str, t.Any]], site: dict[str, t.Any]) -> None:
    """Role dashboards takes the roles of all others away where a site names people, be it nobody."""
    for noted in (None, {**site, "people": []}):
        export = export_site(entities, ID, noted=noted, topic=site["topic"])
        assert export.site is not None and "people" not in export.site
    known = export_site(entities, ID, noted=site, topic=site["topic"])
    assert known.site is not None and known.site["people"] == site["people"] != []
