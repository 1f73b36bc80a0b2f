"""Why a TLS handshake failed, and who spoke it, in words."""

import asyncio
import ssl
from typing import Any

from core.catalogue.received import Peer

_REASONS = {
    "HTTP_REQUEST": "plain HTTP came where TLS is spoken",
    "HTTPS_PROXY_REQUEST": "plain HTTP came where TLS is spoken",
    "WRONG_VERSION_NUMBER": "what came is not TLS",
    "UNKNOWN_PROTOCOL": "what came is not TLS",
    "BAD_RECORD_TYPE": "what came is not TLS",
    "PACKET_LENGTH_TOO_LONG": "what came is not TLS",
    "RECORD_LAYER_FAILURE": "what came is not TLS",
    "UNSUPPORTED_PROTOCOL": "the device offers no TLS version that is served",
    "VERSION_TOO_LOW": "the device offers no TLS version that is served",
    "NO_SHARED_CIPHER": "the device offers no cipher that is served",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the device has shown no certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the device does not trust the source's certificate",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the device takes no TLS version that is served",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the device does not take the source's certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the device does not take the source's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the source's certificate has expired, says the device",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the device does not take the source's certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the device broke the TLS handshake off",
    "TLSV1_ALERT_INTERNAL_ERROR": "the device broke the TLS handshake off",
}
_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "streetAddress": "STREET",
    "domainComponent": "DC",
    "userId": "UID",
}
"""RFC 4514 3."""


def handshake_words(error: ssl.SSLError) -> str:
    """Why the handshake failed, as an operator reads it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the device's certificate is not trusted: {error.verify_message}"
    reason = (error.reason or "").removeprefix("SSL_R_")
    return _REASONS.get(reason) or f"the TLS handshake failed: {openssl_words(error)}"


def openssl_words(error: ssl.SSLError) -> str:
    """OpenSSL's own name of what was wrong, spelt as a sentence's part."""
    return (error.reason or str(error)).replace("_", " ").lower()


def connection_facts(transport: asyncio.BaseTransport, peer: Peer) -> dict[str, Any] | None:
    """What is the same for every request of a connection: `tls.*`, and `remote.via` where a proxy named the device."""
    facts = tls_facts(transport)
    return facts if peer.via is None else {**(facts or {}), "remote.via": peer.via}


def tls_facts(transport: asyncio.BaseTransport) -> dict[str, Any] | None:
    """What a script is told of a TLS connection, and what decides who a device is: `tls.version` (`TLSv1.3`), and
    `tls.subject` (RFC 4514, as `CN=gate-7,O=Acme`) and `tls.serial` (hexadecimal) of the certificate that it has shown
    and that was found good. None where the connection is plain."""
    tls = transport.get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return None
    facts: dict[str, Any] = {"tls.version": tls.version()}
    shown: dict[str, Any] | None = tls.getpeercert()
    if shown:
        facts["tls.subject"] = subject_text(shown["subject"])
        facts["tls.serial"] = shown["serialNumber"]
    return facts


def subject_text(names: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    """A name as RFC 4514 writes it: the last part first, and what has a meaning there escaped."""
    parts = ("+".join(f"{_SHORT.get(key, key)}={_escaped(value)}" for key, value in part) for part in reversed(names))
    return ",".join(parts)


def _escaped(value: str) -> str:
    text = "".join(f"\\{sign}" if sign in ',+"\\<>;=' else sign for sign in value)
    if text.startswith((" ", "#")):
        text = "\\" + text
    return text[:-1] + "\\ " if len(value) > 1 and value.endswith(" ") else text
