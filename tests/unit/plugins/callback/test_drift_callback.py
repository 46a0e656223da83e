# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the callback gathers, and when it writes."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.callback.drift import CallbackModule

VARIABLES: dict[str, dict[str, t.Any]] = {"plant": {}, "gw-1": {"gateway_site": "plant"}, "cloud": {}}
GROUPS = {"plant": ["sites"], "gw-1": ["gateways"], "cloud": ["local_cloud"]}


def host(name: str) -> t.Any:
    groups = [types.SimpleNamespace(get_name=lambda group=group: group) for group in GROUPS[name]]
    return types.SimpleNamespace(get_name=lambda: name, get_groups=lambda: groups)


def play(folder: pathlib.Path, **variables: t.Any) -> t.Any:
    manager = types.SimpleNamespace(get_vars=lambda play, host: {"plan_folder": str(folder), **VARIABLES[host.get_name()]})
    return types.SimpleNamespace(vars=variables, get_variable_manager=lambda: manager)


def result(name: str, **content: t.Any) -> t.Any:
    role = types.SimpleNamespace(get_name=lambda: "energytwin.aws.twin")
    task = types.SimpleNamespace(_role=role, get_name=lambda: "twin : Keep it", action="energytwin.aws.twinmaker_scene")
    return types.SimpleNamespace(host=host(name), task=task, result=content)


@pytest.fixture
def callback() -> CallbackModule:
    return CallbackModule()


def report(folder: pathlib.Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((folder / "plant.json").read_text()))


def test_a_plan_is_gathered_from_its_first_play_to_its_last(callback: CallbackModule, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "plans"
    callback.v2_playbook_on_play_start(play(folder, plan_begins=True))
    callback.v2_playbook_on_play_start(play(folder))
    callback.v2_runner_on_ok(result("plant", changed=True))
    callback.v2_runner_on_ok(result("gw-1", changed=True))
    callback.v2_runner_on_ok(result("cloud", changed=True))
    callback.v2_runner_on_failed(result("plant", msg="that is known", failed=True), ignore_errors=True)
    assert not folder.exists()
    callback.v2_playbook_on_play_start(play(folder, plan_report="lazy"))
    first = report(folder)
    callback.v2_runner_on_failed(result("plant", msg="plant differs from the inventory"))
    callback.v2_playbook_on_stats(None)
    assert report(folder) == first
    assert (first["complete"], first["hosts"], len(first["differences"])) == (True, ["gw-1", "plant"], 2)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {"plant.json": 0o600, "plant.html": 0o600}


def test_a_plan_that_ends_early_is_written_at_its_end(callback: CallbackModule, tmp_path: pathlib.Path) -> None:
    callback.v2_playbook_on_play_start(play(tmp_path, plan_begins=True))
    callback.v2_runner_on_failed(result("plant", msg="no credentials"))
    callback.v2_runner_on_unreachable(result("gw-1", msg="no route"))
    callback.v2_playbook_on_stats(None)
    assert report(tmp_path)["complete"] is False
    assert [one["message"] for one in report(tmp_path)["failures"]] == ["no credentials", "no route"]


def test_other_playbooks_leave_nothing(callback: CallbackModule, tmp_path: pathlib.Path) -> None:
    callback.v2_playbook_on_play_start(play(tmp_path))
    callback.v2_runner_on_ok(result("plant", changed=True))
    callback.v2_runner_on_skipped(result("plant", msg="does not support check mode"))
    callback.v2_playbook_on_stats(None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_one_sentence(
    callback: CallbackModule, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(callback._display, "error", said.append)
    occupied = tmp_path / "file"
    occupied.touch()
    callback.v2_playbook_on_play_start(play(occupied, plan_begins=True))
    callback.v2_runner_on_ok(result("plant", changed=True))
    callback.v2_playbook_on_stats(None)
    assert said == [f"The reports cannot be written to {occupied}: File exists; set plan_folder to a folder of yours."]
