# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files by which a running cloud and its command line know each other, in ``<home>/run``."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import shutil

FOLDER = "run"
PID_FILE = "pid"


@dataclasses.dataclass(frozen=True)
class Running:
    """What a server says of itself. program: digest of the program files that it runs."""

    pid: int
    port: int
    mqtt_port: int
    region: str
    started: float
    program: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def folder(home: pathlib.Path) -> pathlib.Path:
    path = home / FOLDER
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.mkdir(exist_ok=True, mode=0o700)
    return path


class Lock:
    """Held by the server as long as it lives: the system lets go of it even after ``kill -9``, so no stale pid file can lie."""

    def __init__(self, home: pathlib.Path) -> None:
        self._file = os.open(folder(home) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._file)


def is_running(home: pathlib.Path) -> bool:
    if not (home / FOLDER / "lock").exists():
        return False
    lock = Lock(home)
    try:
        return not lock.take()
    finally:
        lock.close()


def announce(home: pathlib.Path, running: Running) -> None:
    _write(folder(home) / "server.json", json.dumps(dataclasses.asdict(running)))
    _write(home / PID_FILE, f"{running.pid}\n")


def withdraw(home: pathlib.Path) -> None:
    for path in (home / FOLDER / "server.json", home / PID_FILE):
        path.unlink(missing_ok=True)


def running(home: pathlib.Path) -> Running | None:
    """The server of this home; None if there is none or it is still starting."""
    if not is_running(home):
        return None
    try:
        return Running(**json.loads((home / FOLDER / "server.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def token(home: pathlib.Path) -> str:
    """The secret that the control API asks for; made at the first call."""
    path = folder(home) / "token"
    if not path.exists():
        _write(path, secrets.token_urlsafe(32))
    return path.read_text()


def empty(home: pathlib.Path) -> None:
    """Removes all that a cloud has stored in its home; the files by which its server is found stay."""
    for path in home.iterdir():
        if path.name in (FOLDER, PID_FILE):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def program_digest() -> str:
    """A digest of this program's files, to tell whether a running server runs what is on the disk."""
    root = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _write(path: pathlib.Path, text: str) -> None:
    """Whole or not at all, for the owner's eyes only."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(new, path)
