# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users for the local directory, from outside as the role gives them."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_cloud import cli, directory
from local_cloud.settings import Settings


def users(settings: Settings, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, t.Any]:
    capsys.readouterr()
    assert directory.main(["--home", str(settings.home), "--region", settings.region, *arguments]) == 0
    return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))


def test_makes_who_is_missing_and_leaves_the_others(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--home", str(settings.home), "--port", str(settings.port), "--mqtt-port", str(settings.mqtt_port)]
    assert users(settings, capsys, "--dry-run", "jane.doe") == {"changed": True, "made": ["jane.doe"]}
    assert directory.main(["--home", str(settings.home), "--region", settings.region, "jane.doe"]) == 2
    assert "not running" in capsys.readouterr().err
    assert cli.main([*place, "start"]) == 0
    try:
        assert users(settings, capsys, "--dry-run", "jane.doe") == {"changed": True, "made": ["jane.doe"]}
        assert users(settings, capsys, "jane.doe", "jane.doe") == {"changed": True, "made": ["jane.doe"]}
        assert users(settings, capsys, "jane.doe") == {"changed": False, "made": []}
        assert users(settings, capsys, "jane.doe", "ops") == {"changed": True, "made": ["ops"]}
    finally:
        cli.main([*place, "stop"])
