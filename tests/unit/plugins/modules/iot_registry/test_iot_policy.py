# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot_policy against a local cloud, and what makes two documents the same."""

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.energytwin.aws.plugins.module_utils._iot.policies import MAX_VERSIONS, plan_versions

CLIENT = "arn:aws:iot:eu-central-1:123456789012:client/${iot:Connection.Thing.ThingName}"


def document(topic: str = "energy/plant", **connect: t.Any) -> dict[str, t.Any]:
    attached = {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": CLIENT, "Condition": attached, **connect},
            {"Effect": "Allow", "Action": ["iot:Publish"], "Resource": [f"arn:aws:iot:eu-central-1:123456789012:topic/{topic}"]},
        ],
    }


def default(registry: t.Any) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(registry.client.get_policy(policyName="gw")["policyDocument"]))


def test_the_life_of_a_policy(registry: t.Any, three_times: t.Any) -> None:
    made = three_times("iot_policy", name="gw", document=document(), tags={"Site": "plant"})
    assert made["policy"]["document"] == default(registry) == document()
    assert (made["policy"]["default_version"], made["policy"]["tags"]) == ("1", {"Site": "plant"})
    changed = three_times("iot_policy", name="gw", document=document("energy/other"))
    assert changed["policy"]["versions"] == ["1", "2"] and default(registry) == document("energy/other")
    three_times("iot_policy", name="gw", tags={"Cost": "1"})
    three_times("iot_policy", name="gw", state="absent")


def test_another_way_to_write_the_same_is_no_change(registry: t.Any, run: t.Any) -> None:
    run("iot_policy", name="gw", document=document())
    same = document(Action=["iot:Connect"], Resource=[CLIENT], Condition={"Bool": {"iot:Connection.Thing.IsAttached": [True]}}, Sid="")
    same["Statement"].reverse()
    assert not run("iot_policy", name="gw", document=same)["changed"]


def test_room_is_made_for_a_new_version(registry: t.Any, run: t.Any, three_times: t.Any) -> None:
    for number in range(MAX_VERSIONS):
        run("iot_policy", name="gw", document=document(f"energy/{number}"))
    full = three_times("iot_policy", name="gw", document=document("energy/next"))
    assert full["policy"]["versions"] == ["2", "3", "4", "5", "6"] and default(registry) == document("energy/next")


def test_a_version_that_is_there_becomes_the_default_again(registry: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_policy", name="gw", document=document("energy/1"))
    run("iot_policy", name="gw", document=document("energy/2"))
    registry.calls.clear()
    back = three_times("iot_policy", name="gw", document=document("energy/1"))
    assert back["policy"]["default_version"] == "1" and registry.writes() == ["SetDefaultPolicyVersion"]


def test_old_versions_are_pruned(registry: t.Any, run: t.Any, three_times: t.Any) -> None:
    for number in range(3):
        run("iot_policy", name="gw", document=document(f"energy/{number}"))
    assert three_times("iot_policy", name="gw", keep_versions=1)["policy"]["versions"] == ["3"]
    assert three_times("iot_policy", name="gw", document=document("energy/x"), keep_versions=1)["policy"]["versions"] == ["4"]
    assert "1 to 5" in run("iot_policy", name="gw", keep_versions=6)["msg"]


@given(count=st.integers(1, MAX_VERSIONS), keep=st.integers(1, MAX_VERSIONS), wanted=st.booleans(), data=st.data())
def test_a_plan_keeps_a_default_and_fits(count: int, keep: int, wanted: bool, data: st.DataObject) -> None:
    numbers = [str(number) for number in range(7, 7 + count)]
    current = data.draw(st.sampled_from(numbers))
    same = data.draw(st.sampled_from([None, *[number for number in numbers if number != current]])) if wanted else None
    versions = [{"versionId": number, "isDefaultVersion": number == current} for number in numbers]
    plan = plan_versions(versions, same, wanted, keep)
    left = [number for number in numbers if number not in plan.room]
    assert current in left, "the default cannot be deleted"
    if plan.new:
        assert len(left) < MAX_VERSIONS, "there is no room"
        left, current = [*left, "99"], "99"
    current = plan.default or current
    assert current not in plan.surplus and set(plan.surplus) <= set(left)
    assert 1 <= len(left) - len(plan.surplus) <= keep
    assert plan.new is (wanted and same is None) and plan.default == same


def test_an_attached_policy_goes_only_when_told(registry: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("iot_policy", name="gw", document=document())
    run("iot_policy", name="gw", document=document("energy/2"))
    made = registry.client.create_keys_and_certificate(setAsActive=True)
    registry.client.attach_policy(policyName="gw", target=made["certificateArn"])
    refused = run("iot_policy", name="gw", state="absent")
    assert refused["failed"] and made["certificateId"] in refused["msg"]
    three_times("iot_policy", name="gw", state="absent", detach=True)
    assert registry.client.list_policies()["policies"] == []


def test_what_aws_would_not_take_is_refused_before_any_write(registry: t.Any, run: t.Any) -> None:
    long = document("x" * 2048)
    for wrong, named in ({"document": {}}, "Statement"), ({"document": long}, "2048"), ({}, "document must be given"):
        refused = run("iot_policy", name="gw", **wrong)
        assert refused["failed"] and named in refused["msg"]
    assert "'g w'" in run("iot_policy", name="g w", document=document())["msg"]
    assert registry.writes() == []


def test_a_document_that_aws_finds_malformed_is_told(registry: t.Any, run: t.Any) -> None:
    failed = run("iot_policy", name="gw", document=document(Effect="Perhaps"))
    assert failed["failed"] and "Malformed" in failed["msg"]


def test_another_run_was_faster(registry: t.Any, run: t.Any) -> None:
    others = [document()]

    def overtaken(operation: str) -> None:
        if operation == "CreatePolicy" and others:
            registry.client.create_policy(policyName="gw", policyDocument=json.dumps(others.pop()))

    registry.before = overtaken
    done = run("iot_policy", name="gw", document=document("energy/2"))
    assert done["policy"]["versions"] == ["1", "2"] and default(registry) == document("energy/2")
