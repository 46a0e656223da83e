# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CBOR (RFC 8949), as far as Smithy's protocol "RPC v2 CBOR" uses it: a client may also send lists, maps and texts of indefinite length."""

from __future__ import annotations

import dataclasses
import math
import struct
import typing as t

# Major types
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _SIMPLE = range(8)
_EPOCH: t.Final = 1
_BREAK: t.Final = object()
_FLOATS: t.Final = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLES: t.Final[dict[int, t.Any]] = {20: False, 21: True, 22: None, 23: None}
_DEEPEST: t.Final = 64


@dataclasses.dataclass(frozen=True)
class Moment:
    """Epoch seconds that are encoded with CBOR's tag for them."""

    seconds: float


def loads(data: bytes) -> t.Any:
    """The one value that the bytes hold; a moment is its epoch seconds. Raises ValueError."""
    reader = _Reader(data)
    try:
        value = reader.value()
    except (IndexError, struct.error, TypeError, UnicodeDecodeError):
        raise ValueError("the CBOR document is cut off or malformed") from None
    if value is _BREAK or reader.place != len(data):
        raise ValueError("the CBOR document does not end where its value does")
    return value


def dumps(value: t.Any) -> bytes:
    """Raises TypeError for what JSON could not say either, but for bytes and moments."""
    if isinstance(value, Moment):
        return _head(_TAG, _EPOCH) + dumps(float(value.seconds))
    if value is None or isinstance(value, bool):
        return bytes([_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]])
    if isinstance(value, int):
        return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    if isinstance(value, float):
        return struct.pack(">Bd", _SIMPLE << 5 | 27, value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, list):
        return _head(_LIST, len(value)) + b"".join(map(dumps, value))
    if isinstance(value, dict):
        return _head(_MAP, len(value)) + b"".join(dumps(key) + dumps(item) for key, item in value.items())
    raise TypeError(f"{type(value).__name__} has no CBOR form here")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for more, (form, most) in enumerate((("B", 2**8), ("H", 2**16), ("I", 2**32), ("Q", 2**64))):
        if number < most:
            return struct.pack(f">B{form}", major << 5 | 24 + more, number)
    raise TypeError(f"the number {number} is too large for CBOR")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.place = 0
        self._data = data
        self._depth = 0

    def value(self) -> t.Any:
        first = self._data[self.place]
        major, more = first >> 5, first & 31
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"the CBOR document is nested more than {_DEEPEST} deep")
        try:
            return self._simple(more) if major == _SIMPLE else self._other(major, more)
        finally:
            self._depth -= 1

    def _simple(self, more: int) -> t.Any:
        if more == 31:
            self.place += 1
            return _BREAK
        if more in _FLOATS:
            (number,) = struct.unpack(_FLOATS[more], self._take(struct.calcsize(_FLOATS[more]), skip=1))
            return number
        self.place += 1
        if more not in _SIMPLES:
            raise ValueError(f"CBOR's simple value {more} is not known here")
        return _SIMPLES[more]

    def _other(self, major: int, more: int) -> t.Any:
        if more == 31:
            self.place += 1
            return self._indefinite(major)
        count = self._number(more)
        if major == _UNSIGNED:
            return count
        if major == _NEGATIVE:
            return -1 - count
        if major == _BYTES:
            return self._take(count)
        if major == _TEXT:
            return self._take(count).decode()
        if major == _LIST:
            return [self._item() for _unused in range(count)]
        if major == _MAP:
            return {self._item(): self._item() for _unused in range(count)}
        moment = self._item()
        if count != _EPOCH or isinstance(moment, bool) or not isinstance(moment, (int, float)) or not math.isfinite(moment):
            raise ValueError(f"CBOR's tag {count} is not known here, or does not hold a number")
        return float(moment)

    def _indefinite(self, major: int) -> t.Any:
        if major not in (_BYTES, _TEXT, _LIST, _MAP):
            raise ValueError("a CBOR number or tag has no indefinite length")
        items = []
        while (item := self.value()) is not _BREAK:
            items.append(item)
        if major == _LIST:
            return items
        if major == _MAP:
            if len(items) % 2:
                raise ValueError("the CBOR document has a key without a value")
            return dict(zip(items[::2], items[1::2], strict=True))
        return (b"" if major == _BYTES else "").join(items)

    def _item(self) -> t.Any:
        value = self.value()
        if value is _BREAK:
            raise ValueError("the CBOR document has a break where a value belongs")
        return value

    def _number(self, more: int) -> int:
        if more < 24:
            self.place += 1
            return more
        if more > 27:
            raise ValueError(f"CBOR's additional information {more} is not known")
        return int.from_bytes(self._take(2 ** (more - 24), skip=1), "big")

    def _take(self, count: int, skip: int = 0) -> bytes:
        begin = self.place + skip
        if begin + count > len(self._data):
            raise IndexError
        self.place = begin + count
        return self._data[begin : self.place]
