# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Templates: what is taken, and the words for what is not."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_cloud.cloudformation.template import Template, load
from local_cloud.errors import ApiError

TYPES = {"AWS::Test::Thing", "AWS::IAM::Role"}


def read(text: str | dict[str, t.Any], **more: t.Any) -> Template:
    return load(text if isinstance(text, str) else json.dumps(text), TYPES, lambda kind, name: name == "Arn", **more)


def refusal(text: str | dict[str, t.Any], **more: t.Any) -> str:
    with pytest.raises(ApiError) as caught:
        read(text, **more)
    return caught.value.message


def resources(**named: t.Any) -> dict[str, t.Any]:
    return {"Resources": {name: {"Type": "AWS::Test::Thing", **resource} for name, resource in named.items()}}


def test_yaml_short_forms_are_the_functions() -> None:
    found = read(
        """
Conditions:
  Big: !Equals [!Ref Size, "1"]
  Not: !Not [!Condition Big]
Parameters:
  Size: {Type: String}
Resources:
  A: {Type: AWS::Test::Thing}
  B:
    Type: AWS::Test::Thing
    Condition: Big
    Properties:
      Ref: !Ref A
      Arn: !GetAtt A.Arn
      Text: !Sub "${A.Arn}/${Size}"
      Joined: !Join ["-", [a, !Ref Size]]
      Date: 2012-10-17
      Choice: !If [Big, 1, !Ref "AWS::NoValue"]
"""
    )
    assert found.resources["B"]["Properties"] == {
        "Ref": {"Ref": "A"},
        "Arn": {"Fn::GetAtt": ["A", "Arn"]},
        "Text": {"Fn::Sub": "${A.Arn}/${Size}"},
        "Joined": {"Fn::Join": ["-", ["a", {"Ref": "Size"}]]},
        "Date": "2012-10-17",
        "Choice": {"Fn::If": ["Big", 1, {"Ref": "AWS::NoValue"}]},
    }
    assert found.conditions["Not"] == {"Fn::Not": [{"Condition": "Big"}]}


@pytest.mark.parametrize(
    "tag",
    ['!!python/object/apply:os.system ["true"]', "!!python/name:os.system", "!Nonsense x", "!!binary aGk=\n  B: &a {Type: x}\n  C: *a"],
)
def test_no_tag_makes_an_object_or_an_alias(tag: str) -> None:
    message = refusal(f"Resources:\n  A: {{Type: AWS::Test::Thing}}\nMetadata:\n  A: {tag}")
    assert message.startswith(("Template format error: YAML not well-formed.", "Template error: YAML aliases are not allowed"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ('{"Resources": {"A": }}', "Template format error: JSON not well-formed. (line 1, column 21)"),
        ("just text", "Template format error: unsupported structure."),
        ("{}", "Template format error: At least one Resources member must be defined."),
        ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
        ({**resources(A={}), "Bogus": 1}, "Invalid template property or properties [Bogus]"),
        (
            {**resources(A={}), "AWSTemplateFormatVersion": "2020-01-01"},
            "Template format error: unsupported value for AWSTemplateFormatVersion.",
        ),
        (resources(**{"not-good": {}}), "Template format error: Resource name not-good is non alphanumeric."),
        ({"Resources": {"A": {}}}, "Template format error: [/Resources/A] Every Resources object must contain a Type member."),
        ({"Resources": {"A": {"Type": "AWS::No::Thing"}}}, "Template format error: Unrecognized resource types: [AWS::No::Thing]"),
        (resources(A={"Propertys": {}}), "Invalid template resource property 'Propertys'"),
        (
            resources(A={"Properties": {"X": None}}),
            "Template format error: [/Resources/A/Properties/X] 'null' values are not allowed in templates",
        ),
        ({**resources(A={}), "Description": "x" * 1025}, "Template format error: 'Description' length is greater than 1024."),
        (
            resources(A={"DependsOn": "B"}),
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            resources(A={"Properties": {"X": {"Ref": "B"}}}),
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            resources(A={"Properties": {"X": {"Fn::Sub": "${Bee}"}}}),
            "Template format error: Unresolved resource dependencies [Bee] in the Resources block of the template",
        ),
        (
            resources(A={"Properties": {"X": {"Fn::GetAtt": ["B", "Arn"]}}}),
            "Template error: instance of Fn::GetAtt references undefined resource B",
        ),
        (
            resources(A={}, B={"Properties": {"X": {"Fn::GetAtt": "A.Nope"}}}),
            "Template error: resource A does not support attribute type Nope in Fn::GetAtt",
        ),
        (resources(A={"Properties": {"X": {"Fn::If": ["C", 1, 2]}}}), "Template error: unresolved condition dependency C in Fn::If"),
        (
            resources(A={"Condition": "C"}),
            "Template format error: Unresolved condition dependency C in the Resources block of the template",
        ),
        (resources(A={"DeletionPolicy": "Maybe"}), "Template format error: Unrecognized DeletionPolicy Maybe for resource A"),
        (
            {**resources(A={}), "Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, "x"]}}},
            "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template",
        ),
        (
            {**resources(A={}), "Outputs": {"O": {"Value": {"Ref": "Nobody"}}}},
            "Template format error: Unresolved resource dependencies [Nobody] in the Outputs block of the template",
        ),
        ({**resources(A={}), "Outputs": {"O": {}}}, "Template format error: [/Outputs/O] Every Outputs member must contain a Value object"),
        (
            {**resources(A={}), "Parameters": {"P": {"Default": "x"}}},
            "Template format error: [/Parameters/P] Every Parameters object must contain a Type member.",
        ),
        (resources(A={"Properties": {"X": {"Fn::Nope": 1}}}), "Template error: Fn::Nope is not an intrinsic function"),
    ],
)
def test_refusals_name_what_is_wrong(text: str | dict[str, t.Any], message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "text",
    [
        {**resources(A={}), "Transform": "AWS::Serverless-2016-10-31"},
        resources(A={"CreationPolicy": {}}),
        resources(A={"Properties": {"X": "{{resolve:ssm:name}}"}}),
        resources(A={"Properties": {"X": {"Fn::ToJsonString": {"a": 1}}}}),
    ],
)
def test_what_is_not_implemented_is_refused_as_such(text: dict[str, t.Any]) -> None:
    with pytest.raises(ApiError) as caught:
        read(text)
    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)


def test_a_template_has_a_largest_size() -> None:
    body = json.dumps({**resources(A={}), "Description": "x" * 1000})
    assert read(body, limit=len(body)).description == "x" * 1000
    assert "Member must have length less than or equal to" in refusal(body, limit=len(body) - 1)


def test_a_template_that_is_nested_too_deeply_is_refused_and_no_crash() -> None:
    depth = 5000
    assert "nested too deeply" in refusal(
        '{"Resources": {"A": {"Type": "AWS::Test::Thing", "Properties": {"X": ' + "[" * depth + "]" * depth + "}}}}"
    )
