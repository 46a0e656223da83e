# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes the folder of a tmdt snapshot."""

from __future__ import annotations

import collections.abc as c
import json
import os
import posixpath
import tempfile
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import objects, scenes, snapshot
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import Content

Answer = dict[str, t.Any]


def read_entities(folder: str) -> list[Answer]:
    """The entities of a snapshot alone; its scenes and models may be elsewhere."""
    return read_snapshot(folder, ["entities"])["entities"]


def read_snapshot(folder: str, kinds: c.Collection[str] = snapshot.KINDS) -> snapshot.Snapshot:
    """A snapshot, or what is asked for of it, in the shape of the modules' options. Raises Refused with what is wrong with it, and where."""
    if not os.path.isfile(os.path.join(folder, snapshot.CONFIG)):
        raise Refused(f"'{folder}' is no snapshot of tmdt, for there is no {snapshot.CONFIG} in it; check the path.")

    def path_of(name: str) -> str:
        path = os.path.join(os.path.abspath(folder), name)
        if not os.path.isfile(path):
            raise Refused(f"there is no file '{name}', but {snapshot.CONFIG} names it; bring it or take it out there.")
        return path

    try:
        return snapshot.from_files(lambda name: load(path_of(name), name), path_of, kinds)
    except Refused as fault:
        raise Refused(f"Snapshot '{folder}': {fault.message}") from fault


def load(path: str, name: str) -> t.Any:
    """The content of a JSON file. name: what messages call it."""
    try:
        return json.loads(objects.read_file(path))
    except ValueError as error:
        raise Refused(f"{name} is no JSON: {error}; correct it.") from error
    except RecursionError as error:
        raise Refused(f"{name} is nested too deep to be read; correct it.") from error


class Writer:
    """Writes a workspace to a folder; files that are the same stay untouched.

    changed: the files that differ, in the order of their names once all is written. missing: files that scenes show and the
    bucket does not have, or whose keys cannot be paths of a folder. keep: write nothing.
    """

    def __init__(self, folder: str, s3: t.Any, bucket: str, report: objects.Report, *, keep: bool) -> None:
        self.folder = folder
        self.changed: list[str] = []
        self.missing: list[str] = []
        self._s3 = s3
        self._bucket = bucket
        self._report = report
        self._keep = keep

    def write(self, component_types: c.Sequence[Answer], entities: c.Sequence[Answer], scenes_: c.Sequence[Answer]) -> None:
        """The arguments are in the shape of the modules' options; scenes without ``content`` are left out."""
        documented = [shape for shape in scenes_ if "content" in shape]
        models = [key for key in self._keys(shape["content"] for shape in documented) if self._model(key)]
        # Addresses that fit any bucket.
        portable = [{**shape, "content": scenes.with_relative_files(shape["content"], self._bucket)} for shape in documented]
        for name, content in snapshot.files(component_types, entities, portable, models).items():
            self._text(name, (json.dumps(content, indent=4, ensure_ascii=False) + "\n").encode())
        self.changed.sort()

    def _keys(self, documents: c.Iterable[Answer]) -> list[str]:
        """The keys of all files that the documents show, with the files that these consist of."""
        keys = {key for document in documents for key in snapshot.own_keys(document, self._bucket)}
        for key in sorted(keys):
            folder = posixpath.dirname(key)
            if key.endswith(".json") and folder:
                keys.update(objects.keys_below(self._s3, self._bucket, f"{folder}/"))
            elif key.endswith(".gltf"):
                keys.update(snapshot.gltf_references(self._gltf(key), key))
        return sorted(keys)

    def _gltf(self, key: str) -> Answer:
        try:
            model = json.loads(objects.read(self._s3, self._bucket, key) or b"{}")
        except ValueError:
            return {}
        return model if isinstance(model, dict) else {}

    def _model(self, key: str) -> bool:
        """Brings a model here. False: that cannot be."""
        is_path = posixpath.normpath(key) == key and not key.startswith(("/", "../")) and key != ".."
        stored = objects.head(self._s3, self._bucket, key) if is_path else None
        if stored is None:
            self.missing.append(key)
            return False
        name = f"{snapshot.MODELS}/{key}"
        path = os.path.join(self.folder, name)
        if not (os.path.isfile(path) and objects.is_same(stored, Content(path=path))):
            self._replace(name, lambda new: objects.download(self._s3, self._bucket, key, new, self._report))
        return True

    def _text(self, name: str, content: bytes) -> None:
        path = os.path.join(self.folder, name)
        if not (os.path.isfile(path) and objects.read_file(path) == content):
            self._replace(name, lambda new: _write(new, content))

    def _replace(self, name: str, make: c.Callable[[str], None]) -> None:
        """Puts a new file in the place of the old one at once, so that none is ever half there."""
        self.changed.append(name)
        if self._keep:
            return
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with tempfile.TemporaryDirectory(dir=os.path.dirname(path), prefix=".snapshot-") as beside:
                new = os.path.join(beside, "new")
                make(new)
                os.replace(new, path)
        except OSError as error:
            raise Refused(f"The file '{path}' cannot be written: {error.strerror}; check the path and its permissions.") from error


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
