# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole play against a local cloud, at the highest verbosity that users turn on: it works, twice, and shows no secret."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest

from local_cloud.cloud import Cloud
from tests.unit.local_cloud.plays import run_play

PLAY = pathlib.Path(__file__).with_name("grafana_play.yml")


@pytest.fixture
def over_ssh(tmp_path: pathlib.Path) -> dict[str, t.Any]:
    """Variables of a connection by ssh, whose program runs the command on this machine."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n')
    program.chmod(0o700)
    return {"ansible_connection": "ansible.builtin.ssh", "ansible_ssh_executable": str(program), "ansible_pipelining": True}


def play(cloud: Cloud, folder: pathlib.Path, variables: dict[str, t.Any] | None = None) -> tuple[str, str]:
    """(output, the token that the play has worked with)."""
    token_file = folder / "token"
    code, output = run_play(PLAY, cloud, folder, {"token_file": str(token_file), **(variables or {})}, "-vvv", "--diff")
    assert code == 0, output
    return output + (folder / "log").read_text(), token_file.read_text()


def test_a_play_shows_no_secret_and_changes_nothing_again(cloud: Cloud, tmp_path: pathlib.Path) -> None:
    output, token = play(cloud, tmp_path)
    again, other_token = play(cloud, tmp_path)
    assert token.startswith("glsa_") and token != other_token
    # Every result is there, or the search for secrets would find nothing for want of a text.
    assert "There is no folder 'nowhere'" in output
    assert re.findall(r"localhost +: ok=\d+ +changed=(\d+)", again)[0] == "0"
    for text in (output, again):
        for secret in (token, other_token, "hush-hush-hush"):
            assert secret not in text


def test_what_a_module_writes_over_ssh_shows_no_token(cloud: Cloud, tmp_path: pathlib.Path, over_ssh: dict[str, t.Any]) -> None:
    output, token = play(cloud, tmp_path, over_ssh)
    assert "ESTABLISH SSH CONNECTION" in output and '"folder_uid": "plant"' in output, "ssh was used, and shows other modules' results"
    assert token.startswith("glsa_") and token not in output
