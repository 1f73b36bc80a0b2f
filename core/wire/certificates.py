"""Certificates: what an operator should know of one, and new ones for trying.

ssl reads certificates only for its own use and makes none: `cryptography` does both. It is loaded where it is needed,
since most commands and most sources do without.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509


class CertificateFacts(msgspec.Struct, frozen=True):
    """What is told of a source's certificate."""

    subject: str
    """Its name as RFC 4514 writes it; where it has none, the first name that it is for."""
    not_after: int
    """Its last second, in seconds since the epoch."""


def read_certificate(pem: bytes) -> CertificateFacts:
    """The first certificate of a PEM file, which is the one that is shown; ValueError where there is none."""
    from cryptography import x509

    first = x509.load_pem_x509_certificates(pem)[0]
    return CertificateFacts(_subject(first), int(first.not_valid_after_utc.timestamp()))


def _subject(certificate: x509.Certificate) -> str:
    from cryptography import x509

    if text := certificate.subject.rfc4514_string():
        return text
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return next((str(name.value) for name in names if isinstance(name, (x509.DNSName, x509.IPAddress))), "")


def make_certificate(names: Sequence[str], days: int, *, client: bool = False) -> tuple[bytes, bytes]:
    """A self-signed certificate and its key (ECDSA, P-256), both in PEM, for DNS names and IP addresses; ValueError
    for what is neither."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))  # for devices whose clocks go a little slow
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-][A-Za-z0-9_.-]{0,250}", name):
        raise ValueError(f"{name!r} is neither a DNS name nor an IP address")
    return x509.DNSName(name)
