# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device certificates, signed by the cloud's own authority."""

from __future__ import annotations

import typing as t

from cryptography.hazmat.primitives import serialization

from local_cloud import broker
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.iot import records
from local_cloud.services.iot.authority import Authority, Certificate, key_pem, load
from local_cloud.services.iot.base import invalid, not_found, page
from local_cloud.services.iot.policies import Policies
from local_cloud.store import Record

if t.TYPE_CHECKING:
    from local_cloud.cloud import Cloud

_PAGE: t.Final[dict[str, t.Any]] = {"size": "pageSize", "token": "marker", "answer_token": "nextMarker"}


class Certificates(Policies):
    authority: Authority

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        # Now, so that ca.pem is there for clients as soon as the cloud answers.
        self.authority = load(cloud.settings.home)

    def create_certificate_from_csr(self, request: Request) -> Answer:
        try:
            certificate = self.authority.sign_request(request.parameters["certificateSigningRequest"])
        except ValueError as error:
            raise invalid(f"The certificate cannot be created: {error}") from None
        return self._registered(request, certificate)

    def create_keys_and_certificate(self, request: Request) -> Answer:
        certificate, key = self.authority.new_device()
        public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        pair = {"PublicKey": public.decode(), "PrivateKey": key_pem(key).decode()}
        return {**self._registered(request, certificate), "keyPair": pair}

    def _registered(self, request: Request, certificate: Certificate) -> Answer:
        now = self.milliseconds
        record = {
            "pem": certificate.pem,
            "status": "ACTIVE" if request.parameters.get("setAsActive") else "INACTIVE",
            "created": now,
            "modified": now,
            "notBefore": certificate.not_before,
            "notAfter": certificate.not_after,
            "version": 1,
        }
        self.cloud.store.put(records.CERTIFICATE, certificate.identifier, record)
        return {
            "certificateArn": self.arn("cert", certificate.identifier),
            "certificateId": certificate.identifier,
            "certificatePem": certificate.pem,
        }

    def describe_certificate(self, request: Request) -> Answer:
        identifier, certificate = self._asked_certificate(request)
        description = {
            **self._shown_certificate(identifier, certificate),
            "certificatePem": certificate["pem"],
            "ownedBy": self.cloud.settings.account,
            "lastModifiedDate": certificate["modified"],
            "customerVersion": certificate["version"],
            "generationId": f"{identifier[:8]}-{certificate['version']}",
            "validity": {"notBefore": certificate["notBefore"], "notAfter": certificate["notAfter"]},
        }
        return {"certificateDescription": description}

    def update_certificate(self, request: Request) -> Answer:
        identifier, _unused = self._asked_certificate(request)
        status = request.parameters["newStatus"]
        if status not in ("ACTIVE", "INACTIVE", "REVOKED"):
            raise invalid(f"The status {status} is not one that UpdateCertificate can set here: use ACTIVE, INACTIVE or REVOKED")
        with self.cloud.store.transaction():
            certificate = self._certificate(identifier)
            if certificate["status"] != status:
                certificate.update(status=status, modified=self.milliseconds, version=certificate["version"] + 1)
                self.cloud.store.put(records.CERTIFICATE, identifier, certificate)
        if status != "ACTIVE":
            self.cloud.service(broker.Broker).disconnect_certificate(identifier)
        return {}

    def delete_certificate(self, request: Request) -> Answer:
        identifier, _unused = self._asked_certificate(request)
        arn = self.arn("cert", identifier)
        with self.cloud.store.transaction():
            if self._certificate(identifier)["status"] == "ACTIVE":
                message = f"Certificate must be deactivated (not ACTIVE) before deletion. (id={identifier})"
                raise ApiError("CertificateStateException", message)
            if self.cloud.store.list(records.THING_PRINCIPAL, parent=arn, limit=1):
                raise ApiError("DeleteConflictException", f"Things must be detached before deletion (arn={arn})")
            policies = records.policies_of(self.cloud.store, arn)
            if policies and not request.parameters.get("forceDelete"):
                raise ApiError("DeleteConflictException", f"Certificate policies must be detached before deletion (arn={arn})")
            for policy in policies:
                self.cloud.store.delete(records.ATTACHED_POLICY, records.pair(policy, arn))
            self.cloud.store.delete(records.CERTIFICATE, identifier)
        return {}

    def list_certificates(self, request: Request) -> Answer:
        rows = (
            ((certificate["created"], identifier), self._shown_certificate(identifier, certificate))
            for identifier, certificate in self.cloud.store.list(records.CERTIFICATE)
        )
        return page(request, rows, "certificates", **_PAGE)

    def list_certificates_by_ca(self, request: Request) -> Answer:
        """Certificates that AWS's own authority has signed belong to no registered CA, and no other CA can be registered here."""
        raise not_found("CA certificate", request.parameters["caCertificateId"])

    def _asked_certificate(self, request: Request) -> tuple[str, Record]:
        identifier = request.parameters["certificateId"]
        self.authorize(request, "cert", identifier)
        return identifier, self._certificate(identifier)

    def _certificate(self, identifier: str) -> Record:
        certificate = self.cloud.store.get(records.CERTIFICATE, identifier)
        if certificate is None:
            raise not_found("Certificate", identifier)
        return certificate

    def _shown_certificate(self, identifier: str, certificate: Record) -> Answer:
        return {
            "certificateArn": self.arn("cert", identifier),
            "certificateId": identifier,
            "status": certificate["status"],
            "certificateMode": "DEFAULT",
            "creationDate": certificate["created"],
        }
