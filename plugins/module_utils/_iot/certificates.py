# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates: whose key they certify, and what they are attached to. Pure."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import traceback
import typing as t

CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value

Answer = dict[str, t.Any]

# A certificate that was made for a thing, but not attached because the run was killed, is looked for among those made since then.
RECENT = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class State:
    """What a certificate is: status as AWS says it in lower case, the things and policies that it is attached to."""

    status: str
    things: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()

    def picture(self) -> Answer:
        return {"status": self.status, "things": sorted(self.things), "policies": sorted(self.policies)}


@dataclasses.dataclass(frozen=True)
class CertificateChange:
    after: State
    reasons: list[str]


def key_of_csr(csr: str) -> str:
    """Which key a certificate signing request is for: SHA-256 of the public key's DER, in hex. Raises Refused."""
    try:
        request = x509.load_pem_x509_csr(csr.encode())
        valid = request.is_signature_valid
    except ValueError:
        raise Refused("csr: this is no PEM encoded certificate signing request; give what 'openssl req -new' writes.") from None
    if not valid:
        raise Refused("csr: the signature does not fit the public key; make the request anew with the device's key.")
    return _digest(request.public_key())


def key_of_certificate(pem: str) -> str:
    """Which key a certificate is for, as ``key_of_csr`` says it; empty for what cannot be read."""
    try:
        return _digest(x509.load_pem_x509_certificate(pem.encode()).public_key())
    except ValueError:
        return ""


def common_name_of(pem: str) -> str:
    """Whom a certificate names, as the request did; empty for nobody, and for what cannot be read."""
    try:
        names = x509.load_pem_x509_certificate(pem.encode()).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(names[0].value) if names else ""


def _digest(public_key: t.Any) -> str:
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return digest.finalize().hex()


def is_recent(listed: Answer, now: datetime.datetime) -> bool:
    """Whether an item of ListCertificates was made so recently that the run that made it may have been killed."""
    return bool(now - listed["creationDate"] <= RECENT)


def best(found: c.Sequence[Answer]) -> Answer | None:
    """Of several certificates for one key the one to go on with: the active one, then the newest."""
    return max(found, key=lambda one: (one["status"] == "ACTIVE", one["creationDate"]), default=None)


def change_certificate(
    before: State | None, status: str | None, thing: str | None, policies: c.Collection[str] | None
) -> CertificateChange:
    """What turns the certificate that is there (None: there is none) into the wanted one. None as a wish leaves things as they are.

    thing: attached to it, and to no other. policies: attached to these, and to no others. Raises Refused.
    """
    old = before or State(status or "active")
    after = State(
        status or old.status,
        old.things if thing is None else frozenset([thing] if thing else []),
        old.policies if policies is None else frozenset(policies),
    )
    if old.status == "revoked" and after.status != "revoked":
        raise Refused("The certificate is revoked, which cannot be undone; make a new key on the device and have a new certificate signed.")
    if before is None:
        return CertificateChange(after, ["is not there"])
    reasons = [changed_value("status", old.status, after.status)] if after.status != old.status else []
    for what, had, has in (("thing", old.things, after.things), ("policy", old.policies, after.policies)):
        reasons += [f"is not attached to {what} '{name}'" for name in sorted(has - had)]
        reasons += [f"is attached to {what} '{name}', but is not to be" for name in sorted(had - has)]
    return CertificateChange(after, reasons)


def shown(description: Answer, state: State) -> Answer:
    """A certificate as the module's result shows it. description: as DescribeCertificate gives it."""
    validity = description.get("validity", {})
    times = {"created": description["creationDate"], "not_before": validity.get("notBefore"), "not_after": validity.get("notAfter")}
    return {
        "id": description["certificateId"],
        "arn": description["certificateArn"],
        "pem": description["certificatePem"],
        **state.picture(),
        **{key: _time(value) for key, value in times.items() if value is not None},
    }


def _time(value: datetime.datetime) -> str:
    return value.astimezone(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
