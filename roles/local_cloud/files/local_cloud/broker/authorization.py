# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a client may do, by the IoT policies of its certificate as they stand at this moment.

Source: "AWS IoT Core policy actions", "basic policy variables", "thing policy variables" and "X.509 certificate policy variables".
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from local_cloud import policy
from local_cloud.services.iot import records

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

Value = str | list[str]

_ATTRIBUTES: t.Final = {
    NameOID.DN_QUALIFIER: "DistinguishedNameQualifier",
    NameOID.COUNTRY_NAME: "Country",
    NameOID.ORGANIZATION_NAME: "Organization",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OrganizationalUnit",
    NameOID.STATE_OR_PROVINCE_NAME: "State",
    NameOID.COMMON_NAME: "CommonName",
    NameOID.SERIAL_NUMBER: "SerialNumber",
    NameOID.TITLE: "Title",
    NameOID.SURNAME: "Surname",
    NameOID.GIVEN_NAME: "GivenName",
    NameOID.INITIALS: "Initials",
    NameOID.PSEUDONYM: "Pseudonym",
    NameOID.GENERATION_QUALIFIER: "GenerationQualifier",
}
_MAX_VALUES: t.Final = 5
_MAX_LENGTH: t.Final = 1024
_WILDCARDS: t.Final = frozenset("*$+?#")


@dataclasses.dataclass(frozen=True)
class Identity:
    """A client that has shown a certificate. certificate: DER bytes; address: its IP address."""

    certificate: bytes
    client_id: str
    address: str

    @functools.cached_property
    def certificate_id(self) -> str:
        return certificate_id(self.certificate)

    @functools.cached_property
    def certificate_keys(self) -> dict[str, Value]:
        """The policy variables of the certificate. A value with a wildcard in it, or too long a one, is left out, as on AWS."""
        certificate = x509.load_der_x509_certificate(self.certificate)
        keys: dict[str, Value] = {
            "iot:CertificateId": self.certificate_id,
            "iot:Certificate.SerialNumber": format(certificate.serial_number, "x"),
        }
        keys.update(_name_keys("Subject", certificate.subject))
        keys.update(_name_keys("Issuer", certificate.issuer))
        return keys


def certificate_id(der: bytes) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return digest.finalize().hex()


def _name_keys(who: str, name: x509.Name) -> dict[str, Value]:
    keys: dict[str, Value] = {}
    for oid, title in _ATTRIBUTES.items():
        found = [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)][:_MAX_VALUES]
        usable = [value for value in found if len(value) <= _MAX_LENGTH and _WILDCARDS.isdisjoint(value)]
        if not usable:
            continue
        key = f"iot:Certificate.{who}.{title}"
        keys[key] = usable[0]
        keys[f"{key}.List"] = usable
        keys.update({f"{key}.{index}": value for index, value in enumerate(usable)})
    return keys


class Authorizer:
    """Asks the store at every decision, so that what is detached, changed or revoked counts at once."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def is_active(self, certificate: bytes) -> bool:
        """Whether the certificate is registered and ACTIVE."""
        record = self._cloud.store.get(records.CERTIFICATE, certificate_id(certificate))
        return record is not None and record["status"] == "ACTIVE"

    def may_connect(self, identity: Identity, attributes: list[str]) -> bool:
        """attributes: of PersistentConnect and LastWill those that the client asks for."""
        return self._allowed(identity, "Connect", f"client/{identity.client_id}", {"iot:ConnectAttributes": attributes})

    def may_publish(self, identity: Identity, topic: str, *, retain: bool) -> bool:
        actions = ("Publish", "RetainPublish") if retain else ("Publish",)
        return all(self._allowed(identity, action, f"topic/{topic}") for action in actions)

    def may_subscribe(self, identity: Identity, topic_filter: str) -> bool:
        return self._allowed(identity, "Subscribe", f"topicfilter/{topic_filter}")

    def may_receive(self, identity: Identity, topic: str) -> bool:
        return self._allowed(identity, "Receive", f"topic/{topic}")

    def _allowed(self, identity: Identity, action: str, resource: str, extra: dict[str, Value] | None = None) -> bool:
        arn = self._cloud.arn("iot", f"cert/{identity.certificate_id}")
        documents = records.documents_of(self._cloud.store, arn)
        keys = {**identity.certificate_keys, **self._thing_keys(identity, arn), **(extra or {})}
        keys["iot:ClientId"] = identity.client_id
        keys["aws:SourceIp"] = identity.address
        return bool(policy.evaluate(documents, f"iot:{action}", self._cloud.arn("iot", resource), keys))

    def _thing_keys(self, identity: Identity, arn: str) -> dict[str, Value]:
        name = records.exclusive_thing(self._cloud.store, arn) or identity.client_id
        thing, attached = records.attached_thing(self._cloud.store, name, arn)
        keys: dict[str, Value] = {"iot:Connection.Thing.IsAttached": "true" if attached else "false"}
        if thing is None or not attached:
            return keys
        keys["iot:Connection.Thing.ThingName"] = name
        if thing["type"] is not None:
            keys["iot:Connection.Thing.ThingTypeName"] = thing["type"]
        keys.update({f"iot:Connection.Thing.Attributes[{key}]": value for key, value in thing["attributes"].items()})
        return keys
