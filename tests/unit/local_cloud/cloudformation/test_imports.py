# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is there already becomes a stack's own, as it is."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_cloud.cloudformation.fakes import Driver, World, arguments, template_of, thing

KEPT = template_of(A=thing(1, Name="a", DeletionPolicy="Retain"))


def entry(logical_id: str = "A", name: str = "a", kind: str = "AWS::Test::Thing") -> dict[str, t.Any]:
    return {"ResourceType": kind, "LogicalResourceId": logical_id, "ResourceIdentifier": {"Name": name}}


def change_set(driver: Driver, template: t.Any, *entries: dict[str, t.Any], name: str = "one", **given: t.Any) -> dict[str, t.Any]:
    wanted = {"StackName": name, "ChangeSetName": "take-in", "ChangeSetType": "IMPORT", "ResourcesToImport": list(entries), **given}
    made = driver.client.create_change_set(**arguments(template, wanted))
    return t.cast("dict[str, t.Any]", driver.client.describe_change_set(ChangeSetName=made["Id"]))


def taken_in(driver: Driver, template: t.Any, *entries: dict[str, t.Any], name: str = "one", **given: t.Any) -> str:
    made = change_set(driver, template, *entries, name=name, **given)
    assert made["Status"] == "CREATE_COMPLETE", made.get("StatusReason")
    driver.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    return driver.settled(name)


@pytest.fixture
def retained(stacks: Driver, world: World) -> Driver:
    """Thing "a", which a stack has left behind."""
    stacks.create(template=KEPT)
    assert stacks.delete() == "DELETE_COMPLETE"
    assert "a" in world.things
    world.calls.clear()
    return stacks


def test_a_new_stack_takes_in_what_another_left_and_goes_on_as_any(retained: Driver, world: World) -> None:
    made = change_set(retained, KEPT, entry())
    assert retained.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert [change["ResourceChange"]["Action"] for change in made["Changes"]] == ["Import"]
    retained.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert retained.settled("one") == "IMPORT_COMPLETE"
    assert world.calls == [], "nothing was made or changed"
    assert retained.physical_id("A") == "a"
    assert ("A", "IMPORT_COMPLETE") in retained.events()

    more = template_of({"Arn": {"Value": {"Fn::GetAtt": ["A", "Arn"]}}}, **KEPT["Resources"], B=thing(1, Name="b", Needs={"Ref": "A"}))
    assert retained.update(template=more) == "UPDATE_COMPLETE"
    assert retained.outputs() == {"Arn": "arn:test:a"}
    assert "create a" not in world.calls
    assert retained.delete() == "DELETE_COMPLETE"
    assert list(world.things) == ["a"]


def test_an_update_that_fails_after_an_import_lets_what_was_imported_stand(retained: Driver, world: World) -> None:
    taken_in(retained, KEPT, entry())
    broken = template_of(**KEPT["Resources"], B=thing("broken", Name="b"))
    assert retained.update(template=broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert list(world.things) == ["a"]
    assert retained.physical_id("A") == "a"


def test_a_standing_stack_takes_something_in_beside_what_it_has(retained: Driver, world: World) -> None:
    retained.create("two", template=template_of(B=thing(1, Name="b")))
    both = template_of(**KEPT["Resources"], B=thing(1, Name="b"))
    assert taken_in(retained, both, entry(), name="two") == "IMPORT_COMPLETE"
    assert {retained.physical_id("A", "two"), retained.physical_id("B", "two")} == {"a", "b"}


@pytest.mark.parametrize(
    ("template", "entries", "words"),
    [
        (KEPT, [], "ResourcesToImport is required"),
        (KEPT, [entry("X")], "not in the template"),
        (KEPT, [entry(kind="AWS::Test::Other")], "of type AWS::Test::Other"),
        (template_of(A=thing(1, Name="a")), [entry()], "must have DeletionPolicy"),
        (template_of(**KEPT["Resources"], B=thing(1)), [entry()], r"resources \[B\]"),
        ({**KEPT, "Outputs": {"Name": {"Value": {"Ref": "A"}}}}, [entry()], r"\[Outputs\]"),
        (KEPT, [{**entry(), "ResourceIdentifier": {"Size": "1"}}], "do not identify"),
    ],
)
def test_what_aws_asks_of_an_import(retained: Driver, template: t.Any, entries: list[dict[str, t.Any]], words: str) -> None:
    with pytest.raises(ClientError, match=words):
        change_set(retained, template, *entries)


def test_what_is_not_there_or_another_stack_has_is_not_imported(retained: Driver) -> None:
    gone = change_set(retained, template_of(A=thing(1, Name="z", DeletionPolicy="Retain")), entry(name="z"))
    assert (gone["Status"], gone["StatusReason"]) == ("FAILED", "AWS::Test::Thing with identifier z does not exist")
    taken_in(retained, KEPT, entry(), name="two")
    taken = change_set(retained, KEPT, entry(), name="three")
    assert taken["Status"] == "FAILED"
    assert "already exists in stack" in taken["StatusReason"]


def test_an_import_that_fails_half_way_leaves_everything_as_it_is(retained: Driver, world: World) -> None:
    made = change_set(retained, KEPT, entry())
    del world.things["a"]
    retained.client.execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert retained.settled("one") == "IMPORT_ROLLBACK_COMPLETE"
    assert "does not exist" in retained.reason("A", "IMPORT_FAILED")
    assert world.calls == []
    assert retained.delete() == "DELETE_COMPLETE"


def test_a_table_with_its_items_is_taken_in(real: Driver) -> None:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "RetainExceptOnCreate",
        "Properties": {
            "TableName": {"Fn::Sub": "${AWS::StackName}_energy"},
            "KeySchema": [{"AttributeName": "meter", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "meter", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    }
    template = template_of(T=table)
    real.create("plant", template=template)
    dynamodb = real.cloud.client("dynamodb")
    dynamodb.put_item(TableName="plant_energy", Item={"meter": {"S": "roof#5"}})
    real.delete("plant")
    identified = {"ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "T", "ResourceIdentifier": {"TableName": "plant_energy"}}
    assert taken_in(real, template, identified, name="plant") == "IMPORT_COMPLETE"
    assert dynamodb.scan(TableName="plant_energy")["Count"] == 1
    with pytest.raises(ClientError, match="No updates are to be performed"):
        real.update("plant", template=template)


def test_a_type_that_cannot_be_imported_here_is_refused_as_not_implemented(real: Driver) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "plant"}}
    identified = {"ResourceType": "AWS::S3::Bucket", "LogicalResourceId": "B", "ResourceIdentifier": {"BucketName": "plant"}}
    with pytest.raises(ClientError, match="does not implement importing AWS::S3::Bucket") as caught:
        change_set(real, template_of(B=bucket), identified, name="plant")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
