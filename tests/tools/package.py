# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the collection, look into the tarball, and let galaxy-importer judge it.

``ansible-galaxy collection build`` takes what stands in the folder, whether git knows it or not, and galaxy-importer ends
with 0 after errors that it only logs: neither is believed here without a look.
"""

from __future__ import annotations

import collections.abc as c
import os
import pathlib
import re
import subprocess
import sys
import tarfile

from tests.tools.checkout import CHECKOUT, files

MADE_BY_GALAXY = frozenset({"MANIFEST.json", "FILES.json"})
INSTALLED = (
    "LICENSE",
    "README.md",
    "changelogs",
    "constraints.txt",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
)


def content_complaints(packed: c.Iterable[str], tracked: c.Iterable[str]) -> list[str]:
    """What is wrong with the files of a tarball, given the files that git knows: sentences, none where all is well."""
    packed, tracked = set(packed) - MADE_BY_GALAXY, set(tracked)
    wanted = {name for name in tracked if name.split("/")[0] in INSTALLED}
    return [
        f"{name}: in the tarball, yet git does not know it; name it under build_ignore in galaxy.yml." for name in sorted(packed - tracked)
    ] + [f"{name}: not in the tarball; see build_ignore in galaxy.yml." for name in sorted(wanted - packed)]


def importer_complaints(log: str) -> list[str]:
    """The lines of galaxy-importer's log that are errors or warnings."""
    return [line for line in log.splitlines() if re.match(r"(ERROR|WARNING|CRITICAL)\b", line)]


def build(folder: pathlib.Path, source: pathlib.Path = CHECKOUT) -> pathlib.Path:
    """The tarball of a collection, built into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.tar.gz"):
        old.unlink()
    subprocess.run(["ansible-galaxy", "collection", "build", "--force", "--output-path", str(folder), str(source)], check=True)
    return next(folder.glob("*.tar.gz"))


def content(tarball: pathlib.Path) -> list[str]:
    """The names of the files in a tarball."""
    with tarfile.open(tarball) as archive:
        return [member.name for member in archive.getmembers() if member.isfile()]


def judge(tarball: pathlib.Path) -> list[str]:
    """What galaxy-importer says against a tarball: sentences, none where all is well."""
    # Of ansible-lint, which make lint runs over more and with more rules, it would wait 180 s, however loaded the machine is.
    importer = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball)],
        cwd=tarball.parent,
        env={**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "no"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    found = importer_complaints(importer.stdout)
    if importer.returncode or "Importer processing completed successfully" not in importer.stdout:
        found.append(f"galaxy-importer did not come to its end:\n{importer.stdout}")
    return found


def main() -> int:
    tarball = build(CHECKOUT / ".cache" / "package")
    packed = content(tarball)
    found = content_complaints(packed, map(str, files())) + judge(tarball)
    print("\n".join(found), file=sys.stderr)
    print(f"{tarball.name}: {len(packed)} files, {tarball.stat().st_size // 1024} KiB, {len(found)} complaints")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
