"""How simulated devices connect: in the clear, or over TLS with or without a certificate of their own."""

import asyncio
import functools
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import TidegateError

if TYPE_CHECKING:
    from core.cli.simulator.line import Target

CONNECT_TIMEOUT = 10.0
"""Seconds for a connection, its TLS handshake with it."""
SHUTDOWN_TIMEOUT = 2.0
"""Seconds for the other side to end TLS when we do."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS is spoken; `server_name` stands for the target's host where it is given."""

    context: ssl.SSLContext
    server_name: str | None = None


def client_tls(
    *,
    ca: Path | None = None,
    insecure: bool = False,
    certificate: Path | None = None,
    key: Path | None = None,
    key_password: bytes | None = None,
    version: str | None = None,
    server_name: str | None = None,
) -> Tls:
    """TLS of a device. `ca` is trusted instead of the machine's authorities, `insecure` trusts anybody, `version` (1.2
    or 1.3) allows no other. TidegateError says which file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise TidegateError(f"{ca} holds no certificate that could be trusted") from error
    except OSError as error:
        raise TidegateError(f"{ca} cannot be read: {error.strerror}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if version is not None:
        only = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
        context.minimum_version = context.maximum_version = only
    if certificate is not None:
        try:
            context.load_cert_chain(certificate, key, lambda: key_password or b"")  # OpenSSL would ask the terminal
        except ssl.SSLError as error:
            files = f"{certificate} and {key}" if key else str(certificate)
            raise TidegateError(f"{files}: no certificate and key that belong together, or another password") from error
        except OSError as error:
            raise TidegateError(f"{certificate} or its key cannot be read: {error.strerror}") from error
    return Tls(context, server_name)


@functools.cache
def _usual() -> Tls:
    return client_tls()


async def connect(target: "Target", make: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
    """A connection to a target with that protocol; OSError, TimeoutError among them, where there is none."""
    loop = asyncio.get_running_loop()
    tls = target.tls or (_usual() if target.scheme == "https" else None)
    async with asyncio.timeout(CONNECT_TIMEOUT):
        if tls is None:
            transport, _ = await loop.create_connection(make, target.host, target.port)
        else:
            transport, _ = await loop.create_connection(
                make,
                target.host,
                target.port,
                ssl=tls.context,
                server_hostname=tls.server_name or target.host,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT,
            )
    return transport


async def connect_streams(target: "Target") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The same with asyncio's streams."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await connect(target, lambda: protocol)
    return reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
