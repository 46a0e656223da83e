# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the Grafana modules in this process against a local cloud that listens, as the HTTP modules use a socket."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import importlib
import json
import threading
import time
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from local_cloud import runfiles
from local_cloud.cloud import Cloud
from local_cloud.front.server import Server
from local_cloud.settings import Knobs
from tests.unit.local_cloud.clients import make_grafana, make_role
from tests.unit.plugins.modules.clouds import free_settings

Answer = dict[str, t.Any]
NEWEST = {"grafanaVersion": "12.4", "configuration": json.dumps({"plugins": {"pluginAdminEnabled": True}})}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    """One cloud for a file of tests, on its socket."""
    settings = free_settings(tmp_path_factory.mktemp("grafana"))
    lock = runfiles.Lock(settings.home)
    assert lock.take()
    server = Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 30
    while runfiles.running(settings.home) is None:
        assert time.monotonic() < deadline, "the local cloud does not start"
        threading.Event().wait(0.01)
    make_role(server.cloud.client("iam"), "grafana", "grafana")
    yield server.cloud
    server.stop()
    thread.join(30)
    lock.close()


@pytest.fixture
def cloud(shared: Cloud, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """Without workspaces at the beginning of each test."""
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: shared.client(service))
    yield shared
    set_knobs(shared, Knobs())
    with shared.store.transaction() as db:
        db.execute("delete from records where kind like 'grafana-%'")


def set_knobs(cloud: Cloud, knobs: Knobs) -> None:
    cloud.settings = dataclasses.replace(cloud.settings, knobs=knobs)


@pytest.fixture
def settle(cloud: Cloud) -> c.Callable[[float], None]:
    """Sets how many seconds a workspace takes to settle."""
    return lambda seconds: set_knobs(cloud, Knobs(settle=seconds))


@pytest.fixture
def role() -> str:
    return "arn:aws:iam::123456789012:role/grafana"


@pytest.fixture
def make_workspace(cloud: Cloud, role: str) -> c.Callable[..., str]:
    """Makes a workspace and gives its id."""
    return lambda **members: make_grafana(cloud.client("grafana"), role, **{**NEWEST, **members})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> c.Callable[..., Answer]:
    """Runs a module: ``run("grafana_folder", check=True, uid=...)`` gives its result, from its standard output."""

    def run_module(module_name: str, /, check: bool = False, **arguments: t.Any) -> Answer:
        module = importlib.import_module(f"ansible_collections.energytwin.aws.plugins.modules.{module_name}")
        given = {option: value for option, value in arguments.items() if value is not None}
        own = {"region": "eu-central-1"} if hasattr(module, "AnsibleAWSModule") else {}
        with patch_module_args({**own, "_ansible_check_mode": check, "_ansible_diff": True, **given}), pytest.raises(SystemExit):
            module.main()
        result = t.cast(Answer, json.loads(capsys.readouterr().out))
        assert "Traceback" not in json.dumps(result)
        return result

    return run_module


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings that modules give."""
    warnings: list[str] = []
    monkeypatch.setattr(AnsibleAWSModule, "warn", lambda self, warning: warnings.append(warning))
    return warnings


@dataclasses.dataclass
class Site:
    """The Grafana of one workspace, with a token. ``run`` runs a module in it, ``three_times`` does so as the fixture of this name."""

    url: str
    token: str
    workspace: str
    account: str
    run_module: c.Callable[..., Answer]
    check_apply_apply: c.Callable[..., Answer]

    def run(self, module_name: str, /, **arguments: t.Any) -> Answer:
        return self._without_token(self.run_module(module_name, **{"url": self.url, "token": self.token, "timeout": 5, **arguments}))

    def three_times(self, module_name: str, /, **arguments: t.Any) -> Answer:
        return self._without_token(self.check_apply_apply(module_name, url=self.url, token=self.token, timeout=5, **arguments))

    def _without_token(self, result: Answer) -> Answer:
        assert self.token not in json.dumps(result)
        return result


@pytest.fixture
def open_site(cloud: Cloud, run: t.Any, three_times: t.Any) -> c.Callable[..., Site]:
    """Gives the Grafana of a workspace, by a new token."""

    def open_workspace(workspace: str, role: str = "ADMIN", seconds: int = 600) -> Site:
        grafana = cloud.client("grafana")
        account = grafana.create_workspace_service_account(workspaceId=workspace, name=f"{role} {seconds}", grafanaRole=role)["id"]
        made = grafana.create_workspace_service_account_token(
            workspaceId=workspace, serviceAccountId=account, name="test", secondsToLive=seconds
        )
        endpoint = grafana.describe_workspace(workspaceId=workspace)["workspace"]["endpoint"]
        return Site(f"http://{endpoint}", made["serviceAccountToken"]["key"], workspace, account, run, three_times)

    return open_workspace


@pytest.fixture
def site(make_workspace: c.Callable[..., str], open_site: c.Callable[..., Site]) -> Site:
    return open_site(make_workspace())
