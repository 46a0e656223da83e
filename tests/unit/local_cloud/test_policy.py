# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy evaluation, as a table of documented behaviour."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud import policy
from local_cloud.policy import Decision

BUCKET = "arn:aws:s3:::bucket"


def document(*statements: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **statement} for statement in statements],
    }


def decide(statement: dict[str, t.Any], action: str = "s3:GetObject", resource: str = f"{BUCKET}/a", **context: t.Any) -> Decision:
    return policy.evaluate([document(statement)], action, resource, {key.replace("__", ":"): value for key, value in context.items()})


@pytest.mark.parametrize(
    ("pattern", "action", "allowed"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("s3:Get*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:GetObjec?", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectAcl", False),
        ("s3:Get", "s3:GetObject", False),
        ("iot:*", "s3:GetObject", False),
        (["iot:*", "s3:GetObject"], "s3:GetObject", True),
        ([], "s3:GetObject", False),
    ],
)
def test_actions(pattern: str | list[str], action: str, allowed: bool) -> None:
    assert bool(decide({"Action": pattern}, action)) is allowed


@pytest.mark.parametrize(
    ("pattern", "resource", "allowed"),
    [
        (f"{BUCKET}/*", f"{BUCKET}/a/b", True),
        (f"{BUCKET}/*", BUCKET, False),
        (f"{BUCKET}/a?", f"{BUCKET}/ab", True),
        (f"{BUCKET}/A", f"{BUCKET}/a", False),
        ("arn:aws:s3:::bucket.x/*", "arn:aws:s3:::bucketyx/a", False),
        ("arn:aws:iot:*:*:topic/energy/*", "arn:aws:iot:eu-central-1:123456789012:topic/energy/plant", True),
        ([f"{BUCKET}/x", f"{BUCKET}/a"], f"{BUCKET}/a", True),
    ],
)
def test_resources(pattern: str | list[str], resource: str, allowed: bool) -> None:
    assert bool(decide({"Resource": pattern}, resource=resource)) is allowed


def test_not_action_and_not_resource() -> None:
    assert decide({"Action": None, "NotAction": "iam:*"}) is Decision.ALLOWED
    assert decide({"Action": None, "NotAction": "s3:Get*"}) is Decision.NOT_ALLOWED
    assert decide({"Resource": None, "NotResource": f"{BUCKET}/b"}) is Decision.ALLOWED
    assert decide({"Resource": None, "NotResource": f"{BUCKET}/*"}) is Decision.NOT_ALLOWED


def test_a_deny_wins_wherever_it_stands() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*"}
    assert policy.evaluate([document(deny), document({})], "s3:GetObject", "x") is Decision.DENIED
    assert policy.evaluate([document({}, deny)], "s3:GetObject", "x") is Decision.DENIED
    assert policy.evaluate([document({}, deny)], "iot:Publish", "x") is Decision.ALLOWED


def test_without_a_matching_statement_nothing_is_allowed() -> None:
    assert policy.evaluate([], "s3:GetObject", "x") is Decision.NOT_ALLOWED
    assert not policy.evaluate([{"Version": "2012-10-17"}], "s3:GetObject", "x")


def test_a_single_statement_needs_no_list() -> None:
    single = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}
    assert policy.evaluate([single], "s3:GetObject", "x")


@pytest.mark.parametrize(
    ("operator", "expected", "actual", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringEqualsIgnoreCase", "Ab", "aB", True),
        ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
        ("StringLike", "a*c?", "abbcd", True),
        ("StringLike", "a", "ab", False),
        ("StringNotLike", "a*", "b", True),
        ("NumericEquals", "5", 5.0, True),
        ("NumericNotEquals", "5", 6, True),
        ("NumericLessThan", "5", 4, True),
        ("NumericLessThan", "5", 5, False),
        ("NumericLessThanEquals", "5", 5, True),
        ("NumericGreaterThan", "5", 6, True),
        ("NumericGreaterThanEquals", "5", 4.9, False),
        ("NumericEquals", "5", "five", False),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", False),
        ("DateEquals", "1970-01-01T00:00:10Z", "10", True),
        ("Bool", "true", True, True),
        ("Bool", "false", True, False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "11.1.2.3", False),
        ("NotIpAddress", "10.0.0.0/8", "11.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "nonsense", False),
        ("BinaryEquals", "YQ==", "YQ==", True),
        ("ArnLike", "arn:aws:iot:*:*:topic/*", "arn:aws:iot:eu-central-1:1:topic/a:b", True),
        ("ArnLike", "arn:aws:*:topic/a", "arn:aws:iot:eu-central-1:1:topic/a", False),
        ("ArnEquals", "arn:aws:iot:*:1:x", "arn:aws:iot:eu:1:x", True),
        ("ArnNotLike", "arn:aws:iot:*:1:x", "arn:aws:iot:eu:1:y", True),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("Null", "false", "a", True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["x", "b"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["x"], False),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "x"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringLike", ["a*"], ["ab", "ac"], True),
    ],
)
def test_condition_operators(operator: str, expected: t.Any, actual: t.Any, holds: bool) -> None:
    context = {} if actual is None else {"aws__Key": actual}
    assert bool(decide({"Condition": {operator: {"AWS:key": expected}}}, **context)) is holds


def test_all_operators_and_all_keys_of_a_condition_must_hold() -> None:
    both = {"Condition": {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}}
    assert decide(both, a="1", b="2", c=True)
    assert not decide(both, a="1", b="3", c=True)
    assert not decide(both, a="1", b="2", c=False)


def test_an_operator_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="StringAlmost"):
        decide({"Condition": {"StringAlmost": {"a": "1"}}}, a="1")


def test_policy_variables_in_resources_and_conditions() -> None:
    own = {"Resource": "arn:aws:iot:eu:1:client/${iot:Connection.Thing.ThingName}"}
    assert decide(own, resource="arn:aws:iot:eu:1:client/meter-1", **{"iot__Connection.Thing.ThingName": "meter-1"})
    assert not decide(own, resource="arn:aws:iot:eu:1:client/meter-2", **{"iot__Connection.Thing.ThingName": "meter-1"})
    same = {"Condition": {"StringEquals": {"a": "${b}"}}}
    assert decide(same, a="x", b="x")
    assert not decide(same, a="x", b="y")


def test_a_statement_with_a_variable_without_a_value_does_not_match() -> None:
    assert not decide({"Resource": "x/${iot:ClientId}"}, resource="x/")
    assert not decide({"Resource": "x/${iot:ClientId}"}, resource="x/${iot:ClientId}")
    assert decide({"Resource": "x/${aws:username, 'nobody'}"}, resource="x/nobody")


def test_wildcards_in_a_variables_value_are_plain_characters() -> None:
    statement = {"Resource": "topic/${iot:ClientId}"}
    assert not decide(statement, resource="topic/anything", iot__ClientId="*")
    assert decide(statement, resource="topic/*", iot__ClientId="*")


def test_escaped_wildcards() -> None:
    assert decide({"Resource": "a/${*}"}, resource="a/*")
    assert not decide({"Resource": "a/${*}"}, resource="a/b")
    assert decide({"Resource": "a/${$}x"}, resource="a/$x")


@pytest.mark.parametrize(
    ("principal", "kind", "who", "trusted"),
    [
        ({"Service": "lambda.amazonaws.com"}, "Service", "lambda.amazonaws.com", True),
        ({"Service": ["iot.amazonaws.com", "lambda.amazonaws.com"]}, "Service", "lambda.amazonaws.com", True),
        ({"Service": "lambda.amazonaws.com"}, "Service", "iot.amazonaws.com", False),
        ({"Service": "*.amazonaws.com"}, "Service", "iot.amazonaws.com", False),
        ("*", "AWS", "arn:aws:iam::123456789012:role/r", True),
        ({"AWS": "*"}, "AWS", "arn:aws:iam::123456789012:role/r", True),
        ({"AWS": "123456789012"}, "AWS", "arn:aws:iam::123456789012:role/r", True),
        ({"AWS": "arn:aws:iam::123456789012:root"}, "AWS", "arn:aws:sts::123456789012:assumed-role/r/s", True),
        ({"AWS": "arn:aws:iam::999999999999:root"}, "AWS", "arn:aws:iam::123456789012:role/r", False),
        ({"AWS": "arn:aws:iam::123456789012:role/r"}, "AWS", "arn:aws:iam::123456789012:role/r", True),
        ({"AWS": "arn:aws:iam::123456789012:role/other"}, "AWS", "arn:aws:iam::123456789012:role/r", False),
    ],
)
def test_trust(principal: t.Any, kind: str, who: str, trusted: bool) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    assert bool(policy.trusts(trust, "sts:AssumeRole", kind, who)) is trusted


def test_trust_under_a_condition() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    statement = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition}
    assert policy.trusts({"Statement": statement}, "sts:AssumeRole", "Service", "iot.amazonaws.com", {"aws:SourceAccount": "123456789012"})
    assert not policy.trusts({"Statement": statement}, "sts:AssumeRole", "Service", "iot.amazonaws.com", {"aws:SourceAccount": "1"})


def test_may_asks_for_any_resource() -> None:
    somewhere = document({"Action": "s3:Put*", "Resource": f"{BUCKET}/x"})
    assert policy.may([somewhere], "s3:PutObject")
    assert not policy.may([somewhere], "s3:GetObject")
    assert not policy.may([somewhere, document({"Effect": "Deny"})], "s3:PutObject")
    assert policy.may([somewhere, document({"Effect": "Deny", "Resource": f"{BUCKET}/y"})], "s3:PutObject")


_names = st.text(alphabet="ab*?.$", max_size=6)


@given(pattern=_names, text=st.text(alphabet="ab.$", max_size=6))
def test_matching_is_that_of_a_simple_reference(pattern: str, text: str) -> None:
    def reference(left: str, right: str) -> bool:
        if not left:
            return not right
        if left[0] == "*":
            return any(reference(left[1:], right[at:]) for at in range(len(right) + 1))
        return bool(right) and left[0] in ("?", right[0]) and reference(left[1:], right[1:])

    assert policy.matches(pattern, text) is reference(pattern, text)


@given(client=st.text(min_size=1))
def test_a_variable_stands_for_exactly_its_value(client: str) -> None:
    statement = document({"Resource": "client/${iot:ClientId}"})
    assert policy.evaluate([statement], "iot:Connect", f"client/{client}", {"iot:ClientId": client})
    assert not policy.evaluate([statement], "iot:Connect", f"client/{client}x", {"iot:ClientId": client})
