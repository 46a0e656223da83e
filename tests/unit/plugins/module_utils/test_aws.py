# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls, retries, sentences, polling and tags."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from botocore import exceptions as boto

from ansible_collections.energytwin.aws.plugins.module_utils import _aws
from ansible_collections.energytwin.aws.plugins.module_utils._aws import (
    AwsError,
    Refused,
    api_call,
    api_lookup,
    explain,
    in_parallel,
    pages,
    poll,
    tag_changes,
)


def error(code: str, message: str = "because") -> boto.ClientError:
    return boto.ClientError({"Error": {"Code": code, "Message": message}}, "DoThing")


class Api:
    """Answers with what it is given, one after the other; errors are raised."""

    def __init__(self, *answers: t.Any) -> None:
        self.answers = list(answers)

    def do(self) -> t.Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@api_call("do '{name}'")
def do(api: Api, name: str) -> t.Any:
    return api.do()


@api_lookup("look for '{name}'")
def look(api: Api, name: str) -> t.Any:
    return api.do()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


@pytest.mark.parametrize(
    "passing",
    [
        error("ThrottlingException"),
        error("InternalServerException"),
        error("ServiceUnavailable"),
        boto.ConnectionClosedError(endpoint_url="https://x"),
        boto.ReadTimeoutError(endpoint_url="https://x"),
    ],
)
def test_what_may_pass_is_tried_again(pauses: list[float], passing: Exception) -> None:
    assert do(Api(passing, passing, "done"), "it") == "done"
    assert len(pauses) == 2


def test_after_some_tries_it_is_an_error(pauses: list[float]) -> None:
    api = Api(*[error("ThrottlingException")] * 20)
    with pytest.raises(AwsError):
        do(api, "it")
    assert len(api.answers) == 20 - _aws.RETRIES


@pytest.mark.parametrize(
    "lasting", [error("ValidationException"), boto.EndpointConnectionError(endpoint_url="https://x"), boto.NoCredentialsError()]
)
def test_what_stays_is_not_tried_again(pauses: list[float], lasting: Exception) -> None:
    with pytest.raises(AwsError) as caught:
        do(Api(lasting), "it")
    assert pauses == []
    assert caught.value.sentence() == f"Failed to do 'it': {explain(lasting)}"


def test_errors_have_code_and_text() -> None:
    with pytest.raises(AwsError) as caught:
        do(Api(error("ConflictException", "is there")), "it")
    assert (caught.value.code, caught.value.text) == ("ConflictException", "is there")
    with pytest.raises(AwsError) as caught:
        do(Api(boto.EndpointConnectionError(endpoint_url="https://x")), "it")
    assert (caught.value.code, caught.value.text) == ("", "")


def test_a_lookup_of_something_missing_gives_none() -> None:
    assert look(Api(error("ResourceNotFoundException")), name="it") is None
    with pytest.raises(AwsError, match="Failed to look for 'it'"):
        look(Api(error("ValidationException")), "it")


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            error("AccessDeniedException", "You may not."),
            "You may not (AccessDeniedException): the credentials in use lack the permission for it.",
        ),
        (error("OddException", ""), "AWS gave no reason (OddException)."),
        (boto.NoCredentialsError(), "no complete AWS credentials were found"),
        (boto.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "no complete AWS credentials were found"),
        (
            boto.EndpointConnectionError(endpoint_url="https://api.x.eu-nowhere-1"),
            "https://api.x.eu-nowhere-1 does not answer; check the network",
        ),
        (boto.ParamValidationError(report="Invalid type\nfor a"), "the request does not fit the API: Invalid type for a."),
        (boto.ProfileNotFound(profile="x"), "The config profile (x) could not be found."),
    ],
)
def test_problems_are_explained(problem: Exception, sentence: str) -> None:
    assert explain(problem).startswith(sentence) and explain(problem).endswith(".")


class Module:
    def __init__(self) -> None:
        self.ended: dict[str, t.Any] = {}

    def exit_json(self, **result: t.Any) -> None:
        self.ended = result
        raise SystemExit(0)

    def fail_json(self, **result: t.Any) -> None:
        self.ended = {**result, "failed": True}
        raise SystemExit(1)


@pytest.mark.parametrize(
    ("problem", "ended"),
    [
        (Refused("No.", used_by=["a"]), {"msg": "No.", "used_by": ["a"]}),
        (
            AwsError("Failed to do it", error("OddException", "why")),
            {"msg": "Failed to do it: why (OddException).", "error": {"code": "OddException", "message": "why"}},
        ),
        (boto.NoRegionError(), {"msg": "You must specify a region."}),
    ],
)
def test_a_module_ends_with_one_message(problem: Exception, ended: dict[str, t.Any]) -> None:
    def work(module: t.Any) -> t.Any:
        raise problem

    module = Module()
    with pytest.raises(SystemExit):
        _aws.run(t.cast(t.Any, module), work)
    assert module.ended == {**ended, "failed": True}


def test_pages_end_without_a_token() -> None:
    asked: list[t.Any] = []

    def call(**request: t.Any) -> dict[str, t.Any]:
        asked.append(request)
        return {"items": [len(asked)], **({"nextToken": f"t{len(asked)}"} if len(asked) < 3 else {"nextToken": ""})}

    assert list(pages(call, "items", size=5)) == [1, 2, 3]
    assert asked == [{"size": 5}, {"size": 5, "nextToken": "t1"}, {"size": 5, "nextToken": "t2"}]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_polling_backs_off_and_gives_up() -> None:
    clock, reads = Clock(), []

    def read() -> int:
        reads.append(clock.now)
        return len(reads)

    assert poll(read, lambda count: False, timeout=60, sleep=clock.sleep, clock=clock) == (len(reads), False)
    assert clock.now == 60 and 12 <= len(reads) <= 25
    assert poll(lambda: "x", lambda found: True, timeout=0) == ("x", True)


def test_the_first_error_stops_what_has_not_begun() -> None:
    begun: list[int] = []
    gate = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if number == 0:
            gate.wait(10)
            raise Refused("no")
        gate.set()
        return number

    with pytest.raises(Refused):
        in_parallel(work, range(1000), 2)
    assert len(begun) < 1000 or sorted(begun) == list(range(1000))
    assert in_parallel(lambda number: number * 2, [1, 2, 3], 2) == [2, 4, 6]


@pytest.mark.parametrize(
    ("current", "wanted", "purge", "to_set", "to_unset"),
    [
        ({"a": "1"}, None, True, {}, []),
        ({"a": "1"}, {}, True, {}, ["a"]),
        ({"a": "1"}, {}, False, {}, []),
        ({"a": "1", "aws:x": "y"}, {"b": "2"}, True, {"b": "2"}, ["a"]),
        ({"a": "1"}, {"a": "2"}, False, {"a": "2"}, []),
    ],
)
def test_tags(current: dict[str, str], wanted: dict[str, str] | None, purge: bool, to_set: dict[str, str], to_unset: list[str]) -> None:
    change = tag_changes(current, wanted, purge)
    assert (change.to_set, change.to_unset) == (to_set, to_unset)
    assert bool(change) is bool(change.reasons()) is bool(to_set or to_unset)
    after = change.applied(current)
    assert not tag_changes(after, wanted, purge)


def test_tags_are_texts_that_aws_takes() -> None:
    assert _aws.checked_tags(None) is None
    assert _aws.checked_tags({"a": 1}) == {"a": "1"}
    for bad in ({"aws:a": "x"}, {"a": "x" * 257}, {"": "x"}, {str(number): "x" for number in range(51)}):
        with pytest.raises(Refused, match="tags: "):
            _aws.checked_tags(bad)
