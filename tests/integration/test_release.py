# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is released does its work where there is nothing else: no checkout, no other collections, no package but what it names."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import typing as t

import ansible_collections.amazon.aws as amazon_aws
import pytest

from tests.integration.conftest import REPOSITORY, SITE, LocalCloud
from tests.tools import package, release

COMMITTED = 1_795_400_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> release.Release:
    return release.make(tmp_path_factory.mktemp("release"), COMMITTED)


def run(command: list[str], folder: pathlib.Path) -> str:
    """What a command says that knows nothing of the checkout and of the user."""
    environment = {
        "PATH": f"{folder}/venv/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(tarball: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """An environment of its own with ansible-core, the collection from its tarball, and what the collection says that it needs."""
    collections = folder / "collections"
    (collections / "ansible_collections" / "amazon").mkdir(parents=True)
    (collections / "ansible_collections" / "amazon" / "aws").symlink_to(pathlib.Path(amazon_aws.__path__[0]).resolve())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    with tarfile.open(tarball) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    needed = [f"--requirement={folder}/unpacked/{name}" for name in (release.NEEDED, release.OPTIONAL)]
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "venv" / "bin" / "python"), "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, f"--constraint={folder}/unpacked/constraints.txt", "ansible-core", *needed], check=True)
    run(["ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(collections), str(tarball)], folder)
    return collections / "ansible_collections" / "energytwin" / "aws"


def test_the_tarball_makes_a_site_where_there_is_nothing_else(made: release.Release, cloud: LocalCloud, tmp_path: pathlib.Path) -> None:
    installed = install(made.tarball, tmp_path)
    variables = {
        "local_cloud_port": cloud.port,
        "local_cloud_mqtt_port": cloud.mqtt_port,
        "local_cloud_home": str(cloud.home),
        "demo_folder": str(cloud.demo_folder),
    }
    inventory = str(installed / "inventories" / "local")
    playbook = ["ansible-playbook", "-v", "-i", inventory, "--limit", "all:!gateways", "-e", json.dumps(variables), "energytwin.aws.site"]
    said = run(playbook, tmp_path)
    assert str(REPOSITORY) not in said
    assert cloud.client("iottwinmaker").get_workspace(workspaceId=f"{SITE}_workspace")
    started = pathlib.Path(f"/proc/{cloud.pid}/environ").read_bytes().decode()
    assert f"PYTHONPATH={installed}/" in started, "the local cloud is the installed one"


def test_the_same_files_make_the_same_bytes(made: release.Release, tmp_path: pathlib.Path) -> None:
    source = made.tarball.parent / "source"
    for path in source.rglob("*"):
        os.utime(path)
    again = package.build(tmp_path, source)
    assert again.read_bytes() != made.tarball.read_bytes(), "ansible-galaxy stamps what it builds"
    assert release.repeatable(again.read_bytes(), COMMITTED) == made.tarball.read_bytes()


def test_the_changelog_of_this_version_is_in_the_tarball_and_its_fragments_are_not(made: release.Release) -> None:
    packed = package.content(made.tarball)
    assert not [name for name in packed if name.startswith("changelogs/fragments/")]
    with tarfile.open(made.tarball) as archive:
        changelog = archive.extractfile("CHANGELOG.md")
        assert changelog
        assert f"v{made.version}" in changelog.read().decode().replace("\\", "")


def test_what_it_is_made_of_is_told_with_the_versions_that_it_is_tested_with(made: release.Release) -> None:
    bill: dict[str, t.Any] = json.loads(made.bill.read_text())
    components = {component["bom-ref"]: component for component in bill["components"]}
    for name in (*release.requirements(release.NEEDED), "ansible-core", "amazon.aws"):
        assert components[name]["scope"] == "required", name
    pins = {line.partition("==")[0].lower(): line.partition("==")[2] for line in (REPOSITORY / "constraints.txt").read_text().splitlines()}
    assert {name: component["version"] for name, component in components.items() if name in pins} == {
        name: pins[name] for name in components if name in pins
    }
    assert components["botocore"]["version"] == pins["botocore"], "what is needed by what is needed is told as well"
    assert {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}["boto3"] == ["botocore", "jmespath", "s3transfer"]
