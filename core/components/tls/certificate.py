"""TLS Certificate: a source's connections are TLS 1.2 or 1.3 (RFC 8446), by a certificate and key from files."""

from pathlib import Path
from typing import Annotated, Literal

from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration
from core.wire.tls import Tls, TlsRules


class CertificateSettings(Settings):
    """Settings of a source's TLS."""

    certificate: Annotated[
        str,
        setting(
            "Certificate",
            "a PEM file: the source's certificate, then those between it and its authority; a relative path is below "
            "the tenant's folder; it is read again when it changes",
        ),
    ]
    key: Annotated[
        str | None,
        setting("Key", "a PEM file: the certificate's private key; none given: it is in the certificate's file"),
    ] = None
    key_password: Annotated[
        Secret | None,
        setting("Key passphrase", "with which the private key is encrypted; none given: it is not", folded=True),
    ] = None
    minimum_version: Annotated[
        Literal["1.2", "1.3"],
        setting("Minimum version", "of TLS; a device that offers only less is refused"),
    ] = "1.2"
    client_certificates: Annotated[
        Literal["none", "optional", "required"],
        setting("Client certificates", "whether devices show certificates of their own"),
    ] = "none"
    client_ca: Annotated[
        str | None,
        setting("Client CA", "a PEM file: the authorities of devices' certificates, or those certificates themselves"),
    ] = None
    handshake_timeout: Annotated[
        Duration,
        setting(
            "Handshake time limit",
            "from the connection to the end of its TLS handshake; one that takes longer is refused",
            least="100 ms",
            most="1 min",
            folded=True,
        ),
    ] = Duration("10 s")


def make(settings: CertificateSettings, folder: Path) -> Tls:
    """The TLS of one worker; `folder` is the tenant's."""
    secret = settings.key_password
    rules = TlsRules(
        certificate=folder / settings.certificate,
        key=folder / settings.key if settings.key else None,
        password=lambda: None if secret is None else secret.read(folder).decode("utf-8", "replace"),
        minimum_version=settings.minimum_version,
        client_certificates=settings.client_certificates,
        client_ca=folder / settings.client_ca if settings.client_ca else None,
        handshake_timeout=settings.handshake_timeout,
    )
    return Tls(rules)


COMPONENT = Component(
    role="tls",
    type="certificate",
    title="TLS Certificate",
    summary="connections are TLS, by a certificate and key from files",
    settings=CertificateSettings,
    make=make,
)
