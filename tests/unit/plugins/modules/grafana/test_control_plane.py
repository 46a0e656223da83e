# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules for Managed Grafana's control plane against the local cloud."""

from __future__ import annotations

import collections.abc as c
import itertools
import json
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api, permissions, workspaces
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.directory import USER, Person
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from local_cloud.cloud import Cloud

_numbers = itertools.count(1)


@pytest.fixture(params=[0.0, 0.3], ids=["at-once", "settling"])
def pace(request: pytest.FixtureRequest, settle: c.Callable[[float], None]) -> None:
    settle(request.param)


def described(cloud: Cloud, workspace: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", cloud.client("grafana").describe_workspace(workspaceId=workspace)["workspace"])


# ---- workspaces


def test_the_life_of_a_workspace(cloud: Cloud, pace: None, role: str, run: t.Any, three_times: t.Any) -> None:
    wanted: dict[str, t.Any] = {
        "name": "plant",
        "role": role,
        "grafana_version": "10.4",
        "configuration": {"plugins": {"pluginAdminEnabled": True}},
        "tags": {"Site": "plant"},
    }
    made = three_times("grafana_workspace", **wanted)["workspace"]
    assert (made["status"], made["permission_type"], made["authentication_providers"]) == ("ACTIVE", "CUSTOMER_MANAGED", ["AWS_SSO"])
    # AWS has added keys to the configuration; they are no change.
    assert made["configuration"] == {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": True}}
    changed = three_times(
        "grafana_workspace",
        name="plant",
        description="A plant",
        grafana_version="12.4",
        configuration={"unifiedAlerting": {"enabled": False}},
        network_access_control={"prefix_list_ids": ["pl-1"], "vpce_ids": []},
        tags={"Owner": "energy"},
    )
    assert "configuration.unifiedAlerting.enabled changes from true to false" in changed["reasons"]
    there = changed["workspace"]
    assert there["configuration"] == {"plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": False}}
    assert (there["description"], there["grafana_version"], there["tags"]) == ("A plant", "12.4", {"Owner": "energy"})
    three_times("grafana_workspace", workspace_id=made["workspace_id"], name="works", network_access_control={})
    there = described(cloud, made["workspace_id"])
    assert there["name"] == "works" and "networkAccessControl" not in there
    assert "repeat its name as confirm_delete" in run("grafana_workspace", name="works", state="absent")["msg"]
    assert "repeat its name" in run("grafana_workspace", name="works", state="absent", confirm_delete="other")["msg"]
    three_times("grafana_workspace", name="works", state="absent", confirm_delete="works")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "my plant"}, "'my plant' cannot be used"),
        ({"permission_type": "SERVICE_MANAGED"}, "only the console can make the roles of SERVICE_MANAGED"),
        ({"role": None}, "role: a new workspace"),
        ({"network_access_control": {"prefix_list_ids": ["pl-1"]}}, "both prefix_list_ids and vpce_ids"),
        ({"network_access_control": {"prefix_list_ids": [], "vpce_ids": []}}, "would lock everybody out"),
        ({"vpc_configuration": {"security_group_ids": ["sg-1"], "subnet_ids": ["subnet-1"]}}, "2 to 6 subnet_ids"),
        ({"grafana_version": "11.0"}, "does not offer '11.0'"),
        ({"workspace_id": "bad"}, "'bad' is no id of a Grafana workspace"),
        ({"workspace_id": "g-0123456789"}, "There is no Grafana workspace 'g-0123456789'"),
        ({"name": None}, "name"),
    ],
)
def test_workspaces_that_are_refused(cloud: Cloud, role: str, run: t.Any, options: dict[str, t.Any], words: str) -> None:
    failed = run("grafana_workspace", **{"name": "plant", "role": role, **options})
    assert failed["failed"] and words in failed["msg"]
    assert cloud.client("grafana").list_workspaces()["workspaces"] == []


def test_grafana_never_goes_back(make_workspace: t.Any, run: t.Any) -> None:
    workspace = make_workspace(grafanaVersion="12.4")
    failed = run("grafana_workspace", name="plant", grafana_version="10.4")
    assert failed["msg"] == (
        f"grafana_version: workspace '{workspace}' has 12.4, and Grafana cannot go back to 10.4; use one of '12.4', '13.1'."
    )
    assert "cannot become '14.0'" in run("grafana_workspace", check=True, name="plant", grafana_version="14.0")["msg"]


def test_a_key_never_changes(make_workspace: t.Any, run: t.Any) -> None:
    make_workspace()
    assert "'kms_key_id' of Grafana workspace" in run("grafana_workspace", name="plant", kms_key_id="alias/x")["msg"]


def test_a_name_that_exists_twice(make_workspace: t.Any, run: t.Any, role: str) -> None:
    ids = {make_workspace(), make_workspace()}
    for module, options in (("grafana_workspace", {"role": role}), ("grafana_workspace_auth", {}), ("grafana_workspace_token", {})):
        failed = run(module, name="plant", **options)
        assert "2 Grafana workspaces have the name 'plant'" in failed["msg"] and all(one in failed["msg"] for one in ids)
    assert not run("grafana_workspace", workspace_id=min(ids), name="plant")["changed"]


def test_one_workspace_too_many(make_workspace: t.Any, run: t.Any, role: str) -> None:
    for number in range(5):
        make_workspace(workspaceName=f"plant-{number}")
    assert "can have 5 workspaces" in run("grafana_workspace", name="sixth", role=role)["msg"]


def test_a_create_whose_answer_is_lost_makes_one_workspace(
    cloud: Cloud, role: str, run: t.Any, monkeypatch: pytest.MonkeyPatch, no_pauses: None
) -> None:
    client = cloud.client("grafana")
    real, sent = client.create_workspace, []

    def forgetful(**request: t.Any) -> t.Any:
        answer = real(**request)
        sent.append(request["clientToken"])
        if len(sent) == 1:
            raise client.exceptions.InternalServerException(
                {"Error": {"Code": "InternalServerException", "Message": "lost"}}, "CreateWorkspace"
            )
        return answer

    monkeypatch.setattr(client, "create_workspace", forgetful)
    assert run("grafana_workspace", name="plant", role=role)["changed"]
    assert len(client.list_workspaces()["workspaces"]) == 1 and len({*sent}) == 1 < len(sent)


def test_a_busy_workspace_is_waited_for(cloud: Cloud, make_workspace: t.Any, settle: t.Any, run: t.Any) -> None:
    workspace = make_workspace()
    settle(0.5)
    cloud.client("grafana").update_workspace(workspaceId=workspace, workspaceDescription="first")
    assert run("grafana_workspace", name="plant", description="second")["workspace"]["description"] == "second"
    settle(60)
    cloud.client("grafana").update_workspace(workspaceId=workspace, workspaceDescription="third")
    assert "is still UPDATING after 0 s" in run("grafana_workspace", name="plant", description="fourth", wait_timeout=0)["msg"]


@pytest.mark.parametrize("status", ["CREATION_FAILED", "UPDATE_FAILED", "DEGRADED"])
def test_a_workspace_that_has_failed_is_not_fine_and_can_be_deleted(
    cloud: Cloud, make_workspace: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    workspace = make_workspace()
    real = api.describe_workspace

    def failed(client: t.Any, workspace_id: str) -> dict[str, t.Any] | None:
        answer = real(client, workspace_id)
        return None if answer is None else {**answer, "status": status}

    monkeypatch.setattr(api, "describe_workspace", failed)
    told = run("grafana_workspace", name="plant")["msg"]
    assert told == f"Grafana workspace '{workspace}' is {status}; look at it in the console and mend the cause."
    assert not run("grafana_workspace", name="plant", wait=False)["changed"]
    assert run("grafana_workspace", name="plant", state="absent", confirm_delete="plant")["changed"]
    assert cloud.client("grafana").list_workspaces()["workspaces"] == []


def test_a_check_does_not_wait(cloud: Cloud, make_workspace: t.Any, settle: t.Any, run: t.Any) -> None:
    workspace = make_workspace()
    settle(60)
    cloud.client("grafana").update_workspace(workspaceId=workspace, workspaceDescription="first")
    told = run("grafana_workspace", check=True, name="plant", description="second", wait_timeout=0)
    assert told["changed"] and told["workspace"]["status"] == "UPDATING"


def test_one_person_by_two_names_is_refused() -> None:
    one, other = Person(USER, "ada"), Person(USER, "Ada")
    with pytest.raises(Refused, match="user 'ada' and user 'Ada' are one and the same"):
        permissions.change_permissions([], {one: "ADMIN", other: "VIEWER"}, {one: "1", other: "1"}, purge=False)


def test_what_is_there_is_read(make_workspace: t.Any, run: t.Any, ada: str, team: str) -> None:
    workspace = make_workspace(tags={"Site": "plant"}, grafanaVersion="10.4")
    run("grafana_workspace_permissions", name="plant", permissions=[{"user": ada, "role": "admin"}])
    (found,) = run("grafana_workspace_info", name="plant")["workspaces"]
    assert (found["workspace_id"], found["upgrades"], found["tags"]) == (workspace, ["12.4", "13.1"], {"Site": "plant"})
    assert found["configuration"]["plugins"] == {"pluginAdminEnabled": True}
    assert found["authentication"] == {"providers": ["AWS_SSO"]} and [entry["role"] for entry in found["permissions"]] == ["admin"]
    assert run("grafana_workspace_info", name="other")["workspaces"] == []
    assert run("grafana_workspace_info", workspace_id="g-0123456789")["workspaces"] == []
    make_workspace(workspaceName="other")
    assert len(run("grafana_workspace_info")["workspaces"]) == 2


# ---- signing in

SAML: dict[str, t.Any] = {
    "idp_metadata_url": "https://idp.example.com/metadata.xml",
    "assertion_attributes": {"login": "mail", "role": "role"},
    "role_values": {"admin": ["b", "a"], "editor": ["c"]},
    "allowed_organizations": ["plants"],
    "login_validity_duration": 60,
}


def test_how_people_sign_in(pace: None, make_workspace: t.Any, run: t.Any, three_times: t.Any, warned: list[str]) -> None:
    workspace = make_workspace()
    which = {"workspace_id": workspace}
    # The workspace may still be on its way.
    made = three_times("grafana_workspace_auth", **which, providers=["SAML", "AWS_SSO"], saml=SAML)["authentication"]
    assert made["saml_status"] == "CONFIGURED" and made["saml"]["role_values"] == {"admin": ["a", "b"], "editor": ["c"]}
    # What is not given stays.
    changed = three_times("grafana_workspace_auth", **which, saml={"role_values": {"editor": ["d"]}})["authentication"]
    assert changed["saml"] == {**SAML, "role_values": {"admin": ["a", "b"], "editor": ["d"]}}
    changed = three_times("grafana_workspace_auth", **which, saml={"idp_metadata_xml": "<xml/>"})["authentication"]
    assert changed["saml"]["idp_metadata_xml"] == "<xml/>" and "idp_metadata_url" not in changed["saml"]
    gone = three_times("grafana_workspace_auth", **which, providers=["AWS_SSO"])
    assert gone["authentication"] == {"providers": ["AWS_SSO"]} and "the SAML configuration goes" in gone["reasons"]
    assert warned == []
    assert run("grafana_workspace_auth", **which, providers=["SAML"])["changed"]
    assert "nobody can sign in" in warned[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"providers": []}, "name AWS_SSO, SAML or both"),
        ({"providers": ["AWS_SSO"], "saml": SAML}, "it is for the provider SAML only"),
        ({"saml": SAML}, "does not use SAML; add it to providers"),
        ({"providers": ["SAML"], "saml": {"role_values": {"admin": ["a"]}}}, "needs idp_metadata_url or idp_metadata_xml"),
        ({"providers": ["SAML"], "saml": {**SAML, "idp_metadata_xml": "<xml/>"}}, "mutually exclusive"),
    ],
)
def test_ways_to_sign_in_that_are_refused(make_workspace: t.Any, run: t.Any, options: dict[str, t.Any], words: str) -> None:
    make_workspace()
    failed = run("grafana_workspace_auth", name="plant", **options)
    assert failed["failed"] and words in failed["msg"]


def test_there_is_no_identity_center(cloud: Cloud, make_workspace: t.Any, role: str, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace(authenticationProviders=["SAML"])
    monkeypatch.setattr(cloud.client("sso-admin"), "list_instances", lambda: {"Instances": []})
    for module, options in (
        ("grafana_workspace", {"name": "new", "role": role}),
        ("grafana_workspace_auth", {"workspace_id": workspace, "providers": ["AWS_SSO"]}),
    ):
        assert "IAM Identity Center is not enabled" in run(module, **options)["msg"]


# ---- people


@pytest.fixture
def store(cloud: Cloud) -> str:
    return str(cloud.client("sso-admin").list_instances()["Instances"][0]["IdentityStoreId"])


@pytest.fixture
def make_user(cloud: Cloud, store: str) -> c.Callable[[], str]:
    def make() -> str:
        name = f"ada.{next(_numbers)}"
        names = {"UserName": name, "DisplayName": name, "Name": {"GivenName": "Ada", "FamilyName": "Example"}}
        cloud.client("identitystore").create_user(IdentityStoreId=store, **names)
        return name

    return make


@pytest.fixture
def ada(make_user: c.Callable[[], str]) -> str:
    return make_user()


@pytest.fixture
def team(cloud: Cloud, store: str) -> str:
    name = f"energy-{next(_numbers)}"
    cloud.client("identitystore").create_group(IdentityStoreId=store, DisplayName=name)
    return name


def test_who_may_use_a_workspace(make_workspace: t.Any, make_user: t.Any, team: str, three_times: t.Any, warned: list[str]) -> None:
    make_workspace()
    ada, ben = make_user(), make_user()

    def allow(*entries: dict[str, str], **options: t.Any) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", three_times("grafana_workspace_permissions", name="plant", permissions=list(entries), **options))

    first = allow({"user": ada, "role": "admin"}, {"group": team, "role": "editor"})
    assert {(entry["type"], entry["name"], entry["role"]) for entry in first["permissions"]} == {
        ("user", ada, "admin"),
        ("group", team, "editor"),
    }
    assert len(warned) == 1 and "sign in once" in warned[0]
    changed = allow({"user": ada, "role": "viewer"})
    assert changed["reasons"] == [f"user '{ada}' changes from admin to viewer"] and len(changed["permissions"]) == 2
    purged = allow({"user": ben, "role": "editor"}, purge=True)
    assert [(entry["name"], entry["role"]) for entry in purged["permissions"]] == [(ben, "editor")]
    assert len(purged["reasons"]) == 3
    warned.clear()
    assert allow(purge=True)["permissions"] == [] and warned == []


def test_more_people_than_one_call_takes(make_workspace: t.Any, make_user: t.Any, run: t.Any, three_times: t.Any) -> None:
    make_workspace()
    entries = [{"user": make_user(), "role": "viewer"} for _number in range(21)]
    assert len(three_times("grafana_workspace_permissions", name="plant", permissions=entries)["permissions"]) == 21
    entries = [{**entry, "role": "editor"} for entry in entries]
    done = three_times("grafana_workspace_permissions", name="plant", permissions=entries)
    assert {entry["role"] for entry in done["permissions"]} == {"editor"}


def test_people_who_are_refused(make_workspace: t.Any, ada: str, team: str, run: t.Any) -> None:
    make_workspace()

    def refused(*entries: dict[str, str]) -> str:
        return str(run("grafana_workspace_permissions", check=True, name="plant", permissions=list(entries))["msg"])

    assert "Identity Center has no user 'nobody'" in refused({"user": "nobody", "role": "admin"})
    mixed = refused({"user": team, "role": "admin"}, {"group": ada, "role": "admin"})
    assert f"'{team}' is a group and no user; write 'group: {team}'" in mixed and f"write 'user: {ada}'" in mixed
    assert "has two roles" in refused({"user": ada, "role": "admin"}, {"user": ada, "role": "viewer"})
    assert "one of the following is required" in refused({"role": "admin"})
    make_workspace(workspaceName="saml", authenticationProviders=["SAML"])
    entries = [{"user": ada, "role": "admin"}]
    assert "authenticates by SAML only" in run("grafana_workspace_permissions", name="saml", permissions=entries)["msg"]


def test_identity_center_is_elsewhere(cloud: Cloud, make_workspace: t.Any, ada: str, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workspace()
    monkeypatch.setattr(cloud.client("sso-admin"), "list_instances", lambda: {"Instances": []})
    failed = run(
        "grafana_workspace_permissions", name="plant", permissions=[{"user": ada, "role": "admin"}], identity_center_region="eu-west-1"
    )
    assert "There is no IAM Identity Center in region 'eu-west-1'" in failed["msg"]


def test_what_aws_could_not_do_is_told(cloud: Cloud, make_workspace: t.Any, ada: str, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workspace()
    real = cloud.client("grafana").update_permissions

    def unwilling(**request: t.Any) -> dict[str, t.Any]:
        real(**{**request, "updateInstructionBatch": []})
        return {"errors": [{"code": 500, "message": "No.", "causedBy": request["updateInstructionBatch"][0]}]}

    monkeypatch.setattr(cloud.client("grafana"), "update_permissions", unwilling)
    failed = run("grafana_workspace_permissions", name="plant", permissions=[{"user": ada, "role": "admin"}])
    assert "AWS could not do 1 of 1 changes of permissions: ADD ADMIN for user" in failed["msg"] and len(failed["failures"]) == 1


# ---- tokens


def test_the_life_of_a_token(cloud: Cloud, pace: None, make_workspace: t.Any, run: t.Any) -> None:
    workspace = make_workspace()
    foretold = run("grafana_workspace_token", check=True, name="plant")
    assert foretold["changed"] and "token" not in foretold and foretold["service_account_id"] == ""
    first = run("grafana_workspace_token", name="plant", seconds_to_live=60)
    second = run("grafana_workspace_token", name="plant")
    assert first["token"] != second["token"] and second["endpoint"].endswith(workspace)
    assert second["diff"]["after"] == {"service_account": "ansible", "role": "admin", "token_name": "ansible"}
    for result in (first, second):
        assert result["token"] not in json.dumps({key: value for key, value in result.items() if key != "token"})
    client = cloud.client("grafana")
    account = second["service_account_id"]
    tokens = client.list_workspace_service_account_tokens(workspaceId=workspace, serviceAccountId=account)["serviceAccountTokens"]
    assert [token["id"] for token in tokens] == [second["token_id"]]
    # It opens Grafana, and the one that it has replaced does not any more.
    for token, words in ((first["token"], "does not accept the token"), (second["token"], None)):
        done = run("grafana_folder", url=f"http://{second['endpoint']}", token=token, uid="plant", title="Plant")
        assert done.get("msg") is None if words is None else words in done["msg"]
    assert run("grafana_workspace_token", check=True, name="plant", state="absent")["changed"]
    assert run("grafana_workspace_token", name="plant", state="absent")["changed"]
    assert not run("grafana_workspace_token", name="plant", state="absent")["changed"]
    assert run("grafana_workspace_token", name="plant", state="absent", delete_service_account=True)["changed"]
    assert client.list_workspace_service_accounts(workspaceId=workspace)["serviceAccounts"] == []
    assert not run("grafana_workspace_token", name="nowhere", state="absent")["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seconds_to_live": 2592001}, "which are 30 days"),
        ({"seconds_to_live": 0}, "0 cannot be had"),
        ({"service_account": "x" * 129}, "has 129 characters"),
        ({"role": "viewer"}, "AWS cannot make it viewer"),
        ({"name": "nowhere"}, "There is no Grafana workspace 'nowhere'"),
    ],
)
def test_tokens_that_are_refused(make_workspace: t.Any, run: t.Any, options: dict[str, t.Any], words: str) -> None:
    make_workspace()
    run("grafana_workspace_token", name="plant")
    failed = run("grafana_workspace_token", **{"name": "plant", **options})
    assert failed["failed"] and words in failed["msg"]


def test_workspace_that_is_gone_while_it_is_waited_for(cloud: Cloud) -> None:
    with pytest.raises(workspaces.Refused, match="is gone"):
        workspaces.settled(cloud.client("grafana"), "g-0123456789", 1)
