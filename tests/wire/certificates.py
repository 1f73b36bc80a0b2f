"""Certificates for tests, made by the product's own command's means."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from core.wire.certificates import make_certificate


@dataclass(frozen=True)
class Pair:
    """A certificate and its key in files."""

    certificate: Path
    key: Path

    def write(self, name: str = "localhost", days: int = 365, *, client: bool = False) -> "Pair":
        certificate, key = make_certificate([name], days, client=client)
        self.certificate.write_bytes(certificate)
        self.key.write_bytes(key)
        return self


def pair(folder: Path, name: str = "localhost", days: int = 365, *, client: bool = False) -> Pair:
    """A new pair in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Pair(folder / f"{name}.crt", folder / f"{name}.key").write(name, days, client=client)


def trusting(server: Pair, client: Pair | None = None) -> ssl.SSLContext:
    """A device's context that trusts this server alone, and shows that certificate."""
    context = ssl.create_default_context(cafile=server.certificate)
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context
