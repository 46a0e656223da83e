# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates: what they are, and when they may go."""

from __future__ import annotations

import hashlib
import ssl
import stat
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local_cloud.cloud import Cloud
from local_cloud.services.iot import Iot


def request_of(key: t.Any, name: str = "gw-1") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)], ids=["P-256", "RSA"])
def test_a_csr_keeps_its_key_and_subject(iot: t.Any, cloud: Cloud, key: t.Any) -> None:
    made = iot.create_certificate_from_csr(certificateSigningRequest=request_of(key), setAsActive=True)
    certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
    assert certificate.public_key() == key.public_key()
    assert certificate.subject.rfc4514_string() == "O=Example,CN=gw-1"
    assert made["certificateId"] == hashlib.sha256(ssl.PEM_cert_to_DER_cert(made["certificatePem"])).hexdigest()
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    root = x509.load_pem_x509_certificate((cloud.settings.home / "ca.pem").read_bytes())
    certificate.verify_directly_issued_by(root)
    described = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    assert (described["status"], described["certificatePem"]) == ("ACTIVE", made["certificatePem"])
    assert described["validity"]["notAfter"].year == 2049


def test_keys_and_certificate_belong_together(iot: t.Any) -> None:
    made = iot.create_keys_and_certificate()
    key = serialization.load_pem_private_key(made["keyPair"]["PrivateKey"].encode(), None)
    certificate = x509.load_pem_x509_certificate(made["certificatePem"].encode())
    assert certificate.public_key() == key.public_key()
    assert iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]["status"] == "INACTIVE"


@pytest.mark.parametrize(
    "csr",
    ["no csr", request_of(rsa.generate_private_key(65537, 1024)), request_of(ec.generate_private_key(ec.SECP256K1()))],
    ids=["no CSR", "RSA of 1024 bits", "another curve"],
)
def test_refused_requests(iot: t.Any, refused: t.Any, csr: str) -> None:
    with refused("InvalidRequestException"):
        iot.create_certificate_from_csr(certificateSigningRequest=csr)


def test_a_certificate_that_is_in_use_stays(iot: t.Any, refused: t.Any, policy_document: str) -> None:
    made = iot.create_keys_and_certificate(setAsActive=True)
    identifier, arn = made["certificateId"], made["certificateArn"]
    iot.create_thing(thingName="gw-1")
    iot.attach_thing_principal(thingName="gw-1", principal=arn)
    iot.create_policy(policyName="p", policyDocument=policy_document)
    iot.attach_policy(policyName="p", target=arn)
    with refused("CertificateStateException"):
        iot.delete_certificate(certificateId=identifier, forceDelete=True)
    iot.update_certificate(certificateId=identifier, newStatus="REVOKED")
    with refused("DeleteConflictException"):
        iot.delete_certificate(certificateId=identifier, forceDelete=True)
    iot.detach_thing_principal(thingName="gw-1", principal=arn)
    with refused("DeleteConflictException"):
        iot.delete_certificate(certificateId=identifier)
    iot.delete_certificate(certificateId=identifier, forceDelete=True)
    assert iot.list_targets_for_policy(policyName="p")["targets"] == []
    with refused("ResourceNotFoundException"):
        iot.describe_certificate(certificateId=identifier)


def test_statuses_that_cannot_be_set(iot: t.Any, refused: t.Any) -> None:
    identifier = iot.create_keys_and_certificate()["certificateId"]
    with refused("InvalidRequestException"):
        iot.update_certificate(certificateId=identifier, newStatus="PENDING_TRANSFER")


def test_list_pages(iot: t.Any) -> None:
    made = {iot.create_keys_and_certificate()["certificateId"] for _ in range(3)}
    pages = iot.get_paginator("list_certificates").paginate(PaginationConfig={"PageSize": 2})
    assert {certificate["certificateId"] for page in pages for certificate in page["certificates"]} == made


def test_the_authority_is_private_and_stays(cloud: Cloud, iot: t.Any) -> None:
    iot.create_keys_and_certificate()
    home = cloud.settings.home
    assert stat.S_IMODE((home / "ca.key").stat().st_mode) == 0o600
    root = (home / "ca.pem").read_bytes()
    assert Iot(cloud).authority.certificate == x509.load_pem_x509_certificate(root)
    (home / "ca.pem").unlink()
    renewed = Iot(cloud).authority.certificate
    assert renewed.public_key() == x509.load_pem_x509_certificate(root).public_key()
