# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Alert rules: of a site as rules that Grafana takes, and a group of them kept by the module."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import lint
from ansible_collections.energytwin.aws.plugins.module_utils._site.alert_rules import alert_rules
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, twin_entities
from tests.tools.checkout import read_yaml

SITE: dict[str, t.Any] = {"id": "example-plant", **read_yaml("inventories/local/host_vars/example-plant/site.yml")["site"]}
MODULE = "grafana_alert_rules"
GROUP: dict[str, t.Any] = {"folder_uid": "plant", "name": "Meters"}


def with_alarm(value: float) -> dict[str, t.Any]:
    site = copy.deepcopy(SITE)
    site["areas"][0]["panels"][0]["meters"][0]["limits"]["kW"]["alarm"] = value
    return site


# ---- what follows from a site


def test_every_limit_and_every_meter_has_a_rule() -> None:
    rules = alert_rules(SITE)
    expected = [what for meter in meters(SITE) for what in (*(f"kW {level}" for level in meter["limits"].get("kW", {})), "stale")]
    assert [rule["title"].split(": ")[1].rsplit(" [")[0] for rule in rules] == expected
    assert len({rule["uid"] for rule in rules}) == len({rule["title"] for rule in rules}) == len(rules)


def test_rules_ask_only_for_what_the_twin_has() -> None:
    panels = [{"targets": [query["model"] for query in rule["data"]]} for rule in alert_rules(SITE)]
    twin = lint.twin_of({"entities": twin_entities(SITE), "datasources": ["example-plant-twin"]})
    assert sum(len(list(lint.targets(panel))) for panel in panels) == len(panels)
    assert lint.faults({"panels": panels}, twin) == []


def test_a_limit_that_is_reached_is_told_and_silence_is_told_by_its_own_rule() -> None:
    rules = {rule["title"].rsplit(" [")[0]: rule for rule in alert_rules(SITE, stale_minutes=5)}
    alarm, stale = rules["Incomer hall 1 (Main distribution hall 1): kW alarm"], rules["Incomer hall 1 (Main distribution hall 1): stale"]
    assert [query["model"].get("expression") for query in alarm["data"]] == [None, "A", "$B >= 95.0"]
    assert alarm["condition"] == "C" and alarm["noDataState"] == "OK" and alarm["labels"]["severity"] == "alarm"
    assert alarm["annotations"]["summary"] == "Incomer hall 1: kW is 95.0 kW or more"
    assert stale["condition"] == "B" and stale["noDataState"] == "Alerting"
    assert {query["relativeTimeRange"]["from"] for query in stale["data"]} == {300}


def test_a_changed_limit_keeps_the_rule_and_changes_its_expression() -> None:
    before, after = alert_rules(SITE), alert_rules(with_alarm(90))
    assert [rule["uid"] for rule in before] == [rule["uid"] for rule in after]
    assert sum(one["data"] != other["data"] for one, other in zip(before, after, strict=True)) == 1


# ---- the module


@pytest.fixture
def plant(site: t.Any) -> t.Any:
    """A Grafana with the folder of the plant."""
    site.run("grafana_folder", uid="plant", title="Plant")
    return site


def test_the_life_of_a_group(plant: t.Any) -> None:
    made = plant.three_times(MODULE, **GROUP, interval_seconds=300, rules=alert_rules(SITE))
    assert made["group"]["interval_seconds"] == 300 and len(made["group"]["rules"]) == len(alert_rules(SITE))
    changed = plant.three_times(MODULE, **GROUP, interval_seconds=300, rules=alert_rules(with_alarm(90)))
    assert changed["reasons"] == [
        "rules[1].data[2].model.expression changes from '$B >= 95.0' to '$B >= 90.0'",
        "rules[1].annotations.summary changes from 'Incomer hall 1: kW is 95.0 kW or more' to 'Incomer hall 1: kW is 90.0 kW or more'",
    ]
    fewer = plant.three_times(MODULE, **GROUP, interval_seconds=300, rules=alert_rules(SITE)[2:3])
    assert len(fewer["group"]["rules"]) == 1
    assert plant.three_times(MODULE, **GROUP, state="absent")["group"] == {}


def test_what_grafana_would_refuse_is_refused_all_at_once(plant: t.Any) -> None:
    rule = {**alert_rules(SITE)[0], "title": "High"}
    refused = plant.run(
        MODULE, **GROUP, interval_seconds=15, rules=[rule, {**rule, "condition": "Z", "data": rule["data"][:1]}, {"uid": "x"}]
    )
    assert refused["msg"].splitlines() == [
        "interval_seconds: 15 cannot be used; give a multiple of 10.",
        f"rules: uid '{rule['uid']}' is that of several rules; give each its own.",
        "rules: title 'High' is that of several rules; give each its own.",
        "rules[1].condition: 'Z' is no refId of its data; use one of A.",
        "rules[2].title: there is none; give it.",
        "rules[2].condition: there is none; give it.",
        "rules[2].data: there is none; give it.",
    ]


def test_a_uid_of_digits_is_a_text(plant: t.Any) -> None:
    made = plant.three_times(MODULE, **GROUP, rules=[{**alert_rules(SITE)[0], "uid": 5, "title": 5}])
    assert made["group"]["rules"] == [{"uid": "5", "title": "5"}]
    strange = {**alert_rules(SITE)[0], "uid": {"a": 1}}
    assert "rules: uid '{'a': 1}' is that of several" in plant.run(MODULE, **GROUP, rules=[strange, {**strange, "title": "B"}])["msg"]


def test_a_folder_that_is_not_there_is_named(site: t.Any) -> None:
    refused = site.run(MODULE, folder_uid="nowhere", name="Meters", rules=alert_rules(SITE)[:1])
    assert refused["msg"].startswith("Grafana takes no alert rules for folder 'nowhere' (folder does not exist); create the folder first")


def test_a_folder_with_alert_rules_stays(plant: t.Any) -> None:
    plant.run(MODULE, **GROUP, rules=alert_rules(SITE)[:1])
    assert "folder contains alert rules" in plant.run("grafana_folder", uid="plant", state="absent", force=True)["msg"]
    plant.run(MODULE, **GROUP, state="absent")
    assert plant.run("grafana_folder", uid="plant", state="absent")["changed"]
