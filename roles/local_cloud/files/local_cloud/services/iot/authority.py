# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authority of the local cloud: it signs device certificates and the broker's own.

``ca.pem`` in the cloud's home is what clients trust, in place of AmazonRootCA1. Keys are readable for the user only.
"""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import os
import pathlib
import tempfile
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# AWS IoT gives its device certificates this end.
DEVICE_END: t.Final = datetime.datetime(2049, 12, 31, 23, 59, 59, tzinfo=datetime.timezone.utc)
_NAME: t.Final = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Local cloud"), x509.NameAttribute(NameOID.COMMON_NAME, "Local cloud root CA")]
)
_AWS_NAME: t.Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
_CLOCK_SKEW: t.Final = datetime.timedelta(minutes=5)

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclasses.dataclass(frozen=True)
class Certificate:
    """pem: text. identifier: SHA-256 of the DER, in hex, as AWS names certificates. Times are epoch seconds."""

    pem: str
    identifier: str
    not_before: float
    not_after: float


@dataclasses.dataclass(frozen=True)
class Authority:
    """certificate: the root; key: its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign_request(self, csr_pem: str) -> Certificate:
        """A device certificate with the request's own public key and subject. Raises ValueError, with one sentence."""
        try:
            csr = x509.load_pem_x509_csr(csr_pem.encode())
        except ValueError:
            raise ValueError("the certificate signing request is not a PEM encoded PKCS #10 request") from None
        if not csr.is_signature_valid:
            raise ValueError("the signature of the certificate signing request does not fit its public key")
        return self._device(csr.subject, _checked(csr.public_key()))

    def new_device(self) -> tuple[Certificate, rsa.RSAPrivateKey]:
        """A certificate and its key of 2048 bits, as CreateKeysAndCertificate gives them."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._device(_AWS_NAME, key.public_key()), key

    def _device(self, subject: x509.Name, public_key: PublicKey) -> Certificate:
        builder = self._builder(subject, public_key, DEVICE_END)
        builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
        return describe(
            builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False).sign(self.key, hashes.SHA256())
        )

    def server(self, path: pathlib.Path) -> None:
        """Writes a key and a certificate for 127.0.0.1 and localhost, with the root behind it, to one file for the user only."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.IPAddress(ipaddress.ip_address("::1"))]
        )
        builder = self._builder(subject, key.public_key(), DEVICE_END).add_extension(names, critical=False)
        builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
        certificate = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False).sign(
            self.key, hashes.SHA256()
        )
        write_private(path, key_pem(key) + pem(certificate) + pem(self.certificate))

    def _builder(self, subject: x509.Name, public_key: PublicKey, end: datetime.datetime) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_now() - _CLOCK_SKEW)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )


def load(home: pathlib.Path) -> Authority:
    """The authority whose files stand in ``home``; makes ``ca.key`` and ``ca.pem`` if they are not there."""
    key_path, path = home / "ca.key", home / "ca.pem"
    if not key_path.exists():
        authority = _create()
        write_private(key_path, key_pem(authority.key))
        path.write_bytes(pem(authority.certificate))
        return authority
    key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key_path} is not a key that the local cloud has made; remove {key_path} and {path} to get new ones")
    if not path.exists():
        path.write_bytes(pem(_root(key)))
    return Authority(x509.load_pem_x509_certificate(path.read_bytes()), key)


def describe(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        pem=pem(certificate).decode(),
        identifier=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Not encrypted, in the form that OpenSSL has always written (as AWS does)."""
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())


def write_private(path: pathlib.Path, data: bytes) -> None:
    """Whole or not at all, and never readable for others. (mkstemp makes files of mode 0600.)"""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    pathlib.Path(name).replace(path)


def _create() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(_root(key), key)


def _root(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = _key_usage(digital_signature=False, signs_certificates=True)
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - _CLOCK_SKEW)
        .not_valid_after(DEVICE_END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _checked(key: t.Any) -> PublicKey:
    """AWS IoT takes RSA keys of 2048 bits or more and the NIST curves P-256, P-384 and P-521."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return key
    raise ValueError("the certificate signing request needs an RSA key of 2048 bits or more, or a key on the curve P-256, P-384 or P-521")


def _key_usage(*, digital_signature: bool, signs_certificates: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
