# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers of AWS mean."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import (
    BAD,
    GOOD,
    NEW_STACKS_STORE,
    UNKNOWN,
    Check,
    Facts,
    Needs,
    Reply,
    with_ignored,
)
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.judge import judge
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.table import preflight_failures, preflight_table
from tests.tools.checkout import CHECKOUT

NEEDS = Needs("plant", "eu-central-1", "timestream", "AWS_SSO", 12, "", "eu-central-1")
REGIONS = {name: ["eu-central-1", "us-east-1"] for name in ("grafana", "iot", "iottwinmaker", "timestream-write")}
REPLIES = {
    "identity": Reply(True, {"Arn": "arn:aws:iam::123456789012:user/jane", "Account": "123456789012"}),
    "stack": Reply(True, None),
    "workspaces": Reply(True, ["other_workspace"]),
    "grafana_workspaces": Reply(True, ["other"]),
    "rule": Reply(True, None),
    "log_group": Reply(True, None),
    "bucket": Reply(True, None),
    "timestream": Reply(True, 1),
    "database": Reply(True, None),
    "identity_center": Reply(True, [{"IdentityStoreId": "d-1234567890"}]),
    "quota_workspaces": Reply(True, 15.0),
    "quota_entities": Reply(True, 50000.0),
    "quota_grafana": Reply(True, 5.0),
    "grafana_role": Reply(True, None),
    "permissions": Reply(True, []),
}
DENIED = Reply(False, code="AccessDeniedException", text="Failed to look: not authorized (AccessDeniedException).")
BROKEN = Reply(False, code="InternalFailure", text="Failed to look: it broke (InternalFailure).")


def checked(needs: t.Any = NEEDS, regions: t.Any = None, **replies: Reply) -> dict[str, Check]:
    facts = Facts({**REPLIES, **replies}, regions or REGIONS, {"boto3": ("1.44.5", "1.34.0")})
    return {check.what: check for check in judge(needs, facts)}


def outcomes(checks: dict[str, Check]) -> dict[str, str]:
    """Those that are not good."""
    return {name: check.outcome for name, check in checks.items() if check.outcome != GOOD}


def needing(**values: t.Any) -> Needs:
    return dataclasses.replace(NEEDS, **values)


def test_an_account_that_has_everything_is_good() -> None:
    assert outcomes(checked()) == {}


@pytest.mark.parametrize(
    ("replies", "expected", "remedy"),
    [
        ({"identity_center": Reply(True, [])}, "identity center", "enable IAM Identity Center"),
        ({"workspaces": Reply(True, [f"w{n}" for n in range(15)])}, "quota: twinmaker workspaces", "higher quota"),
        ({"quota_entities": Reply(True, 11.0)}, "quota: twinmaker entities", "higher quota"),
        ({"grafana_workspaces": Reply(True, [f"g{n}" for n in range(5)])}, "quota: grafana workspaces", "higher quota"),
        ({"permissions": Reply(True, ["iam:CreateServiceLinkedRole"])}, "service-linked role", "iam:CreateServiceLinkedRole"),
        ({"permissions": Reply(True, ["lambda.amazonaws.com"])}, "pass role", "iam:PassRole on roles named plant-*"),
        ({"workspaces": Reply(True, ["plant_workspace"])}, "name: workspace", "set another stack_name"),
        ({"rule": Reply(True, "plant_IoTToTimestream")}, "name: topic rule", "delete it"),
        ({"log_group": Reply(True, "/energytwin/plant/reader")}, "name: log group", "delete it"),
    ],
)
def test_what_is_not_ready_is_bad_and_has_a_remedy(replies: dict[str, Reply], expected: str, remedy: str) -> None:
    found = checked(**replies)
    assert outcomes(found) == {expected: BAD}
    assert remedy in found[expected].remedy


@pytest.mark.parametrize("what", ["grafana", "twinmaker"])
def test_a_new_site_needs_room_beside_the_others_of_its_run(what: str) -> None:
    reads, most, suffix = ("grafana_workspaces", 5, "") if what == "grafana" else ("workspaces", 15, "_workspace")
    others = tuple(f"other-{number}" for number in range(most))
    there = [f"{name}{suffix}" for name in others[:2]]
    found = checked(needing(others=others), **{reads: Reply(True, there)})
    assert outcomes(found)[f"quota: {what} workspaces"] == BAD
    assert found[f"quota: {what} workspaces"].needed == f"{most + 1} or more"
    assert "leave sites out (--limit)" in found[f"quota: {what} workspaces"].remedy
    assert outcomes(checked(needing(others=others[1:3]), **{reads: Reply(True, there)})) == {}


@pytest.mark.parametrize("what", ["grafana", "twinmaker"])
def test_a_site_that_is_there_needs_no_room(what: str) -> None:
    reads, own = ("grafana_workspaces", "plant") if what == "grafana" else ("workspaces", "plant_workspace")
    others = tuple(f"other-{number}" for number in range(20))
    found = checked(needing(others=others), **{reads: Reply(True, [own])})
    assert found[f"quota: {what} workspaces"].outcome == GOOD


def test_timestream_is_closed_or_may_not_be_asked() -> None:
    closed = dataclasses.replace(DENIED, text="Failed: Only existing Timestream for LiveAnalytics customers can access the service.")
    assert checked(timestream=closed)["timestream"].outcome == BAD
    asked = checked(timestream=DENIED)["timestream"]
    assert (asked.outcome, "timestream:ListDatabases" in asked.remedy) == (UNKNOWN, True)


def test_another_store_does_not_ask_for_timestream() -> None:
    found = checked(needing(storage="dynamodb"), timestream=DENIED, database=DENIED, table=Reply(True, "plant_energy"))
    assert outcomes(found) == {}
    assert found["name: table"].found == "'plant_energy' was kept, the stack takes it in"
    assert "timestream" not in found


def test_saml_does_not_ask_for_identity_center() -> None:
    assert "identity center" not in checked(needing(authentication="SAML"), identity_center=DENIED)


@pytest.mark.parametrize("read", [name for name in REPLIES if name not in ("identity", "grafana_role")])
def test_what_may_not_be_read_is_not_known_and_names_the_permission(read: str) -> None:
    found = checked(**{read: DENIED})
    assert set(outcomes(found).values()) == {UNKNOWN}
    assert all(re.search(r"allow \w+:\w+", found[name].remedy) for name in outcomes(found))


@pytest.mark.parametrize("read", [name for name in REPLIES if name not in ("identity", "grafana_role")])
def test_what_fails_otherwise_is_bad(read: str) -> None:
    found = checked(**{read: BROKEN})
    assert set(outcomes(found).values()) == {BAD}
    assert all("it broke" in found[name].found for name in outcomes(found))


def test_without_credentials_only_they_are_bad() -> None:
    facts = Facts({"identity": BROKEN}, REGIONS, {})
    found = {check.what: check.outcome for check in judge(NEEDS, facts)}
    assert [name for name, outcome in found.items() if outcome == BAD] == ["credentials"]
    assert found["pass role"] == UNKNOWN


def test_the_account_is_the_one_that_is_meant() -> None:
    assert outcomes(checked(needing(account="123456789012"))) == {}
    assert outcomes(checked(needing(account="210987654321"))) == {"account": BAD}


def test_a_region_without_a_service_is_bad_and_others_are_named() -> None:
    regions = {**REGIONS, "grafana": ["us-east-1"]}
    silent = Reply(False, text="Failed: https://grafana.eu-central-1.amazonaws.com does not answer.")
    found = checked(regions=regions, grafana_workspaces=silent)
    assert found["region"].outcome == BAD
    assert (found["region"].found, found["region"].remedy) == ("eu-central-1 has no Managed Grafana", "use another region: us-east-1")


def test_an_answer_outweighs_an_old_list_of_regions() -> None:
    assert outcomes(checked(regions={**REGIONS, "grafana": []})) == {}
    assert checked(regions={**REGIONS, "grafana": []}, grafana_workspaces=DENIED)["region"].outcome == GOOD


def test_what_is_there_already_is_not_counted_twice_and_not_taken() -> None:
    workspaces = ["plant_workspace", *(f"w{number}" for number in range(14))]
    stack = Reply(True, {"status": "UPDATE_COMPLETE", "storage": "timestream"})
    found = checked(stack=stack, workspaces=Reply(True, workspaces), database=Reply(True, "plant_db"), rule=Reply(True, "rule"))
    assert outcomes(found) == {}


def test_a_stack_that_was_never_made_has_no_names() -> None:
    stack = Reply(True, {"status": "ROLLBACK_COMPLETE", "storage": ""})
    assert outcomes(checked(stack=stack, log_group=Reply(True, "/energytwin/plant/reader"))) == {"name: log group": BAD}


def test_an_illegal_name_is_the_only_thing_said_about_names() -> None:
    found = checked(needing(stack_name="plant_1"))
    assert outcomes(found) == {"name: stack": BAD}


def test_a_bucket_of_somebody_else_is_not_known() -> None:
    found = checked(bucket=Reply(False, code="403", text="Failed to look: Forbidden (403)."))
    assert outcomes(found) == {"name: code bucket": UNKNOWN}


def test_an_old_library_is_bad() -> None:
    facts = Facts(REPLIES, REGIONS, {"botocore": ("1.9.10", "1.34.0"), "boto3": ("1.100.0", "1.34.0")})
    found = {check.what: check.outcome for check in judge(NEEDS, facts)}
    assert (found["botocore"], found["boto3"]) == (BAD, GOOD)


def test_what_is_ignored_stays_in_the_table_and_is_no_failure() -> None:
    bad = [check.plain() for check in checked(needing(account="210987654321")).values()]
    assert len(preflight_failures(bad)) == 1
    ignored = with_ignored(bad, ["acc*"])
    assert preflight_failures(ignored) == []
    assert [line.split()[:2] for line in preflight_table(ignored) if "ignored" in line] == [["ignored", "account"]]
    assert with_ignored(bad, ["credentials"]) == bad


def test_the_table_is_aligned_and_a_failure_is_told_in_full() -> None:
    long = Check("credentials", BAD, "x" * 100, "keys", "mend that")
    lines = preflight_table([Check("site", GOOD, "no faults", "no faults").plain(), long.plain()])
    assert [line.index("no faults", 40) if "site" in line else line.index("keys", 40) for line in lines[2:]] == [
        lines[0].index("Needed")
    ] * 2
    assert preflight_failures([long.plain()]) == [f"credentials: {'x' * 100} (needed: keys); mend that."]


def test_a_new_stack_gets_the_store_that_role_stack_gives_it() -> None:
    defaults = (CHECKOUT / "roles/stack/defaults/main.yml").read_text()
    assert re.findall(r"^stack_storage: .*'(\w+)' *\}\}", defaults, re.MULTILINE) == [NEW_STACKS_STORE]
