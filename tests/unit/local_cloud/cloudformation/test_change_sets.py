# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change sets: what they foresee, that they change nothing, and what comes of executing them. The resources are fakes."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_cloud.cloudformation.fakes import Driver, World, arguments, template_of, thing

REF = {"Ref": "A"}
ARN = {"Fn::GetAtt": ["A", "Arn"]}
OLD = template_of(A=thing(1, Name="a"), B=thing(1, Name="b", Needs=ARN), C=thing(1, Name="c"), D=thing(1, Name={"Fn::Sub": "${A}-d"}))


def change_set(driver: Driver, template: t.Any, **given: t.Any) -> dict[str, t.Any]:
    made = driver.client.create_change_set(**arguments(template, {"StackName": "one", "ChangeSetName": "next", **given}))
    return t.cast("dict[str, t.Any]", driver.client.describe_change_set(ChangeSetName=made["Id"]))


def foreseen(described: dict[str, t.Any]) -> dict[str, tuple[str, str | None]]:
    changes = [change["ResourceChange"] for change in described["Changes"]]
    return {change["LogicalResourceId"]: (change["Action"], change.get("Replacement")) for change in changes}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (template_of(**{**OLD["Resources"], "C": thing(2, Name="c")}), {"C": ("Modify", "False")}),
        # a GetAtt of what is changed in place, and a name made of it, might change
        (
            template_of(**{**OLD["Resources"], "A": thing(2, Name="a")}),
            {"A": ("Modify", "False"), "B": ("Modify", "False")},
        ),
        (
            template_of(**{**OLD["Resources"], "A": thing(1, Name="new")}),
            {"A": ("Modify", "True"), "B": ("Modify", "False"), "D": ("Modify", "Conditional")},
        ),
        (
            template_of(**{**OLD["Resources"], "E": thing(Needs=REF)}),
            {"E": ("Add", None)},
        ),
        (template_of(A=thing(1, Name="a")), {"B": ("Remove", None), "C": ("Remove", None), "D": ("Remove", None)}),
    ],
)
def test_what_an_update_would_do(stacks: Driver, world: World, new: t.Any, expected: dict[str, tuple[str, str | None]]) -> None:
    stacks.create(template=OLD)
    before = (list(world.calls), stacks.events())
    described = change_set(stacks, new)
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert foreseen(described) == expected
    stacks.client.delete_change_set(ChangeSetName=described["ChangeSetId"])
    assert stacks.client.list_change_sets(StackName="one")["Summaries"] == []
    assert (world.calls, stacks.events()) == before


def test_details_say_what_causes_a_change(stacks: Driver) -> None:
    template = {"Parameters": {"Size": {"Type": "String"}}, **template_of(A=thing({"Ref": "Size"}, Name="a"), B=thing(Name="b", Needs=ARN))}
    stacks.create(template=template, Parameters={"Size": "1"})
    described = change_set(stacks, template, Parameters={"Size": "2"})
    details = {change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"]["Details"] for change in described["Changes"]}
    assert details == {
        "A": [
            {
                "Target": {"Attribute": "Properties", "Name": "Size", "RequiresRecreation": "Never"},
                "Evaluation": "Static",
                "ChangeSource": "ParameterReference",
                "CausingEntity": "Size",
            }
        ],
        "B": [
            {
                "Target": {"Attribute": "Properties", "Name": "Needs", "RequiresRecreation": "Never"},
                "Evaluation": "Dynamic",
                "ChangeSource": "ResourceAttribute",
                "CausingEntity": "A.Arn",
            }
        ],
    }


def test_nothing_to_change_makes_a_change_set_that_has_failed(stacks: Driver) -> None:
    stacks.create(template=OLD)
    described = change_set(stacks, OLD)
    assert (described["Status"], described["ExecutionStatus"], described["Changes"]) == ("FAILED", "UNAVAILABLE", [])
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")
    with pytest.raises(ClientError) as caught:
        stacks.client.execute_change_set(ChangeSetName=described["ChangeSetId"])
    assert caught.value.response["Error"]["Code"] == "InvalidChangeSetStatus"


def test_an_executed_change_set_is_the_update(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a")))
    described = change_set(stacks, template_of(A=thing(2, Name="a")))
    stacks.client.execute_change_set(StackName="one", ChangeSetName="next", ClientRequestToken="t-1")
    assert stacks.settled("one") == "UPDATE_COMPLETE"
    assert world.things["a"]["properties"]["Size"] == 2
    assert stacks.stack()["ChangeSetId"] == described["ChangeSetId"]
    assert stacks.client.list_change_sets(StackName="one")["Summaries"] == []


def test_a_change_set_can_make_a_stack(stacks: Driver, world: World) -> None:
    described = change_set(stacks, template_of(A=thing(1, Name="a")), ChangeSetType="CREATE")
    assert foreseen(described) == {"A": ("Add", None)}
    assert stacks.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert world.calls == []
    with pytest.raises(ClientError, match="already exists"):
        stacks.client.create_stack(StackName="one", TemplateBody=json.dumps(OLD))
    stacks.client.execute_change_set(StackName="one", ChangeSetName="next")
    assert stacks.settled("one") == "CREATE_COMPLETE"
    assert set(world.things) == {"a"}


def test_a_stack_in_review_can_be_deleted(stacks: Driver) -> None:
    change_set(stacks, template_of(A=thing(1, Name="a")), ChangeSetType="CREATE")
    assert stacks.delete() == "DELETE_COMPLETE"


def test_change_sets_that_cannot_be(stacks: Driver) -> None:
    with pytest.raises(ClientError, match=r"Stack \[one\] does not exist"):
        change_set(stacks, OLD)
    stacks.create(template=OLD)
    change_set(stacks, template_of(A=thing()))
    with pytest.raises(ClientError) as caught:
        change_set(stacks, template_of(A=thing()))
    assert caught.value.response["Error"]["Code"] == "AlreadyExistsException"
    with pytest.raises(ClientError, match="cannot be created again"):
        change_set(stacks, OLD, ChangeSetType="CREATE", ChangeSetName="other")
    with pytest.raises(ClientError) as caught:
        stacks.client.describe_change_set(StackName="one", ChangeSetName="nobody")
    assert caught.value.response["Error"]["Code"] == "ChangeSetNotFound"
