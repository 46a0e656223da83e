# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check's results become: differences, a report of a stable form, and a page that can be trusted with any text."""

from __future__ import annotations

import html.parser
import json
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.differences import Task, differences
from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.page import page, shown, verdict
from ansible_collections.energytwin.aws.plugins.plugin_utils._drift.report import Collector

CHECKED = "2026-11-23T16:00:00Z"
DIFFERENCE_KEYS = {"layer", "host", "item", "action", "owner", "task", "field", "is", "should_be", "reason", "since", "changed_by"}


def task(module: str = "twinmaker_scene", layer: str = "twin", host: str = "plant", name: str = "role : part | Keep it") -> Task:
    return Task(layer=layer, host=host, name=name, module=module)


def found(result: dict[str, t.Any], **about: str) -> list[tuple[t.Any, ...]]:
    return [(one.item, one.action, one.field, one.actual, one.wanted) for one in differences(task(**about), result)]


def arguments(**given: t.Any) -> dict[str, t.Any]:
    return {"module_args": given}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"changed": False, "diff": {"before": {"a": 1}, "after": {"a": 2}}}, []),
        (
            {"changed": True, "invocation": arguments(scene_id="s"), "diff": {"before": {}, "after": {"a": 1}}},
            [("s", "add", None, None, {"a": 1})],
        ),
        (
            {"changed": True, "invocation": arguments(scene_id="s"), "diff": {"before": {"a": 1}, "after": {}}},
            [("s", "remove", None, {"a": 1}, None)],
        ),
        (
            {
                "changed": True,
                "invocation": arguments(uid="d"),
                "diff": {"before": {"a": {"b": 1, "c": 2}}, "after": {"a": {"b": 1, "c": 3}}},
            },
            [("d", "change", "a.c", 2, 3)],
        ),
        (
            {
                "changed": True,
                "invocation": arguments(dest="/etc/x"),
                "diff": [{"before": "old\n", "after": "new\n", "after_header": "/etc/x"}],
            },
            [("/etc/x", "change", None, "old\n", "new\n")],
        ),
        ({"changed": True}, [("Keep it", "run", None, None, None)]),
        (
            {"changed": True, "results": [{"changed": False}, {"changed": True, "_ansible_item_label": "Panel"}]},
            [("Panel", "run", None, None, None)],
        ),
    ],
)
def test_what_a_result_says(result: dict[str, t.Any], expected: list[t.Any]) -> None:
    assert found(result) == expected


def test_a_set_of_entities_is_told_by_entity_and_field_with_the_time_of_its_last_change() -> None:
    meter = {"componentTypeId": "com.example.energymeter", "description": "Chiller"}
    result = {
        "changed": True,
        "plan": [
            {"action": "update", "entity_id": "roof", "reason": "name changes"},
            {"action": "create", "entity_id": "hall", "reason": "is not there"},
        ],
        "last_changed": {"roof": CHECKED},
        "diff": {
            "before": {"roof": {"name": "Dach", "components": {"meter-5": meter}}},
            "after": {"roof": {"name": "Roof", "components": {"meter-5": {**meter, "description": "Chiller 1"}}}, "hall": {"name": "Hall"}},
        },
    }
    entries = differences(task("twinmaker_entities"), result)
    assert [(one.item, one.action, one.field, one.since) for one in entries] == [
        ("roof", "change", "name", CHECKED),
        ("roof", "change", "components.meter-5.description", CHECKED),
        ("hall", "add", None, None),
    ]
    assert {one.owner for one in entries} == {"site model of plant"}


def test_a_stack_is_told_by_its_resources() -> None:
    detail = {"Target": {"Attribute": "Properties", "Name": "MemorySize"}}
    change = {
        "Action": "Modify",
        "LogicalResourceId": "Reader",
        "ResourceType": "AWS::Lambda::Function",
        "Replacement": "True",
        "Details": [detail],
    }
    result = {"changed": True, "invocation": arguments(stack_name="plant"), "meta": [{"Type": "Resource", "ResourceChange": change}]}
    (one,) = differences(task("cloudformation", layer="stack"), result)
    assert (one.item, one.field, one.owner, one.reason) == (
        "Reader (AWS::Lambda::Function)",
        "Properties.MemorySize",
        "stack plant",
        "by replacement",
    )
    (new,) = differences(task("cloudformation", layer="stack"), {"changed": True, "invocation": arguments(stack_name="plant"), "meta": []})
    assert (new.item, new.action) == ("plant", "change")


def test_grafana_says_when_and_who() -> None:
    diff = {"before": {"dashboard": {"title": "A"}}, "after": {"dashboard": {"title": "B"}}}
    result = {"changed": True, "dashboard": {"updated": CHECKED, "updated_by": "jane.doe"}, "diff": diff}
    (one,) = differences(task("grafana_dashboard", layer="dashboards"), result)
    assert (one.since, one.changed_by) == (CHECKED, "jane.doe")


@pytest.mark.parametrize("mark", [{"_ansible_no_log": True}, {"censored": "the output has been hidden"}])
def test_what_a_task_hides_stays_hidden(mark: dict[str, t.Any]) -> None:
    diff = {"before": {"password": "old-secret"}, "after": {"password": "new-secret"}}
    collector = Collector()
    collector.done("plant", task(), {"changed": True, **mark, "diff": diff, "invocation": arguments(name="user")})
    collector.failed("plant", task(), {"msg": "new-secret", **mark})
    report = collector.report("plant", CHECKED)
    assert "secret" not in json.dumps(report).replace("is secret", "")
    assert len(report["differences"]) == len(report["failures"]) == 1


def test_a_report_has_one_form_whatever_was_found() -> None:
    collector = Collector()
    empty = collector.report("plant", CHECKED)
    collector.done("plant", task(layer="edge_gateway", host="gw-1", module="copy"), {"changed": True})
    collector.done("plant", task(layer="stack"), {"changed": True})
    collector.failed("plant", task(layer="verify"), {"msg": ["one", "two"]})
    collector.skipped("plant", task(layer="stack"), {"msg": "remote module (amazon.aws.s3_bucket) does not support check mode"})
    collector.skipped("plant", task(layer="stack"), {"skip_reason": "Conditional result was False"})
    full = collector.report("plant", CHECKED)
    assert empty.keys() == full.keys()
    assert (empty["complete"], empty["drifted"], full["complete"], full["drifted"]) == (True, False, False, True)
    assert [one["layer"] for one in full["differences"]] == ["stack", "edge_gateway"]
    assert all(one.keys() == DIFFERENCE_KEYS for one in full["differences"])
    assert full["failures"] == [{"layer": "verify", "host": "plant", "task": "role : part | Keep it", "message": "one two"}]
    assert len(full["unchecked"]) == 1
    assert full["hosts"] == ["gw-1", "plant"]
    assert json.loads(json.dumps(full)) == full


def test_only_sites_of_which_something_was_looked_at_have_a_report() -> None:
    collector = Collector()
    collector.failed("plant", task(layer=""), {"msg": "called in the wrong way"})
    assert collector.sites == []
    collector.done("plant", task(), {"changed": False})
    assert collector.sites == ["plant"]


def test_a_stack_was_changed_when_cloudformation_says_so() -> None:
    collector = Collector()
    description = {"creation_time": "2026-01-01T00:00:00+00:00", "last_updated_time": CHECKED}
    collector.done("plant", task("cloudformation_info", layer="stack"), {"cloudformation": {"plant": {"stack_description": description}}})
    collector.done("plant", task("cloudformation", layer="stack"), {"changed": True, "invocation": arguments(stack_name="plant")})
    assert [one["since"] for one in collector.report("plant", CHECKED)["differences"]] == [CHECKED]


class Reader(html.parser.HTMLParser):
    """Tags, what they load, and the text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [f"{name}={value}" for name, value in attributes if name in ("src", "href") or name.startswith("on")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_escapes_everything_and_loads_nothing() -> None:
    nasty = "</td><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp;"
    collector = Collector()
    diff = {"before": {nasty: nasty}, "after": {nasty: {"x": nasty}}}
    collector.done(
        nasty,
        task(host=nasty, name=nasty, layer=nasty),
        {"changed": True, "diff": diff, "invocation": arguments(name=nasty), "reasons": [nasty]},
    )
    collector.failed(nasty, task(host=nasty, name=nasty), {"msg": nasty})
    collector.skipped(nasty, task(host=nasty, name=nasty), {"msg": "does not support check mode"})
    read = Reader(page(collector.report(nasty, CHECKED)))
    assert read.open == []
    assert read.loads == []
    assert not {"script", "img", "link", "iframe"} & set(read.tags)
    assert nasty in read.text


def test_a_page_says_in_words_what_it_shows_in_colours() -> None:
    collector = Collector()
    for before, after in (({}, {"a": 1}), ({"a": 1}, {}), ({"a": 1}, {"a": 2})):
        collector.done("plant", task(), {"changed": True, "diff": {"before": before, "after": after}})
    collector.done("plant", task(layer="stack"), {"changed": False})
    text = Reader(page(collector.report("plant", CHECKED))).text
    for word in ("+ add", "\N{MINUS SIGN} remove", "~ change", "not known", "3 differences.", "As it should be"):
        assert word in text


def test_the_verdict() -> None:
    collector = Collector()
    assert verdict(collector.report("plant", CHECKED)) == "Everything is as the inventory says."
    collector.done("plant", task(), {"changed": True})
    assert verdict(collector.report("plant", CHECKED)) == "1 difference."
    collector.failed("plant", task(), {})
    assert verdict(collector.report("plant", CHECKED)) == "The check did not come to its end; 1 difference until then."


def test_a_long_value_is_cut_on_the_page_and_says_so() -> None:
    assert shown("x" * 600) == "x" * 600
    assert shown("x" * 601).endswith("(601 characters, see the JSON file)")
    assert shown(None) == ""


def test_a_site_that_could_not_be_planned_has_a_report_that_says_why() -> None:
    collector = Collector()
    noted = {"changed": False, "ansible_facts": {"site_run_failure": {"where": "Its files", "why": ["a.csv is empty.", "b.csv is, too."]}}}
    collector.done("plant", task(layer="", module="set_fact"), noted)
    assert collector.sites == ["plant"]
    report = collector.report("plant", CHECKED)
    assert (report["complete"], report["drifted"], report["hosts"]) == (False, False, ["plant"])
    assert [(one["task"], one["message"]) for one in report["failures"]] == [("Its files", "a.csv is empty. b.csv is, too.")]
    assert "a.csv is empty." in page(report)


def test_what_a_task_has_said_already_is_told_once() -> None:
    collector = Collector()
    collector.failed("plant", task(layer="", name="Read aws_environment"), {"msg": "no region"})
    assert collector.sites == [], "the playbook may have refused to run at all"
    collector.done("plant", task(layer=""), {"ansible_facts": {"site_run_failure": {"where": "Read aws_environment", "why": "no region"}}})
    assert collector.sites == ["plant"]
    assert [one["message"] for one in collector.report("plant", CHECKED)["failures"]] == ["no region"]
