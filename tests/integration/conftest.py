# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A local cloud of its own for each test module, and ansible-playbook as a user runs it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing as t

import boto3
import pytest
from botocore.config import Config

REPOSITORY = pathlib.Path(__file__).parents[2]
SITE = "example-plant"
# Mitogen spares half of a play's processor time.
WITH_MITOGEN = {
    "ANSIBLE_STRATEGY": "mitogen_unpinned",
    "ANSIBLE_STRATEGY_PLUGINS": str(REPOSITORY / "tests/tools/strategies"),
    # Of strategies that are not ansible-core's own, at each start.
    "ANSIBLE_DEPRECATION_WARNINGS": "false",
}
ANSIBLE_ALONE = {"ANSIBLE_STRATEGY": "linear", "ANSIBLE_DEPRECATION_WARNINGS": "true"}


def pytest_configure() -> None:
    """Plays run with Mitogen, but for those that ask for Ansible alone, those of AWX and those of the released collection."""
    os.environ.update(WITH_MITOGEN)


@dataclasses.dataclass
class PlayResult:
    """The outcome of one run of ansible-playbook."""

    code: int
    report: dict[str, t.Any]
    output: str

    @property
    def changed(self) -> int:
        """Tasks that changed something, over all hosts."""
        return sum(host["changed"] for host in self.report["stats"].values())

    @property
    def failures(self) -> int:
        return sum(host["failures"] + host["unreachable"] for host in self.report["stats"].values())

    def tasks(self) -> c.Iterator[tuple[str, str, dict[str, t.Any]]]:
        """(task, host, result) in the order of the run."""
        for play in self.report["plays"]:
            for task in play["tasks"]:
                for host, result in task["hosts"].items():
                    yield task["task"]["name"], host, result

    def result(self, task: str) -> dict[str, t.Any]:
        """The result of the task whose name ends so."""
        return next(result for name, _host, result in self.tasks() if name.endswith(task))

    def changed_tasks(self) -> list[str]:
        return [name for name, _host, result in self.tasks() if result.get("changed")]

    def message(self) -> str:
        """What the task that failed says."""
        return " ".join(str(result.get("msg", "")) for _name, _host, result in self.tasks() if result.get("failed"))


class LocalCloud:
    """A local cloud below a folder, with ports of its own, and clients for it."""

    def __init__(self, home: pathlib.Path, gateways: bool = False) -> None:
        self.home = home
        # Playbooks leave the inventory's gateways alone where a test is not about them: they would take half of its time.
        self.gateways = gateways
        # What the playbooks run over: a folder, relative to the checkout.
        self.inventory = pathlib.Path("inventories/local")
        self.port, self.mqtt_port, self.modbus_port = free_ports(3)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> pathlib.Path:
        return self.home / "ca.pem"

    @property
    def environment(self) -> dict[str, str]:
        """What a user of AWS's own clients sets, and nothing of the tester's own AWS configuration."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **inherited,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUD000000",
            "AWS_SECRET_ACCESS_KEY": "local-cloud",
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line of the local cloud."""
        program = [
            sys.executable,
            "-m",
            "local_cloud",
            "--home",
            str(self.home),
            "--port",
            str(self.port),
            "--mqtt-port",
            str(self.mqtt_port),
        ]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "roles/local_cloud/files")}
        return subprocess.run([*program, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60)

    def client(self, service: str) -> t.Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name="eu-central-1",
            aws_access_key_id="AKIALOCALCLOUD000000",
            aws_secret_access_key="local-cloud",
            config=Config(inject_host_prefix=False, retries={"mode": "standard", "max_attempts": 3}),
        )

    def start(self) -> None:
        done = self.command("start")
        assert done.returncode == 0, done.stderr

    @property
    def demo_folder(self) -> pathlib.Path:
        """What the gateways and the simulated meters of the local inventory write."""
        return self.home.parent / f"{self.home.name}-demo"

    def stop_cloud(self) -> None:
        self.command("stop")

    def stop(self) -> None:
        """The cloud, and what the playbooks have started beside it."""
        for file in self.demo_folder.glob("*/*/*.pid"):
            end(int(file.read_text()))
        self.stop_cloud()

    def kill(self) -> None:
        """The power cord."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @property
    def pid(self) -> int:
        return int((self.home / "pid").read_text())

    def arguments(self) -> list[str]:
        variables = {
            "local_cloud_port": self.port,
            "local_cloud_mqtt_port": self.mqtt_port,
            "local_cloud_home": str(self.home),
            "demo_folder": str(self.demo_folder),
            "demo_modbus_port": self.modbus_port,
        }
        return ["-e", json.dumps(variables), *([] if self.gateways else ["--limit", "all:!gateways"])]

    def play(self, playbook: str, *arguments: str, environment: dict[str, str] | None = None) -> PlayResult:
        """Run one of the collection's playbooks over the local inventory against this cloud."""
        process = self.start_play(playbook, *arguments, environment=environment)
        output, errors = process.communicate(timeout=900)
        return PlayResult(process.returncode, json.loads(output[output.index("{") :]), output + errors)

    def start_play(
        self, playbook: str, *arguments: str, environment: dict[str, str] | None = None, own_group: bool = False
    ) -> subprocess.Popen[str]:
        """own_group: so that it can be killed with all its processes; those of Mitogen would leave the group."""
        path = playbook if "/" in playbook else f"playbooks/{playbook}"
        command = [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            str(self.inventory),
            path,
            *self.arguments(),
            *arguments,
        ]
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={
                **os.environ,
                **(ANSIBLE_ALONE if own_group else {}),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
                "ANSIBLE_FORCE_COLOR": "0",
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=own_group,
        )


def end(pid: int) -> None:
    """Ask a process to end, and wait until it has."""
    deadline = time.monotonic() + 20
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@pytest.fixture
def cloud(tmp_path: pathlib.Path) -> c.Iterator[LocalCloud]:
    """A local cloud that is not running yet, for one test."""
    local = LocalCloud(tmp_path / "cloud")
    yield local
    local.stop()


@pytest.fixture(scope="session")
def example_site(tmp_path_factory: pytest.TempPathFactory) -> LocalCloud:
    """A cloud with the example site on it, which does not run; what it keeps lies beside it, in the folder ``kept``."""
    local = LocalCloud(tmp_path_factory.mktemp("deployed") / "cloud")
    try:
        result = local.play("site.yml")
        assert result.code == 0, result.output
    finally:
        local.stop()
    shutil.copytree(local.home, local.home.with_name("kept"))
    return local


@pytest.fixture(scope="module")
def deployed(example_site: LocalCloud) -> c.Iterator[LocalCloud]:
    """A running local cloud with the example site on it, for the tests of one module; they leave it as they find it."""
    shutil.rmtree(example_site.home)
    shutil.copytree(example_site.home.with_name("kept"), example_site.home)
    example_site.start()
    yield example_site
    example_site.stop()
