"""The TLS of an event source: its certificate and key from files that may be exchanged while it serves."""

import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ConfigurationError, Fault, TidegateError
from core.wire.certificates import CertificateFacts, read_certificate
from core.wire.tls_words import openssl_words

Signature = tuple[tuple[int, int, int], ...]
"""Of each file its inode, size and time: what changes when it is written."""


@dataclass(frozen=True, slots=True)
class TlsRules:
    """What the component's settings come down to; times are in seconds."""

    certificate: Path
    key: Path | None
    """None: it stands in the certificate's file."""
    password: Callable[[], str | None]
    """The key's passphrase, asked for with every reading; None where the key needs none."""
    minimum_version: Literal["1.2", "1.3"]
    client_certificates: Literal["none", "optional", "required"]
    client_ca: Path | None
    handshake_timeout: float


class Tls:
    """The behaviour of role `tls`; one a worker. `open` comes first."""

    def __init__(self, rules: TlsRules) -> None:
        self.rules = rules
        self.facts = CertificateFacts(subject="", not_after=0)
        self.fault: str | None = None
        """Why the newest files are not used, if so: those before them are."""
        self._alpn: Sequence[str] = ()
        self._signature: Signature = ()
        self._context: ssl.SSLContext | None = None

    @property
    def context(self) -> ssl.SSLContext:
        """What the next handshake goes by."""
        assert self._context is not None
        return self._context

    @property
    def timeout(self) -> float:
        """Seconds that a handshake may take."""
        return self.rules.handshake_timeout

    def open(self, path: str, alpn: Sequence[str]) -> None:
        """Reads the files; ConfigurationError names the setting under `path` that is at fault."""
        self._alpn = alpn
        self._signature = self._look_at_files()
        try:
            self._context, self.facts = self._load()
        except _Unusable as unusable:
            raise ConfigurationError([Fault(path=path, key=unusable.key, message=str(unusable))]) from unusable

    def look(self) -> bool:
        """Reads the files again where one has changed; whether that was so. Connections that are there stay."""
        signature = self._look_at_files()
        if signature == self._signature:
            return False
        self._signature = signature
        try:
            self._context, self.facts = self._load()
            self.fault = None
        except _Unusable as unusable:
            self.fault = f"{unusable.key}: {unusable}; the certificate before it goes on"
        return True

    def _look_at_files(self) -> Signature:
        rules = self.rules
        return tuple(_signature(path) for path in (rules.certificate, rules.key, rules.client_ca) if path is not None)

    def _load(self) -> tuple[ssl.SSLContext, CertificateFacts]:
        """A context of its own, so that a pair that does not fit leaves the one before it whole."""
        rules = self.rules
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
        context.minimum_version = versions[rules.minimum_version]
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
        if self._alpn:
            context.set_alpn_protocols(list(self._alpn))
        facts = self._load_pair(context)
        self._load_client_ca(context)
        return context, facts

    def _load_pair(self, context: ssl.SSLContext) -> CertificateFacts:
        rules = self.rules
        try:
            facts = read_certificate(_content(rules.certificate, "certificate"))
        except ValueError as error:
            raise _Unusable("certificate", f"{rules.certificate} holds no certificate in PEM: {error}") from error
        key, file = ("certificate", rules.certificate) if rules.key is None else ("key", rules.key)
        content = _content(file, key)
        if b"PRIVATE KEY-----" not in content:
            raise _Unusable(key, f"{file} holds no private key in PEM")
        passphrase = _Passphrase(rules.password)
        try:
            context.load_cert_chain(rules.certificate, rules.key, passphrase.give)
        except TidegateError as error:
            raise _Unusable("key_password", str(error)) from error
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise _Unusable(key, f"the key in {file} does not belong to the certificate") from error
            if passphrase.asked:
                wrong = "is encrypted" if passphrase.none else "cannot be decrypted with this passphrase"
                raise _Unusable(key, f"the key in {file} {wrong}") from error
            raise _Unusable(key, f"{file} cannot be used: {openssl_words(error)}") from error
        except OSError as error:
            raise _Unusable(key, f"{file} cannot be read: {error.strerror}") from error
        return facts

    def _load_client_ca(self, context: ssl.SSLContext) -> None:
        rules = self.rules
        if rules.client_certificates == "none":
            return
        if rules.client_ca is None:
            raise _Unusable("client_ca", "is required where client certificates are asked for")
        _content(rules.client_ca, "client_ca")
        try:
            context.load_verify_locations(rules.client_ca)
        except (ssl.SSLError, OSError) as error:
            raise _Unusable("client_ca", f"{rules.client_ca} holds no certificates in PEM") from error
        optional = rules.client_certificates == "optional"
        context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # what stands in client_ca is trusted, a device's own too


class _Unusable(Exception):
    """A file that cannot be used, and the setting that names it."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


class _Passphrase:
    """Gives OpenSSL the passphrase, which else it would ask for on a terminal."""

    def __init__(self, password: Callable[[], str | None]) -> None:
        self._password = password
        self.asked = self.none = False

    def give(self) -> str:
        self.asked = True
        password = self._password()
        self.none = password is None
        return password or ""


def _content(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Unusable(key, f"{path} cannot be read: {error.strerror}") from error


def _signature(path: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
