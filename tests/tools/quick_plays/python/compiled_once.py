# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Python keeps nothing of what it has compiled of a zip's content, and Ansible hands each module to it as a zip of source.

Here the code is kept under the digest of its source, so that what runs is what would have been compiled.
"""

from __future__ import annotations

import _imp
import hashlib
import marshal
import os
import sys
import tempfile
import types
import typing as t
import zipimport

Compile = t.Callable[[str, bytes], types.CodeType]


def install(folder: str) -> None:
    """Keep in this folder what this process imports out of zips."""
    zipimport._compile_source = kept(zipimport._compile_source, folder)  # type: ignore[attr-defined]


def kept(compiled: Compile, folder: str) -> Compile:
    """``compiled``, asked once for each source."""

    def code_of(path: str, source: bytes) -> types.CodeType:
        file = os.path.join(folder, f"{hashlib.sha256(source).hexdigest()}.{sys.implementation.cache_tag}")
        try:
            with open(file, "rb") as stream:
                code: types.CodeType = marshal.load(stream)
        except FileNotFoundError:
            code = compiled(path, source)
            _write(file, marshal.dumps(code))
            return code
        # The zip lies elsewhere each time, and tracebacks name it.
        _imp._fix_co_filename(code, path)  # type: ignore[attr-defined]
        return code

    return code_of


def _write(file: str, content: bytes) -> None:
    """Whole or not at all: others read it at the same time."""
    handle, unfinished = tempfile.mkstemp(dir=os.path.dirname(file))
    with open(handle, "wb") as stream:
        stream.write(content)
    os.replace(unfinished, file)
