# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of roles, as their argument_specs.yml describe them.

They are looked for as texts, and only those that somebody uses are parsed: to parse all of that YAML for each site would take long.
"""

from __future__ import annotations

import collections.abc as c
import pathlib
import re
import typing as t

from ansible.module_utils.common.yaml import yaml_load

# An option of the first level below "options", as these files are indented, with all that stands below it.
_OPTION = re.compile(r"^ {6}(\w+):\n((?: {7,}.*\n|\n)*)", re.MULTILINE)

Texts = dict[str, str]


def option_texts(folder: str | pathlib.Path, roles: str = "*") -> Texts:
    """By name, the description of each option of the roles in a folder, as YAML. roles: a shell pattern of their names."""
    files = [path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(folder).glob(f"{roles}/meta/argument_specs.yml"))]
    return {name: text for file in files for name, text in _OPTION.findall(file.partition("\n    options:\n")[2])}


def option_specs(texts: Texts, names: c.Iterable[str]) -> dict[str, dict[str, t.Any]]:
    """Those of the options that are named."""
    return {name: yaml_load(texts[name]) for name in names if name in texts}
