# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: lambda_package
short_description: Pack a folder for a Lambda function
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Packs the files of a folder into a zip file that is the same, byte by byte, wherever and whenever it is made.
  - Files of Python's cache and hidden files are left out.
positional: _input
options:
  _input:
    description:
      - The folder.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Show the digest of the code
  ansible.builtin.debug:
    msg: "{{ ((role_path ~ '/files/reader') | energytwin.aws.lambda_package).sha256 }}"
"""

RETURN = r"""
_value:
  description: The zip file.
  type: dict
  contains:
    sha256:
      description: Digest of the zip file, in hexadecimal.
      type: str
    content_base64:
      description: The zip file itself.
      type: str
"""

import base64
import hashlib
import io
import pathlib
import typing as t
import zipfile

from ansible.errors import AnsibleFilterError

# The earliest time that a zip file can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_UNIX = 3


def lambda_package(folder: str) -> dict[str, str]:
    root = pathlib.Path(folder)
    files = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file() and _belongs(path.relative_to(root)))
    if not files:
        raise AnsibleFilterError(
            f"lambda_package: the folder {folder!r} is missing or holds no file; name the folder with the function's code"
        )
    content = io.BytesIO()
    # Stored, not deflated: what deflating gives differs between versions of zlib.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.as_posix(), _TIME)
            entry.external_attr = _MODE
            entry.create_system = _UNIX
            archive.writestr(entry, (root / path).read_bytes())
    packed = content.getvalue()
    return {"sha256": hashlib.sha256(packed).hexdigest(), "content_base64": base64.b64encode(packed).decode()}


def _belongs(path: pathlib.PurePath) -> bool:
    return path.suffix != ".pyc" and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"lambda_package": lambda_package}
