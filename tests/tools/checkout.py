# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the checkout: shared by the tools and by the tests that guard it."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns: str) -> list[pathlib.PurePosixPath]:
    """The files that git knows or would know, relative to the checkout; only those that fit one of git's path patterns, if any."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout
    return [pathlib.PurePosixPath(name) for name in sorted(set(listed.split("\0"))) if name and (CHECKOUT / name).is_file()]


def read_yaml(path: str | pathlib.PurePath) -> t.Any:
    """The content of a YAML file of the checkout."""
    return yaml.safe_load((CHECKOUT / path).read_text())


def roles() -> list[str]:
    """The names of the collection's roles."""
    return sorted({path.parts[1] for path in files("roles")})


def modules() -> list[str]:
    """The names of the collection's modules."""
    return sorted(path.stem for path in files("plugins/modules/*.py") if path.stem != "__init__")
