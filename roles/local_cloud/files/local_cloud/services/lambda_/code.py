# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code of functions: zip files by their SHA-256, and folders with their contents for the worker processes."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import pathlib
import shutil
import tempfile
import threading
import typing as t
import zipfile

from local_cloud.errors import ApiError

MOST_UNPACKED: t.Final = 262_144_000
MOST_UPLOADED: t.Final = 52_428_800


class CodeStore:
    """Files stay below ``root``, which only the server's user can read. The same code is kept once."""

    def __init__(self, root: pathlib.Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def add(self, code: bytes) -> str:
        """Keeps a zip file and returns its key. Raises ApiError if it is none, or too large."""
        _check(code)
        key = hashlib.sha256(code).hexdigest()
        path = self._root / f"{key}.zip"
        if not path.exists():
            with tempfile.NamedTemporaryFile(dir=self._root, prefix="new-", delete=False) as file:
                file.write(code)
                file.flush()
                os.fsync(file.fileno())
            pathlib.Path(file.name).rename(path)
        return key

    def read(self, key: str) -> bytes:
        return (self._root / f"{key}.zip").read_bytes()

    def unpacked(self, key: str) -> pathlib.Path:
        """The folder with the contents of a zip file."""
        folder = self._root / key
        with self._lock:
            if not folder.exists():
                new = pathlib.Path(tempfile.mkdtemp(dir=self._root, prefix="new-"))
                with zipfile.ZipFile(self._root / f"{key}.zip") as archive:
                    archive.extractall(new)
                new.rename(folder)
        return folder

    def keep_only(self, keys: set[str]) -> None:
        """Removes all other code, and what a crash has left half done. Only before anything else uses the store."""
        with self._lock:
            for path in self._root.iterdir():
                if path.stem in keys:
                    continue
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)


def sha256(code: bytes) -> str:
    """CodeSha256, as Lambda shows it."""
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


def _check(code: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            members = archive.infolist()
            broken = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        broken, members = "archive", []
    if broken is not None:
        raise ApiError("InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again.")
    if not members:
        raise ApiError("InvalidParameterValueException", "Uploaded file must be a non-empty zip")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise ApiError("InvalidParameterValueException", f"Unzipped size must be smaller than {MOST_UNPACKED} bytes")
