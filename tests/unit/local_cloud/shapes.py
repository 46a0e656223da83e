# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that fit botocore's shapes, as botocore's own client would take or give them."""

from __future__ import annotations

import datetime
import json
import random
import typing as t

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from local_cloud.assembly import KINDS

# botocore's names of the services that the local cloud answers itself.
OWN_SERVICES = tuple(dict.fromkeys(model for kind in KINDS for model in kind.models))

_TEXT = "abcXYZ019 -_.:/%&=+?#üß€<>\"'$\\{}"
_HEADER_TEXT = "abcXYZ019-_.:/%"
_DEPTH = 6


def value_of(shape: Shape, chance: random.Random, depth: int = 0) -> t.Any:
    """A value of the right type: required members always, others by chance; recursion ends at a depth."""
    if isinstance(shape, StructureShape):
        return {"free": ["form", 1]} if shape.is_document_type else _structure(shape, chance, depth)
    if isinstance(shape, ListShape):
        return [] if depth >= _DEPTH else [value_of(shape.member, chance, depth + 1) for _ in range(chance.randint(1, 3))]
    if isinstance(shape, MapShape):
        return (
            {}
            if depth >= _DEPTH
            else {value_of(shape.key, chance, depth): value_of(shape.value, chance, depth + 1) for _ in range(chance.randint(1, 2))}
        )
    if isinstance(shape, StringShape):
        if shape.serialization.get("jsonvalue") and "location" in shape.serialization:
            return {"any": ["JSON", 1]}
        return chance.choice(shape.enum) if shape.enum else text(shape, chance)
    return _scalar(shape, chance)


def _structure(shape: StructureShape, chance: random.Random, depth: int) -> dict[str, t.Any]:
    """Never an empty one where its shape has members: the query protocol cannot send that."""
    # A body that is a member of its own is there or empty on the wire; only the first can be told from the second.
    needed = {*shape.required_members, shape.serialization.get("payload")}
    names = [name for name in shape.members if name in needed or (depth < _DEPTH and chance.random() < 0.6)]
    if shape.members and (shape.is_tagged_union or not names):
        flat = [name for name, member in shape.members.items() if not isinstance(member, (ListShape, MapShape, StructureShape))]
        names = [chance.choice(flat if flat and depth >= _DEPTH else list(shape.members))]
    return {name: value_of(shape.members[name], chance, depth + 1) for name in names}


def text(shape: Shape, chance: random.Random) -> str:
    letters = _HEADER_TEXT if shape.serialization.get("location") in ("header", "headers") else _TEXT
    return "x" + "".join(chance.choice(letters) for _ in range(chance.randint(0, 12))) + "y"


def _scalar(shape: Shape, chance: random.Random) -> t.Any:
    kind = shape.type_name
    if kind == "boolean":
        return chance.random() < 0.5
    if shape.serialization.get("location") == "statusCode":
        return 202
    if kind in ("integer", "long"):
        return chance.randint(0, 1 << 30)
    if kind in ("float", "double"):
        return chance.randint(-(1 << 20), 1 << 20) / 64
    if kind == "blob":
        return bytes(chance.randrange(256) for _ in range(chance.randint(1, 20)))
    if kind == "timestamp":
        return datetime.datetime.fromtimestamp(chance.randint(1, 4_000_000_000), datetime.timezone.utc)
    raise AssertionError(f"no value for a shape of type {kind}")


def with_moments_as_seconds(value: t.Any) -> t.Any:
    """The value as the front gives it to a service: timestamps are epoch seconds."""
    if isinstance(value, dict):
        return {key: with_moments_as_seconds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_moments_as_seconds(item) for item in value]
    return value.timestamp() if isinstance(value, datetime.datetime) else value


def with_json_headers_as_text(value: dict[str, t.Any], shape: StructureShape) -> dict[str, t.Any]:
    """botocore takes any JSON value for a member that travels as base64 in a header; the front gives it to the service as text."""
    names = [name for name, member in shape.members.items() if member.serialization.get("jsonvalue") and "location" in member.serialization]
    return {key: json.dumps(item, separators=(",", ":")) if key in names else item for key, item in value.items()}
