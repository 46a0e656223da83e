# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for all rooms of the local cloud."""

from __future__ import annotations

import collections.abc as c
import pathlib
import socket

import pytest

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.settings import Settings


def free_port() -> int:
    """A TCP port of the loopback that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> Settings:
    return Settings(home=tmp_path / "cloud", port=free_port(), mqtt_port=free_port())


@pytest.fixture
def cloud(settings: Settings) -> c.Iterator[Cloud]:
    """A cloud with all its services that does not listen: drive it by ``cloud.client(...)``."""
    made = build(settings)
    yield made
    made.stop()
