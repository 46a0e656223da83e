# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools see what they are there to see: a check that is green, but empty, is none."""

from __future__ import annotations

import importlib.metadata
import pathlib

import pytest

from tests.tools import package, sanity

SANITY_LOG = """Running sanity test "pslint"
No tests applicable.
Running sanity test "compile" on Python 3.11
Running sanity test "validate-modules"
"""


def test_a_good_sanity_run_has_no_complaint() -> None:
    assert not sanity.complaints(SANITY_LOG, ["pslint", "compile", "validate-modules"])


def test_a_sanity_test_that_found_nothing_is_a_complaint() -> None:
    found = sanity.complaints(SANITY_LOG + "No tests applicable.\n", ["pslint", "compile", "validate-modules"])
    assert found == ["Sanity test 'validate-modules' found nothing to look at: green, but empty."]


def test_a_sanity_test_that_did_not_run_is_a_complaint() -> None:
    assert sanity.complaints(SANITY_LOG, ["compile", "pylint"]) == ["Sanity test 'pylint' did not run."]


def test_a_sanity_run_that_skipped_everything_is_a_complaint() -> None:
    assert len(sanity.complaints("WARNING: All targets skipped.\n", ["compile"])) == 2


def test_a_version_of_ansible_core_that_is_not_known_is_told() -> None:
    with pytest.raises(SystemExit, match=r"ansible-core 9\.9 is not known here; take one of 2\.17, "):
        sanity.find_python("9.9")


def test_a_version_of_ansible_core_without_its_python_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"runs on Python 3\.12 or 3\.13 or 3\.14, and none of them is on the PATH"):
        sanity.find_python("2.21")


def test_the_tests_of_other_versions_exist_and_the_version_that_is_developed_with_is_none_of_them() -> None:
    assert not set(sanity.VERSIONED) & sanity.INAPPLICABLE
    assert ".".join(importlib.metadata.version("ansible-core").split(".")[:2]) not in sanity.PYTHONS


def test_a_stray_file_in_the_tarball_is_a_complaint() -> None:
    found = package.content_complaints(["MANIFEST.json", "README.md", "roles/x/.mypy_cache/1.json"], ["README.md", "Makefile"])
    assert found == ["roles/x/.mypy_cache/1.json: in the tarball, yet git does not know it; name it under build_ignore in galaxy.yml."]


def test_a_file_that_the_tarball_lacks_is_a_complaint() -> None:
    found = package.content_complaints(["README.md"], ["README.md", "plugins/modules/x.py", "Makefile"])
    assert found == ["plugins/modules/x.py: not in the tarball; see build_ignore in galaxy.yml."]


def test_errors_that_the_importer_only_logs_are_complaints() -> None:
    assert package.importer_complaints("Loading role x\nERROR: unknown fragment\nWARNING: no readme\n") == [
        "ERROR: unknown fragment",
        "WARNING: no readme",
    ]
