# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader is a Lambda function's folder, not a package of the collection: its tests find it here."""

from __future__ import annotations

import collections.abc as c
import pathlib
import sys
import threading

import pytest

from local_cloud.front.server import Server
from local_cloud.settings import Settings
from tests.unit.stack.deployed import Deployed, free_port

ROLE = pathlib.Path(__file__).parents[3] / "roles" / "stack"
sys.path.insert(0, str(ROLE / "files" / "reader"))


@pytest.fixture(scope="module", params=["timestream", "dynamodb"])
def deployed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> c.Iterator[Deployed]:
    # The reader's process reaches the store by the network: the cloud has to listen.
    server = Server(Settings(home=tmp_path_factory.mktemp("cloud"), port=free_port(), mqtt_port=free_port()))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Deployed(server.cloud, request.param)
    finally:
        server.stop()
        thread.join()
