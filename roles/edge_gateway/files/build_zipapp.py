# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packs meter_gateway and the libraries that it needs into one file that a box's python3 runs: ``build_zipapp.py --output FILE``.

The libraries are those installed for the Python that runs this, in the versions of the collection's constraints.txt and no others. The
same input gives the same bytes, wherever and whenever it is built. It prints what was built as JSON: file, version, sha256.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import io
import json
import pathlib
import re
import stat
import sys
import zipfile
from collections.abc import Iterator

from meter_gateway import __version__, models

HERE = pathlib.Path(__file__).resolve().parent
CONSTRAINTS = HERE.parents[2] / "constraints.txt"
# Distribution -> its package. Their licences go with them.
LIBRARIES = {"pymodbus": "pymodbus", "paho-mqtt": "paho"}
# A zip file knows no earlier time.
EPOCH = (1980, 1, 1, 0, 0, 0)
SHEBANG = b"#!/usr/bin/env python3\n"


class CannotBuild(Exception):
    """One sentence for the user."""


def pins(constraints: str) -> dict[str, str]:
    """Name -> version of each line ``name==version``."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", constraints, re.MULTILINE))


def build(constraints: pathlib.Path = CONSTRAINTS) -> bytes:
    """The zipapp. Raises CannotBuild."""
    wanted = pins(constraints.read_text(encoding="utf-8"))
    files = dict(_program())
    for distribution, package in LIBRARIES.items():
        files |= _library(distribution, package, wanted[distribution])
    buffer = io.BytesIO(SHEBANG)
    buffer.seek(0, io.SEEK_END)
    # Stored, not deflated: what a compressor makes of it differs between versions of zlib.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(info, files[name])
    return buffer.getvalue()


def _program() -> Iterator[tuple[str, bytes]]:
    folder = HERE / "meter_gateway"
    yield "__main__.py", (folder / "__main__.py").read_bytes()
    for path in sorted(folder.glob("*.py")):
        yield f"meter_gateway/{path.name}", path.read_bytes()
    bundled = models.from_folder(HERE / "meter_models")
    models.load(bundled, {})
    yield "meter_gateway/models.json", json.dumps(bundled, sort_keys=True, separators=(",", ":")).encode()


def _library(distribution: str, package: str, version: str) -> dict[str, bytes]:
    try:
        installed = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise CannotBuild(f"{distribution} is not installed for {sys.executable}: pip install {distribution}=={version}") from None
    if installed.version != version:
        raise CannotBuild(
            f"{distribution} {installed.version} is installed for {sys.executable}, but {version} is what was tested:"
            f" pip install {distribution}=={version}"
        )
    files = {}
    for path in installed.files or ():
        name = path.as_posix()
        code = name.startswith(f"{package}/") and name.endswith(".py")
        licence = ".dist-info/" in name and re.search(r"licen[cs]e|notice|copying|authors", path.name, re.IGNORECASE)
        if code or licence:
            files[name] = pathlib.Path(str(installed.locate_file(path))).read_bytes()
    if f"{package}/__init__.py" not in files:
        raise CannotBuild(
            f"{distribution} is installed in a form that cannot be packed: pip install --force-reinstall {distribution}=={version}"
        )
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description="Pack meter_gateway into one file.")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the file to write")
    output = parser.parse_args().output
    try:
        content = build()
        output.write_bytes(content)
    except (CannotBuild, models.ModelFaults) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename} cannot be read or written: {error.strerror}.", file=sys.stderr)
        return 1
    print(json.dumps({"file": str(output), "version": __version__, "sha256": hashlib.sha256(content).hexdigest()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
