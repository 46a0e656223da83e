# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters as playbooks use them."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pathlib
import typing as t
import zipfile

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.filter.lambda_package import lambda_package
from ansible_collections.energytwin.aws.plugins.filter.site_faults import site_faults
from ansible_collections.energytwin.aws.plugins.filter.site_model import site_model
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, twin_entities

SITE: dict[str, t.Any] = {
    "name": "Plant",
    "topic": "energy/plant",
    "areas": [{"id": "roof", "name": "Roof", "panels": [{"id": "mdb", "name": "MDB", "meters": [{"id": 1, "name": "M", "phases": 3}]}]}],
}


def test_a_checked_site_goes_into_the_other_filters() -> None:
    model = site_model(SITE, site_id="plant")
    assert [entity["entity_id"] for entity in twin_entities(model)] == ["plant", "roof", "mdb"]
    assert [meter["component_name"] for meter in meters(model)] == ["meter-1"]


def test_a_wrong_site_fails_with_every_fault() -> None:
    wrong = {**SITE, "topic": "a/#", "name": ""}
    with pytest.raises(AnsibleFilterError) as caught:
        site_model(wrong, site_id="plant")
    assert "The site plant has 2 faults:\n- name: " in str(caught.value)
    assert site_faults(wrong, site_id="plant") == [line[2:] for line in str(caught.value).splitlines()[1:]]
    assert site_faults(SITE, site_id="plant") == []


def packed(folder: pathlib.Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(lambda_package(str(folder))["content_base64"])))


def test_a_package_depends_on_its_files_only(tmp_path: pathlib.Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "room").mkdir(parents=True)
        for path in ["b.py", "room/a.py"] if name == "one" else ["room/a.py", "b.py"]:
            (folder / path).write_text(f"# {path}\n")
    os.utime(tmp_path / "two" / "b.py", (0, 0))
    (tmp_path / "two" / "b.py").chmod(0o600)
    (tmp_path / "two" / "__pycache__").mkdir()
    (tmp_path / "two" / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"x")
    (tmp_path / "two" / ".cache").write_text("x")
    first, second = (lambda_package(str(tmp_path / name)) for name in ("one", "two"))
    assert first == second
    assert first["sha256"] == hashlib.sha256(base64.b64decode(first["content_base64"])).hexdigest()
    assert packed(tmp_path / "two").namelist() == ["b.py", "room/a.py"]
    (tmp_path / "two" / "b.py").write_text("# other\n")
    assert lambda_package(str(tmp_path / "two"))["sha256"] != first["sha256"]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_a_folder_without_code_is_refused(tmp_path: pathlib.Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(AnsibleFilterError, match="is missing or holds no file"):
        lambda_package(str(tmp_path / name))
