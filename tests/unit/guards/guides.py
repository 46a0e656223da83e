# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the README and the guides, for the tests that try it."""

from __future__ import annotations

import functools
import re
import typing as t

from tests.tools.checkout import CHECKOUT, files, read_yaml, roles

GUIDES = sorted(path.as_posix() for path in files("*.md") if path.parts[0] not in ("tests", ".github"))


def text(guide: str) -> str:
    return (CHECKOUT / guide).read_text()


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text(guide), re.DOTALL | re.MULTILINE)


@functools.cache
def role_options() -> dict[str, dict[str, t.Any]]:
    """The options of all roles' entry points, with what their argument specs say of them."""
    specs = (read_yaml(f"roles/{role}/meta/argument_specs.yml") for role in roles())
    return {
        name: option for spec in specs for entry in spec["argument_specs"].values() for name, option in entry.get("options", {}).items()
    }
