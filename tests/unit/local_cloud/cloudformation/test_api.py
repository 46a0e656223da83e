# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudFormation's operations by plain boto3: answers, refusals, paging, tokens. The resources are fakes."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_cloud.cloudformation.fakes import Driver, World, arguments, template_of, thing

ONE = template_of(A=thing(Name="a"))


def refusal(call: c.Callable[..., t.Any], **given: t.Any) -> tuple[str, str]:
    """(code, message) of the error that the call gives."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_stack_is_shown_with_all_that_was_given(stacks: Driver) -> None:
    template = {
        "Description": "a thing",
        "Parameters": {"Size": {"Type": "Number", "Default": 3}, "Secret": {"Type": "String", "NoEcho": True}},
        "Resources": {"A": thing({"Ref": "Size"}, Name="a")},
        "Outputs": {"Arn": {"Description": "its ARN", "Value": {"Fn::GetAtt": ["A", "Arn"]}, "Export": {"Name": "thing-arn"}}},
    }
    stacks.create(
        template=template,
        Parameters={"Secret": "hush"},
        Tags=[{"Key": "site", "Value": "x"}],
        Capabilities=["CAPABILITY_IAM"],
        TimeoutInMinutes=5,
        EnableTerminationProtection=True,
    )
    stack = stacks.stack()
    assert stack["StackId"].startswith("arn:aws:cloudformation:eu-central-1:123456789012:stack/one/")
    assert {key: stack[key] for key in ("Description", "Tags", "Capabilities", "TimeoutInMinutes", "EnableTerminationProtection")} == {
        "Description": "a thing",
        "Tags": [{"Key": "site", "Value": "x"}],
        "Capabilities": ["CAPABILITY_IAM"],
        "TimeoutInMinutes": 5,
        "EnableTerminationProtection": True,
    }
    assert stack["Parameters"] == [
        {"ParameterKey": "Size", "ParameterValue": "3"},
        {"ParameterKey": "Secret", "ParameterValue": "****"},
    ]
    assert stack["Outputs"] == [{"OutputKey": "Arn", "OutputValue": "arn:test:a", "Description": "its ARN", "ExportName": "thing-arn"}]
    assert stacks.client.get_template(StackName="one")["TemplateBody"] == template


def test_what_is_not_there(stacks: Driver) -> None:
    client = stacks.client
    missing = "Stack with id none does not exist"
    assert refusal(client.describe_stacks, StackName="none") == ("ValidationError", missing)
    assert refusal(client.get_template, StackName="none") == ("ValidationError", missing)
    assert refusal(client.list_stack_resources, StackName="none") == ("ValidationError", missing)
    for call in (client.describe_stack_events, client.update_stack, client.list_change_sets, client.get_stack_policy):
        assert refusal(call, StackName="none") == ("ValidationError", "Stack [none] does not exist")
    client.delete_stack(StackName="none")


@pytest.mark.parametrize("name", ["1abc", "a_b", "a b", "a" * 129])
def test_illegal_names_are_refused(stacks: Driver, name: str) -> None:
    code, message = refusal(stacks.client.create_stack, StackName=name, TemplateBody=json.dumps(ONE))
    assert code == "ValidationError"
    assert "at 'stackName' failed to satisfy constraint" in message


def test_a_body_may_have_51200_bytes_and_an_object_in_s3_more(stacks: Driver) -> None:
    body = json.dumps({**ONE, "Metadata": "x" * 51_200})
    code, message = refusal(stacks.client.create_stack, StackName="one", TemplateBody=body)
    assert (code, "length less than or equal to 51200" in message) == ("ValidationError", True)
    s3 = stacks.cloud.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="templates", Key="a/b.json", Body=body.encode())
    for number, url in enumerate(
        [
            "https://templates.s3.eu-central-1.amazonaws.com/a/b.json",
            "https://s3.eu-central-1.amazonaws.com/templates/a/b.json",
            f"{stacks.cloud.settings.endpoint}/templates/a/b.json",
        ]
    ):
        assert stacks.client.get_template_summary(TemplateURL=url)["ResourceTypes"] == ["AWS::Test::Thing"], number
    code, message = refusal(stacks.client.validate_template, TemplateURL="https://templates.s3.amazonaws.com/none")
    assert (code, message.startswith("S3 error: ")) == ("ValidationError", True)


def test_a_second_stack_of_the_name_is_refused_unless_it_is_the_same_request(stacks: Driver, world: World) -> None:
    given = {"StackName": "one", "TemplateBody": json.dumps(ONE), "ClientRequestToken": "token-1"}
    first = stacks.client.create_stack(**given)["StackId"]
    assert stacks.client.create_stack(**given)["StackId"] == first
    stacks.settled("one")
    assert stacks.client.create_stack(**given)["StackId"] == first
    assert refusal(stacks.client.create_stack, **{**given, "ClientRequestToken": "token-2"}) == (
        "AlreadyExistsException",
        "Stack [one] already exists",
    )
    assert world.calls.count("create a") == 1
    code, _ = refusal(
        stacks.client.update_stack, **arguments(template_of(A=thing(2, Name="a")), {"StackName": "one", "ClientRequestToken": "token-1"})
    )
    assert code == "TokenAlreadyExistsException"


def test_of_many_creators_one_wins(stacks: Driver, world: World) -> None:
    def create(number: int) -> str:
        try:
            stacks.client.create_stack(StackName="one", TemplateBody=json.dumps(ONE), ClientRequestToken=f"t{number}")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert sorted(answers) == ["AlreadyExistsException"] * 7 + ["created"]
    assert stacks.settled("one") == "CREATE_COMPLETE"
    assert world.calls.count("create a") == 1


def test_events_come_newest_first_with_their_token_and_in_pages(stacks: Driver) -> None:
    stacks.create(template=template_of(**{f"T{number}": thing() for number in range(40)}), ClientRequestToken="create-1")
    first = stacks.client.describe_stack_events(StackName="one")
    assert len(first["StackEvents"]) == 100
    assert (first["StackEvents"][0]["LogicalResourceId"], first["StackEvents"][0]["ResourceStatus"]) == ("one", "CREATE_COMPLETE")
    pages = stacks.client.get_paginator("describe_stack_events").paginate(StackName="one")
    events = [event for page in pages for event in page["StackEvents"]]
    assert len(events) == len({event["EventId"] for event in events}) == 2 + 3 * 40
    assert {event["ClientRequestToken"] for event in events} == {"create-1"}
    stamps = [event["Timestamp"] for event in events]
    assert stamps == sorted(stamps, reverse=True)


def test_nothing_to_update_is_an_error(stacks: Driver) -> None:
    template = {"Parameters": {"Size": {"Type": "String"}}, **template_of(A=thing({"Ref": "Size"}, Name="a"))}
    stacks.create(template=template, Parameters={"Size": "1"})
    words = ("ValidationError", "No updates are to be performed.")
    client = stacks.client
    same = [{"ParameterKey": "Size", "UsePreviousValue": True}]
    assert refusal(client.update_stack, StackName="one", UsePreviousTemplate=True, Parameters=same) == words
    reordered = json.dumps(template, indent=2)
    assert refusal(client.update_stack, StackName="one", TemplateBody=reordered, Parameters=same) == words
    assert refusal(client.update_stack, StackName="one", UsePreviousTemplate=True) == (
        "ValidationError",
        "Parameters: [Size] must have values",
    )
    client.update_stack(StackName="one", UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Size", "ParameterValue": "2"}])
    assert stacks.settled("one") == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    "change",
    [
        {"Outputs": {"Name": {"Value": {"Ref": "A"}}}},
        {"Resources": {"A": thing(Name="a", Metadata={"note": 1})}},
        {"Resources": {"A": thing(Name="a", DeletionPolicy="Retain")}},
    ],
)
def test_outputs_metadata_and_policies_are_updates_too(stacks: Driver, world: World, change: dict[str, t.Any]) -> None:
    stacks.create(template=ONE)
    assert stacks.update(template={**ONE, **change}) == "UPDATE_COMPLETE"
    assert "update a" not in world.calls
    _, message = refusal(stacks.client.update_stack, **arguments({**ONE, **change}, {"StackName": "one"}))
    assert message == "No updates are to be performed."


def test_termination_protection(stacks: Driver) -> None:
    stacks.create(template=ONE, EnableTerminationProtection=True)
    assert refusal(stacks.client.delete_stack, StackName="one") == (
        "ValidationError",
        "Stack [one] cannot be deleted while TerminationProtection is enabled",
    )
    stacks.client.update_termination_protection(StackName="one", EnableTerminationProtection=False)
    assert stacks.delete() == "DELETE_COMPLETE"


def test_a_deleted_stack_is_known_by_its_id_and_the_name_is_free(stacks: Driver) -> None:
    stacks.create(template=ONE)
    first = stacks.stack()["StackId"]
    stacks.delete()
    assert refusal(stacks.client.describe_stacks, StackName="one")[1] == "Stack with id one does not exist"
    assert stacks.stack(first)["DeletionTime"] is not None
    assert stacks.events(first)[-1] == ("one", "DELETE_COMPLETE")
    resources = stacks.client.describe_stack_resources(StackName=first)["StackResources"]
    assert [(item["PhysicalResourceId"], item["ResourceStatus"]) for item in resources] == [("a", "DELETE_COMPLETE")]
    assert stacks.create(template=ONE) == "CREATE_COMPLETE"
    assert stacks.stack()["StackId"] != first
    assert stacks.client.describe_stacks()["Stacks"][0]["StackId"] != first
    listed = stacks.client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [item["StackId"] for item in listed] == [first]


def test_resources_are_found_by_name_and_by_physical_id(stacks: Driver) -> None:
    stacks.create(template=template_of(A=thing(Name="a", Metadata={"note": 1}), B=thing(Name="b")))
    client = stacks.client
    detail = client.describe_stack_resource(StackName="one", LogicalResourceId="A")["StackResourceDetail"]
    assert (detail["PhysicalResourceId"], json.loads(detail["Metadata"])) == ("a", {"note": 1})
    assert refusal(client.describe_stack_resource, StackName="one", LogicalResourceId="Z") == (
        "ValidationError",
        "Resource Z does not exist for stack one",
    )
    found = client.describe_stack_resources(PhysicalResourceId="b")["StackResources"]
    assert {item["LogicalResourceId"] for item in found} == {"A", "B"}
    assert refusal(client.describe_stack_resources, PhysicalResourceId="z")[1] == "Stack for z does not exist"


def test_lists_come_in_pages(stacks: Driver) -> None:
    stacks.create(template=template_of(**{f"T{number:03}": thing() for number in range(120)}))
    assert len(stacks.client.list_stack_resources(StackName="one")["StackResourceSummaries"]) == 100
    pages = stacks.client.get_paginator("list_stack_resources").paginate(StackName="one")
    names = [item["LogicalResourceId"] for page in pages for item in page["StackResourceSummaries"]]
    assert names == [f"T{number:03}" for number in range(120)]
    code, _ = refusal(stacks.client.list_stack_resources, StackName="one", NextToken="nonsense")
    assert code == "ValidationError"


@pytest.mark.parametrize(
    "option",
    [
        {"NotificationARNs": ["arn:aws:sns:eu-central-1:123456789012:topic"]},
        {"ResourceTypes": ["AWS::*"]},
        {"RollbackConfiguration": {"RollbackTriggers": [{"Arn": "arn:x", "Type": "AWS::CloudWatch::Alarm"}]}},
    ],
)
def test_what_is_not_implemented_answers_501_and_its_name(stacks: Driver, option: dict[str, t.Any]) -> None:
    with pytest.raises(ClientError) as caught:
        stacks.client.create_stack(StackName="one", TemplateBody=json.dumps(ONE), **option)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert stacks.client.describe_stacks()["Stacks"] == []


def test_a_role_that_cloudformation_may_not_assume_is_refused(stacks: Driver) -> None:
    code, message = refusal(
        stacks.client.create_stack, StackName="one", TemplateBody=json.dumps(ONE), RoleARN="arn:aws:iam::123456789012:role/nobody"
    )
    assert (code, "is invalid or cannot be assumed" in message) == ("ValidationError", True)


@pytest.mark.parametrize("tags", [[{"Key": "aws:x", "Value": "1"}], [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]])
def test_tags_that_cannot_be(stacks: Driver, tags: list[dict[str, str]]) -> None:
    assert refusal(stacks.client.create_stack, StackName="one", TemplateBody=json.dumps(ONE), Tags=tags)[0] == "ValidationError"


@pytest.mark.parametrize("policy", ["{", "{}", '{"Statement": [{"Effect": "Perhaps"}]}'])
def test_stack_policies_that_are_none(stacks: Driver, policy: str) -> None:
    stacks.create(template=ONE)
    code, message = refusal(stacks.client.set_stack_policy, StackName="one", StackPolicyBody=policy)
    assert (code, message.startswith("Error validating stack policy")) == ("ValidationError", True)


def test_a_template_can_be_validated_without_a_stack(stacks: Driver) -> None:
    template = {"Parameters": {"P": {"Type": "String", "Default": "x", "Description": "a p", "AllowedValues": ["x", "y"]}}, **ONE}
    answer = stacks.client.validate_template(TemplateBody=json.dumps(template))
    assert answer["Parameters"] == [{"ParameterKey": "P", "DefaultValue": "x", "NoEcho": False, "Description": "a p"}]
    summary = stacks.client.get_template_summary(TemplateBody=json.dumps(template))
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["x", "y"]}
    assert summary["ResourceTypes"] == ["AWS::Test::Thing"]
    bad = json.dumps({"Resources": {"A": {"Type": "AWS::Nonsense::Thing"}}})
    assert refusal(stacks.client.validate_template, TemplateBody=bad)[1] == (
        "Template format error: Unrecognized resource types: [AWS::Nonsense::Thing]"
    )
