# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make what is released: the tarball with its changelog, what it is made of (SBOM), checksums, and the context of the execution environment.

Nothing in the checkout is changed: all of it happens in a copy of the files that git knows. The same commit gives the same bytes.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import gzip
import hashlib
import importlib.metadata
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import typing as t
import uuid

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools import package
from tests.tools.checkout import CHECKOUT, files, read_yaml

EXECUTION_ENVIRONMENT = "extensions/patterns/energy_twin/exec_env/execution-environment.yml"
# What the collection takes wherever it runs, and what only the local cloud takes.
NEEDED, OPTIONAL = "requirements.txt", "roles/local_cloud/files/requirements.txt"


@dataclasses.dataclass(frozen=True)
class Release:
    """Where the parts of a release are."""

    version: str
    tarball: pathlib.Path
    bill: pathlib.Path
    sums: pathlib.Path
    execution_environment: pathlib.Path


def copy_checkout(folder: pathlib.Path) -> pathlib.Path:
    """The files that git knows, in a folder that is a repository of its own, for antsibull-changelog asks git."""
    for path in files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / path, target)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", "."], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    return folder


def write_changelog(source: pathlib.Path, version: str, day: datetime.date) -> None:
    """Turn the fragments into CHANGELOG.md, unless that version stands in it."""
    command = ["antsibull-changelog", "release", "--version", version, "--date", day.isoformat()]
    if version in read_yaml(source / "changelogs" / "changelog.yaml")["releases"]:
        command = ["antsibull-changelog", "generate"]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The changelog could not be made of changelogs/fragments:\n{done.stdout}{done.stderr}")


def repeatable(tarball: bytes, epoch: int) -> bytes:
    """The same collection in the same bytes, whoever builds it where and when.

    ansible-galaxy lists files in the order of the folder and stamps them with the time and the names of whoever builds.
    """
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        content = {member.name: (member, archive.extractfile(member)) for member in archive.getmembers()}
        data = {name: file.read() if file else b"" for name, (_member, file) in content.items()}
    listed = json.loads(data["FILES.json"])
    listed["files"].sort(key=lambda file: file["name"])
    data["FILES.json"] = json.dumps(listed, indent=1).encode()
    manifest = json.loads(data["MANIFEST.json"])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(data["FILES.json"]).hexdigest()
    data["MANIFEST.json"] = json.dumps(manifest, indent=1).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(data):
            member = tarfile.TarInfo(name)
            member.type, member.mtime, member.size = content[name][0].type, epoch, len(data[name])
            member.mode = 0o755 if member.isdir() or content[name][0].mode & 0o100 else 0o644
            archive.addfile(member, io.BytesIO(data[name]))
    return gzip.compress(packed.getvalue(), mtime=0)


def requirements(path: str) -> list[str]:
    """The packages that a requirements file names."""
    lines = (CHECKOUT / path).read_text().splitlines()
    return [canonicalize_name(Requirement(line).name) for line in lines if line and line[0] not in "#-"]


def closure(names: c.Iterable[str]) -> dict[str, list[str]]:
    """Packages with all that they need, each with what it needs itself, as installed here."""
    found: dict[str, list[str]] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            needs = [Requirement(line) for line in importlib.metadata.requires(name) or []]
            found[name] = sorted({canonicalize_name(one.name) for one in needs if not one.marker or one.marker.evaluate({"extra": ""})})
            waiting += found[name]
    return found


def bill_of_materials(galaxy: dict[str, t.Any], tarball: bytes, epoch: int) -> str:
    """What the collection takes, as CycloneDX 1.6 in JSON: the versions are those that it is tested with."""
    digest = hashlib.sha256(tarball).hexdigest()
    main = Component(
        type=ComponentType.APPLICATION,
        group=galaxy["namespace"],
        name=galaxy["name"],
        version=str(galaxy["version"]),
        description=galaxy["description"],
        bom_ref=f"{galaxy['namespace']}.{galaxy['name']}",
        purl=PackageURL("generic", galaxy["namespace"], galaxy["name"], str(galaxy["version"])),
        licenses=[LicenseFactory().make_from_string(name) for name in galaxy["license"]],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    bill = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, digest),
        metadata=BomMetaData(component=main, timestamp=datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)),
    )
    needed = [*requirements(NEEDED), "ansible-core"]
    required = closure(needed)
    everything = closure([*needed, *requirements(OPTIONAL)])
    components = {
        name: Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=(version := importlib.metadata.version(name)),
            bom_ref=name,
            purl=PackageURL("pypi", None, name, version),
            scope=ComponentScope.REQUIRED if name in required else ComponentScope.OPTIONAL,
        )
        for name in everything
    }
    for name, floor in galaxy["dependencies"].items():
        namespace, collection = name.split(".")
        version = floor.removeprefix(">=")
        purl = PackageURL("generic", namespace, collection, version)
        components[name] = Component(
            type=ComponentType.LIBRARY,
            group=namespace,
            name=collection,
            version=version,
            bom_ref=name,
            purl=purl,
            scope=ComponentScope.REQUIRED,
        )
    for component in components.values():
        bill.components.add(component)
    bill.register_dependency(main, [components[name] for name in [*needed, *requirements(OPTIONAL), *galaxy["dependencies"]]])
    for name, needs in everything.items():
        bill.register_dependency(components[name], [components[need] for need in needs])
    return JsonV1Dot6(bill).output_as_string(indent=2) + "\n"


def make(folder: pathlib.Path, epoch: int) -> Release:
    """Make a release of the checkout as it stands, in an empty or new folder; epoch is the time of the commit in seconds."""
    source = copy_checkout(folder / "source")
    galaxy = read_yaml(source / "galaxy.yml")
    version = str(galaxy["version"])
    write_changelog(source, version, datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).date())
    built = package.build(folder / "built", source)
    tarball = folder / built.name
    tarball.write_bytes(repeatable(built.read_bytes(), epoch))
    bill = folder / f"{built.name.removesuffix('.tar.gz')}.cdx.json"
    bill.write_text(bill_of_materials(galaxy, tarball.read_bytes(), epoch))
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (tarball, bill)))
    context = folder / "execution-environment"
    context.mkdir()
    shutil.copy2(source / EXECUTION_ENVIRONMENT, context)
    shutil.copy2(source / "constraints.txt", context)
    shutil.copy2(tarball, context / "energytwin-aws.tar.gz")
    return Release(version, tarball, bill, sums, context)


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    if changes := git("status", "--porcelain"):
        print(f"A release is made of a commit, and these files differ from it; commit or remove them:\n{changes}", file=sys.stderr)
        return 1
    folder = CHECKOUT / ".cache" / "release"
    shutil.rmtree(folder, ignore_errors=True)
    release = make(folder, int(git("show", "--no-patch", "--format=%ct", "HEAD")))
    source = folder / "source"
    known = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
    found = package.content_complaints(package.content(release.tarball), known) + package.judge(release.tarball)
    for tag in git("tag", "--points-at", "HEAD").splitlines():
        if tag.removeprefix("v") != release.version:
            found.append(f"galaxy.yml says version {release.version}, and this commit has tag {tag}.")
    shutil.rmtree(source)
    shutil.rmtree(folder / "built")
    print("\n".join(found), file=sys.stderr)
    print(
        release.sums.read_text()
        + f"in {folder.relative_to(CHECKOUT)}; the execution environment is built in {release.execution_environment.name}."
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
