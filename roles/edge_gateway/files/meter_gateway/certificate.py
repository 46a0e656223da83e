# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the device certificate says of itself (X.509, RFC 5280): read with the standard library alone, trusted for nothing."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import pathlib
import ssl
from collections.abc import Iterator
from typing import Final

_CONTEXT_0: Final = 0xA0
_UTC_TIME: Final = 0x17
_COMMON_NAME: Final = bytes.fromhex("0603550403")  # OID 2.5.4.3
# The subject of the certificates for which AWS has made the key.
_AWS_NAME: Final = "AWS IoT Certificate"


@dataclasses.dataclass(frozen=True)
class Certificate:
    """identifier: SHA-256 of the certificate, as AWS IoT names it."""

    identifier: str
    common_name: str | None
    not_before: datetime.datetime
    not_after: datetime.datetime


def read(path: pathlib.Path) -> Certificate:
    """The first certificate of a PEM file. Raises OSError, or ValueError with a sentence."""
    text = path.read_text(encoding="ascii", errors="replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    try:
        start = text.index(begin)
        der = ssl.PEM_cert_to_DER_cert(text[start : text.index(end, start) + len(end)])
        return _parse(der)
    except (ValueError, IndexError, StopIteration) as error:
        raise ValueError(f"The certificate {path} is no certificate in PEM form: install it again.") from error


def findings(path: pathlib.Path, client_id: str, now: datetime.datetime | None) -> list[str]:
    """What will keep a broker from letting us in, one sentence each. now: None if the clock cannot be believed."""
    try:
        certificate = read(path)
    except OSError as error:
        return [f"The certificate {path} cannot be read: {error.strerror}. Install it, readable for the gateway's user."]
    except ValueError as error:
        return [str(error)]
    found = []
    if certificate.common_name not in (None, _AWS_NAME, client_id):
        found.append(
            f"The certificate {path} is that of '{certificate.common_name}', but this gateway connects as '{client_id}':"
            " install this gateway's own certificate."
        )
    if now is not None and now >= certificate.not_after:
        found.append(f"The certificate {path} expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC: rotate it.")
    if now is not None and now < certificate.not_before:
        found.append(f"The certificate {path} is valid from {certificate.not_before:%Y-%m-%d %H:%M} UTC only: check this box's clock.")
    return found


def _parse(der: bytes) -> Certificate:
    (_tag, certificate), *_rest = _elements(der)
    (_tag, to_be_signed), *_rest = _elements(certificate)
    fields = _elements(to_be_signed)
    tag, _value = next(fields)
    if tag == _CONTEXT_0:  # the version; the serial number follows
        next(fields)
    _algorithm, _issuer = next(fields), next(fields)
    (not_before, not_after), (_tag, subject) = _elements(next(fields)[1]), next(fields)
    return Certificate(hashlib.sha256(der).hexdigest(), _common_name(subject), _time(*not_before), _time(*not_after))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of the DER elements that follow each other in ``data``."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at : at + count], "big"), at + count
        if at + length > len(data):
            raise ValueError("an element is longer than what holds it")
        yield tag, data[at : at + length]
        at += length


def _common_name(subject: bytes) -> str | None:
    for _tag, names in _elements(subject):
        for _tag, pair in _elements(names):
            if pair.startswith(_COMMON_NAME):
                return list(_elements(pair))[1][1].decode(errors="replace")
    return None


def _time(tag: int, value: bytes) -> datetime.datetime:
    text = value.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: RFC 5280, 4.1.2.5.1
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
