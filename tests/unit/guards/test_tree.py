# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every file of the checkout."""

from __future__ import annotations

import re

from tests.tools.checkout import CHECKOUT, files

COPYRIGHT = "Copyright (c) 2026 the energytwin.aws contributors"
LICENCE = "GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"

# Written by antsibull-changelog.
GENERATED = {"changelogs/changelog.yaml"}
# Put together, so that this file does not hold them itself.
MACHINE_PATHS = re.compile("/" + r"(work|farm|root|Users|home/[a-z]+|tmp/[a-z]+)/\w")
REGISTRIES = re.compile(r"\b(" + "docker|ghcr|quay" + r")\.io\b|\b(pypi|pythonhosted)\." + "org")


def texts() -> dict[str, str]:
    """Every text file of the checkout by its path."""
    found = {}
    for path in files():
        content = (CHECKOUT / path).read_bytes()
        if b"\0" not in content:
            found[str(path)] = content.decode()
    return found


def test_every_file_that_can_carry_the_licence_header_carries_it() -> None:
    commented = re.compile(r"(^|/)(Makefile|run|requirements[a-z-]*\.txt|constraints\.txt)$|\.(py|sh|ya?ml|toml|ini|cfg)$")
    checked = [path for path, text in texts().items() if text and commented.search(path) and path not in GENERATED]
    assert len(checked) > 50
    missing = []
    for path in checked:
        head = [line.lstrip("# ") for line in (CHECKOUT / path).read_text().splitlines()[:6]]
        if not {COPYRIGHT, LICENCE, SPDX} <= set(head):
            missing.append(path)
    assert not missing


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    assert not [f"{path}: {found[0]}" for path, text in texts().items() if (found := MACHINE_PATHS.search(text))]


def test_no_file_names_a_package_registry() -> None:
    assert not [f"{path}: {found[0]}" for path, text in texts().items() if (found := REGISTRIES.search(text))]


def test_every_text_file_ends_with_one_newline() -> None:
    assert not [path for path, text in texts().items() if text and (not text.endswith("\n") or text.endswith("\n\n"))]


def test_every_program_of_a_role_and_every_tool_is_checked_by_mypy() -> None:
    makefile = (CHECKOUT / "Makefile").read_text()
    folders = re.search(r"^PROGRAMS := (.*)$", makefile, re.MULTILINE)
    assert folders
    unseen = []
    for path in files("roles/*.py"):
        inside = [path.relative_to(folder) for folder in folders[1].split(":") if path.is_relative_to(folder)]
        wanted = inside and (f"-p {inside[0].parts[0]} " if len(inside[0].parts) > 1 else f"-m {inside[0].stem}")
        if not wanted or wanted not in makefile:
            unseen.append(str(path))
    assert not unseen
    assert not [str(path) for path in files("*.py") if path.parts[0] not in {"plugins", "roles", "tests"}]
