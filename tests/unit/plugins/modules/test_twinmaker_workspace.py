# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_workspace against an API in memory."""

from __future__ import annotations

import typing as t

import pytest

OPTIONS: dict[str, t.Any] = {
    "workspace_id": "new-plant",
    "description": "A plant",
    "s3_location": "arn:aws:s3:::plant-twin",
    "role": "arn:aws:iam::123456789012:role/twin",
    "tags": {"Site": "plant"},
}


def test_creates(twin: t.Any, three_times: t.Any) -> None:
    result = three_times("twinmaker_workspace", **OPTIONS)
    assert twin.workspaces["new-plant"]["role"] == OPTIONS["role"]
    assert result["workspace"]["s3_location"] == OPTIONS["s3_location"] and result["workspace"]["tags"] == {"Site": "plant"}
    assert result["reasons"] == ["is not there"]


def test_updates_only_what_is_given(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_workspace", **OPTIONS)
    result = three_times("twinmaker_workspace", workspace_id="new-plant", description="")
    assert result["reasons"] == ["description changes from 'A plant' to ''"]
    assert twin.workspaces["new-plant"]["role"] == OPTIONS["role"]
    three_times("twinmaker_workspace", workspace_id="new-plant", tags={"Cost": "1"}, purge_tags=False)
    assert twin.tags[twin.workspaces["new-plant"]["arn"]] == {"Site": "plant", "Cost": "1"}
    three_times("twinmaker_workspace", workspace_id="new-plant", tags={})
    assert twin.tags[twin.workspaces["new-plant"]["arn"]] == {}


@pytest.mark.parametrize(
    "text", ["Could not assume the role provided, verify permissions", "Could not access S3 with the role provided, verify permissions"]
)
def test_waits_for_a_role_that_iam_has_not_spread_yet(twin: t.Any, run: t.Any, fault: t.Any, text: str) -> None:
    refused: list[int] = []

    def refuse(operation: str, number: int) -> None:
        if operation == "CreateWorkspace" and not refused:
            refused.append(number)
            raise fault("ValidationException", text)

    twin.before.append(refuse)
    assert run("twinmaker_workspace", **OPTIONS)["changed"]
    assert refused and "new-plant" in twin.workspaces


def test_does_not_wait_for_a_role_that_stays_wrong(twin: t.Any, run: t.Any, fault: t.Any) -> None:
    def refuse(operation: str, number: int) -> None:
        if operation == "CreateWorkspace":
            raise fault("ValidationException", "Could not assume the role provided, verify permissions")

    twin.before.append(refuse)
    result = run("twinmaker_workspace", wait_timeout=0, **OPTIONS)
    assert "Failed to create workspace 'new-plant': Could not assume the role provided" in result["msg"]


def test_a_workspace_that_another_run_has_made_is_taken_over(twin: t.Any, run: t.Any) -> None:
    twin.before.append(lambda operation, number: twin.add_workspace("new-plant") if operation == "CreateWorkspace" else None)
    assert not run("twinmaker_workspace", **OPTIONS).get("failed")
    assert twin.workspaces["new-plant"]["description"] == "A plant"


def test_deletes_an_empty_one(twin: t.Any, run: t.Any, three_times: t.Any) -> None:
    run("twinmaker_workspace", **OPTIONS)
    three_times("twinmaker_workspace", workspace_id="new-plant", state="absent")
    assert "new-plant" not in twin.workspaces


@pytest.mark.parametrize("check", [True, False])
def test_refuses_to_delete_what_is_not_empty_and_says_what_is_in_it(twin: t.Any, run: t.Any, check: bool) -> None:
    twin.CreateEntity("plant", "hall-1", "Hall")
    twin.CreateComponentType("plant", "com.example.x")
    twin.scenes.append({"sceneId": "scene-1"})
    result = run("twinmaker_workspace", check=check, workspace_id="plant", state="absent")
    assert result["msg"] == (
        "Workspace 'plant' is not empty, it has 1 entities ('hall-1'); 1 component types ('com.example.x'); 1 scenes ('scene-1'); delete these first."
    )
    assert result["contents"] == {"entities": ["hall-1"], "component types": ["com.example.x"], "scenes": ["scene-1"]}
    assert "DeleteWorkspace" not in twin.calls


def test_says_that_a_deletion_does_not_end(twin: t.Any, run: t.Any) -> None:
    twin.DeleteWorkspace = lambda workspaceId: {}
    assert (
        "workspace 'plant' is still in state 'DELETING' after 0 s"
        in run("twinmaker_workspace", workspace_id="plant", state="absent", wait_timeout=0)["msg"]
    )
    assert run("twinmaker_workspace", workspace_id="plant", state="absent", wait=False)["changed"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("workspace_id", "a-"),
        ("s3_location", "s3://bucket"),
        ("s3_location", "arn:aws:s3:::a.b"),
        ("role", "twin"),
        ("description", "a\nb"),
    ],
)
def test_refuses_bad_options(twin: t.Any, run: t.Any, option: str, value: str) -> None:
    assert run("twinmaker_workspace", **{**OPTIONS, option: value})["msg"].startswith(f"{option}: '{value}' cannot be used; use ")
    assert twin.calls == []
