# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: order, rollback, replacement, retention, deletion, policies. The resources are fakes."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_cloud.cloudformation.fakes import Driver, World, template_of, thing, until

ARN = {"Fn::GetAtt": ["A", "Arn"]}


def test_resources_come_after_what_they_need_and_go_before_it(stacks: Driver, world: World) -> None:
    template = template_of(B=thing(Name="b", Needs=ARN), C=thing(Name="c", depends_on="B"), A=thing(Name="a"))
    assert stacks.create(template=template) == "CREATE_COMPLETE"
    assert [call for call in world.calls if call.startswith("create")] == ["create a", "create b", "create c"]
    assert world.things["b"]["properties"]["Needs"] == "arn:test:a"
    assert stacks.events() == [
        ("one", "CREATE_IN_PROGRESS"),
        *(("A", status) for status in ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")),
        *(("B", status) for status in ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")),
        *(("C", status) for status in ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")),
        ("one", "CREATE_COMPLETE"),
    ]
    assert stacks.delete() == "DELETE_COMPLETE"
    assert [call for call in world.calls if call.startswith("delete")] == ["delete c", "delete b", "delete a"]
    assert world.things == {}


def test_names_that_are_left_out_are_made_of_stack_logical_id_and_chance(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(Thing=thing()))
    (name,) = world.things
    assert name.startswith("one-Thing-")
    assert stacks.physical_id("Thing") == name


def test_tags_of_the_stack_reach_its_resources(stacks: Driver, world: World) -> None:
    template = template_of(A=thing(Name="a", Tags=[{"Key": "own", "Value": "2"}]))
    stacks.create(template=template, Tags=[{"Key": "site", "Value": "x"}, {"Key": "own", "Value": "1"}])
    assert world.things["a"]["tags"] == {"site": "x", "own": "2"}
    assert stacks.update(template=template, Tags=[{"Key": "site", "Value": "y"}]) == "UPDATE_COMPLETE"
    assert world.things["a"]["tags"] == {"site": "y", "own": "2"}


def test_a_failed_creation_rolls_back_and_says_why(stacks: Driver, world: World) -> None:
    template = template_of(A=thing(Name="a"), B=thing("broken", Name="b", Needs=ARN), C=thing(Name="c", depends_on="B"))
    assert stacks.create(template=template) == "ROLLBACK_COMPLETE"
    assert world.things == {}
    assert stacks.reason("B", "CREATE_FAILED") == "b has failed to settle"
    assert stacks.reason("one", "ROLLBACK_IN_PROGRESS") == ("The following resource(s) failed to create: [B]. Rollback requested by user.")
    assert [call for call in world.calls if call.startswith("delete")] == ["delete b", "delete a"]
    assert ("C", "CREATE_IN_PROGRESS") not in stacks.events()


def test_the_rollback_leaves_alone_what_somebody_else_has_made(stacks: Driver, world: World) -> None:
    world.things["a"] = {"properties": {"Size": 9}, "tags": {}}
    assert stacks.create(template=template_of(A=thing(Name="a"))) == "ROLLBACK_COMPLETE"
    assert stacks.reason("A", "CREATE_FAILED") == "a already exists"
    assert world.things["a"]["properties"] == {"Size": 9}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Size": 1, "Bogus": 2}, "Encountered unsupported property Bogus"),
        ({}, "Properties validation failed for resource A with message:\n#: required key [Size] not found"),
        ({"Size": 1, "Odd": 1}, "The local cloud does not implement the property Odd of AWS::Test::Thing"),
    ],
)
def test_properties_are_checked_before_anything_is_called(stacks: Driver, world: World, properties: dict[str, t.Any], message: str) -> None:
    template = {"Resources": {"A": {"Type": "AWS::Test::Thing", "Properties": properties}}}
    assert stacks.create(template=template) == "ROLLBACK_COMPLETE"
    assert stacks.reason("A", "CREATE_FAILED") == message
    assert world.calls == []


@pytest.mark.parametrize(
    ("option", "status"), [({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED"), ({"DisableRollback": True}, "CREATE_FAILED")]
)
def test_a_failed_creation_can_be_kept_and_tried_again(stacks: Driver, world: World, option: dict[str, t.Any], status: str) -> None:
    assert stacks.create(template=template_of(A=thing(Name="a"), B=thing("broken", Name="b", Needs=ARN)), **option) == status
    assert set(world.things) == {"a", "b"}
    mended = template_of(A=thing(Name="a"), B=thing(2, Name="b2", Needs=ARN))
    with pytest.raises(ClientError, match="is in CREATE_FAILED state and can not be updated"):
        stacks.update(template=mended)
    assert stacks.update(template=mended, DisableRollback=True) == "UPDATE_COMPLETE"
    assert set(world.things) >= {"a", "b2"}


def test_a_failed_creation_can_delete_itself(stacks: Driver, world: World) -> None:
    stack_id = stacks.client.create_stack(
        StackName="one", TemplateBody=json.dumps(template_of(A=thing("broken", Name="a"))), OnFailure="DELETE"
    )["StackId"]
    assert stacks.settled(stack_id) == "DELETE_COMPLETE"
    assert world.things == {}


def test_an_update_in_place_touches_only_what_differs(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a"), B=thing(1, Name="b")))
    world.calls.clear()
    assert stacks.update(template=template_of(A=thing(2, Name="a"), B=thing("1", Name="b"))) == "UPDATE_COMPLETE"
    assert world.calls == ["update a"]
    assert stacks.events()[-5:] == [
        ("one", "UPDATE_IN_PROGRESS"),
        ("A", "UPDATE_IN_PROGRESS"),
        ("A", "UPDATE_COMPLETE"),
        ("one", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("one", "UPDATE_COMPLETE"),
    ]


def test_a_replacement_comes_before_what_needs_it_and_the_old_one_goes_last(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    world.calls.clear()
    assert stacks.update(template=template_of(A=thing(Name="new"), B=thing(Name="b", Needs=ARN))) == "UPDATE_COMPLETE"
    assert world.calls == ["create new", "configure new", "update b", "delete a"]
    assert world.things["b"]["properties"]["Needs"] == "arn:test:new"
    assert stacks.physical_id("A") == "new"
    assert ("A", "DELETE_COMPLETE") in stacks.events()
    resources = {
        item["LogicalResourceId"]: item["ResourceStatus"]
        for item in stacks.client.list_stack_resources(StackName="one")["StackResourceSummaries"]
    }
    assert resources == {"A": "UPDATE_COMPLETE", "B": "UPDATE_COMPLETE"}


def test_what_the_template_no_longer_has_is_deleted_in_the_cleanup(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    assert stacks.update(template=template_of(C=thing(Name="c"))) == "UPDATE_COMPLETE"
    assert set(world.things) == {"c"}
    assert world.calls[-2:] == ["delete b", "delete a"]
    assert [item["LogicalResourceId"] for item in stacks.client.list_stack_resources(StackName="one")["StackResourceSummaries"]] == ["C"]


def test_a_cleanup_that_fails_does_not_fail_the_update(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(Name="a"), B=thing(Name="b")))
    world.faults["delete a"] = ClientError({"Error": {"Code": "ConflictException", "Message": "a is in use"}}, "DeleteThing")
    assert stacks.update(template=template_of(B=thing(Name="b"))) == "UPDATE_COMPLETE"
    assert stacks.stack()["StackStatusReason"] == "Update successful. One or more resources could not be deleted."
    assert "a is in use" in stacks.reason("A", "DELETE_FAILED")


def test_a_failed_update_goes_back_to_what_was(stacks: Driver, world: World) -> None:
    old = template_of({"Size": {"Value": {"Fn::GetAtt": ["A", "Size"]}}}, A=thing(1, Name="a"), R=thing(Name="r"), G=thing(Name="g"))
    stacks.create(template=old)
    new = template_of(
        A=thing(2, Name="a"),
        R=thing(Name="r2", depends_on="A"),
        N=thing(Name="n", depends_on="R"),
        X=thing("broken", Name="x", depends_on="N"),
    )
    assert stacks.update(template=new) == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: item["properties"]["Size"] for name, item in world.things.items()} == {"a": 1, "r": 1, "g": 1}
    assert stacks.outputs() == {"Size": "1"}
    assert stacks.physical_id("R") == "r"
    assert stacks.reason("one", "UPDATE_ROLLBACK_IN_PROGRESS").startswith("The following resource(s) failed to create: [X].")
    assert {item["LogicalResourceId"] for item in stacks.client.list_stack_resources(StackName="one")["StackResourceSummaries"]} == {
        "A",
        "R",
        "G",
    }
    assert stacks.update(template=template_of(A=thing(3, Name="a"))) == "UPDATE_COMPLETE"
    assert set(world.things) == {"a"}


def test_a_resource_whose_update_failed_half_way_is_put_back(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a")))
    world.faults["update a"] = ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "UpdateThing")
    stacks.client.update_stack(StackName="one", TemplateBody=json.dumps(template_of(A=thing(2, Name="a"))))
    assert stacks.settled("one") == "UPDATE_ROLLBACK_FAILED"
    assert world.things["a"]["properties"]["Size"] == 1
    with pytest.raises(ClientError, match="can not be updated"):
        stacks.update(template=template_of(A=thing(2, Name="a")))
    world.faults.clear()
    stacks.client.continue_update_rollback(StackName="one")
    assert stacks.settled("one") == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.update(template=template_of(A=thing(3, Name="a"))) == "UPDATE_COMPLETE"
    assert world.things["a"]["properties"]["Size"] == 3


def test_a_rollback_can_skip_what_cannot_be_put_back(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a"), B=thing(1, Name="b", Needs=ARN)))
    world.faults["update a"] = ClientError({"Error": {"Code": "InternalFailure", "Message": "no"}}, "UpdateThing")
    assert stacks.update(template=template_of(A=thing(2, Name="a"), B=thing(2, Name="b", Needs=ARN))) == "UPDATE_ROLLBACK_FAILED"
    stacks.client.continue_update_rollback(StackName="one", ResourcesToSkip=["A"])
    assert stacks.settled("one") == "UPDATE_ROLLBACK_COMPLETE"


def test_an_update_without_rollback_stays_failed_until_it_is_mended(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a"), B=thing(1, Name="b", Needs=ARN)))
    bad = template_of(A=thing(2, Name="a"), B=thing("broken", Name="b", Needs=ARN))
    assert stacks.update(template=bad, DisableRollback=True) == "UPDATE_FAILED"
    assert world.things["a"]["properties"]["Size"] == 2
    good = template_of(A=thing(2, Name="a"), B=thing(3, Name="b2", Needs=ARN))
    assert stacks.update(template=good, DisableRollback=True) == "UPDATE_COMPLETE"
    assert {name: item["properties"]["Size"] for name, item in world.things.items()} == {"a": 2, "b2": 3}


def test_conditions_bring_resources_in_and_out(stacks: Driver, world: World) -> None:
    template = {
        "Parameters": {"Extra": {"Type": "String"}},
        "Conditions": {"HasExtra": {"Fn::Equals": [{"Ref": "Extra"}, "yes"]}},
        "Resources": {
            "A": thing(Name="a", Needs={"Fn::If": ["HasExtra", {"Ref": "B"}, {"Ref": "AWS::NoValue"}]}),
            "B": thing(Name="b", Condition="HasExtra"),
        },
        "Outputs": {"B": {"Condition": "HasExtra", "Value": {"Ref": "B"}}},
    }
    stacks.create(template=template, Parameters={"Extra": "no"})
    assert world.things == {"a": {"properties": {"Size": 1, "Name": "a"}, "tags": {}}}
    assert stacks.update(template=template, Parameters={"Extra": "yes"}) == "UPDATE_COMPLETE"
    assert world.things["a"]["properties"]["Needs"] == "b"
    assert stacks.outputs() == {"B": "b"}
    assert stacks.update(template=template, Parameters={"Extra": "no"}) == "UPDATE_COMPLETE"
    assert set(world.things) == {"a"}


def test_what_a_condition_leaves_out_cannot_be_referred_to(stacks: Driver) -> None:
    resources = {"A": thing(Name="a"), "B": thing(Name="b", Condition="Never")}
    template: dict[str, t.Any] = {"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}, "Resources": resources}
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[B\] in the Outputs block"):
        stacks.create(template={**template, "Outputs": {"B": {"Value": {"Ref": "B"}}}})
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[B\] in the Resources block"):
        stacks.create(template={**template, "Resources": {**resources, "C": thing(Name="c", Needs={"Ref": "B"})}})


def test_retained_resources_outlive_their_stack(stacks: Driver, world: World) -> None:
    template = template_of(A=thing(Name="a", DeletionPolicy="Retain"), B=thing(Name="b"))
    stack_id = stacks.client.create_stack(StackName="one", TemplateBody=json.dumps(template))["StackId"]
    stacks.settled("one")
    assert stacks.delete() == "DELETE_COMPLETE"
    assert set(world.things) == {"a"}
    assert ("A", "DELETE_SKIPPED") in stacks.events(stack_id)


def test_the_update_replace_policy_keeps_what_was_replaced(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(Name="a")))
    stacks.update(template=template_of(A=thing(Name="b", UpdateReplacePolicy="Retain")))
    assert set(world.things) == {"a", "b"}


@pytest.mark.parametrize(("policy", "left"), [("Retain", {"a"}), ("RetainExceptOnCreate", set()), ("Delete", set())])
def test_what_a_rolled_back_creation_keeps(stacks: Driver, world: World, policy: str, left: set[str]) -> None:
    template = template_of(A=thing(Name="a", DeletionPolicy=policy), B=thing("broken", Name="b", Needs=ARN))
    assert stacks.create(template=template) == "ROLLBACK_COMPLETE"
    assert set(world.things) == left


def test_a_deletion_that_fails_stops_before_what_the_failed_resource_needs(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN), C=thing(Name="c")))
    world.faults["delete b"] = ClientError(
        {"Error": {"Code": "ConflictException", "Message": "b is in use"}, "ResponseMetadata": {"HTTPStatusCode": 409}}, "DeleteThing"
    )
    stacks.client.delete_stack(StackName="one")
    assert stacks.settled("one") == "DELETE_FAILED"
    assert "delete a" not in world.calls
    assert "delete c" in world.calls
    assert stacks.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [B]. "
    assert 'Resource handler returned message: "b is in use (Service: Test, Status Code: 409' in stacks.reason("B", "DELETE_FAILED")
    with pytest.raises(ClientError, match="do not exist"):
        stacks.client.delete_stack(StackName="one", RetainResources=["Z"])
    assert stacks.delete(RetainResources=["B"]) == "DELETE_COMPLETE"
    assert set(world.things) == {"b"}


def test_resources_can_be_retained_only_after_a_failed_deletion(stacks: Driver) -> None:
    stacks.create(template=template_of(A=thing(Name="a")))
    with pytest.raises(ClientError, match="only when the stack is in the DELETE_FAILED state"):
        stacks.client.delete_stack(StackName="one", RetainResources=["A"])


POLICY = {
    "Statement": [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/A"},
    ]
}


@pytest.mark.parametrize(("resources", "action"), [({"A": thing(Name="z")}, "Replace"), ({"B": thing(Name="b")}, "Delete")])
def test_a_stack_policy_guards_resources(stacks: Driver, world: World, resources: dict[str, t.Any], action: str) -> None:
    stacks.create(template=template_of(A=thing(Name="a")), StackPolicyBody=json.dumps(POLICY))
    assert stacks.update(template={"Resources": resources}) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(world.things) == {"a"}
    words = f"Action denied by stack policy: Statement [#2] does not allow [Update:{action}] for resource [LogicalResourceId/A]"
    found = stacks.reason("A", "UPDATE_FAILED") if action == "Replace" else stacks.reason("one", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert words in found
    allowed = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
    assert stacks.update(template={"Resources": resources}, StackPolicyDuringUpdateBody=json.dumps(allowed)) == "UPDATE_COMPLETE"
    assert json.loads(stacks.client.get_stack_policy(StackName="one")["StackPolicyBody"]) == POLICY


def test_exports_and_imports_tie_stacks_together(stacks: Driver, world: World) -> None:
    exporter = template_of({"Arn": {"Value": ARN, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-arn"}}}}, A=thing(Name="a"))
    importer = template_of(B=thing(Name="b", Needs={"Fn::ImportValue": "one-arn"}))
    assert stacks.create("two", template=importer) == "ROLLBACK_COMPLETE"
    assert stacks.reason("B", "CREATE_FAILED", "two") == "No export named one-arn found."
    stacks.delete("two")
    stacks.create(template=exporter)
    assert stacks.create("two", template=importer) == "CREATE_COMPLETE"
    assert world.things["b"]["properties"]["Needs"] == "arn:test:a"
    assert [item["Name"] for item in stacks.client.list_exports()["Exports"]] == ["one-arn"]
    assert stacks.client.list_imports(ExportName="one-arn")["Imports"] == ["two"]
    assert (
        stacks.create("three", template=template_of({"X": {"Value": "1", "Export": {"Name": "one-arn"}}}, A=thing(Name="z")))
        == "ROLLBACK_COMPLETE"
    )
    stacks.client.delete_stack(StackName="one")
    assert stacks.settled("one") == "CREATE_COMPLETE"
    assert "Cannot delete export one-arn as it is in use by two" in stacks.stack()["StackStatusReason"]
    assert stacks.update(template=template_of(A=thing(Name="a2"))) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Export one-arn cannot be deleted as it is in use by two" in stacks.reason("one", "UPDATE_ROLLBACK_IN_PROGRESS")
    stacks.delete("two")
    assert stacks.delete("one") == "DELETE_COMPLETE"


def test_an_update_can_be_cancelled(stacks: Driver, world: World) -> None:
    stacks.create(template=template_of(A=thing(1, Name="a"), B=thing(1, Name="b", depends_on="A")))
    world.slow.add("a")
    stacks.client.update_stack(
        StackName="one", TemplateBody=json.dumps(template_of(A=thing(2, Name="a"), B=thing(2, Name="b", depends_on="A")))
    )
    stacks.client.cancel_update_stack(StackName="one")
    world.slow.clear()
    assert stacks.settled("one") == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: item["properties"]["Size"] for name, item in world.things.items()} == {"a": 1, "b": 1}


def test_a_stack_can_be_deleted_while_it_is_created(stacks: Driver, world: World) -> None:
    world.slow.add("a")
    stack_id = stacks.client.create_stack(
        StackName="one", TemplateBody=json.dumps(template_of(A=thing(Name="a"), B=thing(Name="b", Needs=ARN)))
    )["StackId"]
    until(lambda: "create a" in world.calls, "the creation of a")
    stacks.client.delete_stack(StackName="one")
    world.slow.clear()
    until(lambda: stacks.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE", "the deletion")
    assert world.things == {}
    assert "create b" not in world.calls


def test_a_circle_is_refused_at_once(stacks: Driver) -> None:
    circle = template_of(A=thing(Needs={"Ref": "B"}), B=thing(Needs={"Fn::GetAtt": ["A", "Arn"]}))
    with pytest.raises(ClientError, match=r"Circular dependency between resources: \[A, B\]"):
        stacks.create(template=circle)
    assert stacks.client.describe_stacks()["Stacks"] == []


def test_another_type_under_the_same_name_is_refused(stacks: Driver) -> None:
    stacks.create(template=template_of(A=thing(Name="a")))
    with pytest.raises(ClientError, match=r"Update of resource type is not permitted.*\[A\]"):
        stacks.update(template=template_of(A={"Type": "AWS::Test::Other", "Properties": {"Size": 1}}))
