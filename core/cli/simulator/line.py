"""A simulated device's connection: what HTTP and raw TCP have in common."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.cli.simulator.connect import Tls, connect
from core.cli.simulator.tally import Tally

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between attempts to connect again, doubling from the first to the longest."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a simulation sends to. `scheme` is http, https, tcp or udp; `tls` is for https and tcp."""

    scheme: str
    host: str
    port: int
    path: str = "/"
    tls: Tls | None = None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = {"http": 80, "https": 443}.get(self.scheme)
        return host if self.port == standard else f"{host}:{self.port}"

    def __str__(self) -> str:
        if self.scheme == "tcp":
            return self.authority
        return f"{self.scheme}://{self.authority}{self.path if self.scheme != 'udp' else ''}"


def error_kind(error: BaseException | None) -> str:
    """A connection's fault in one word, to count it by."""
    match error:
        case ConnectionRefusedError():
            return "refused"
        case ConnectionResetError() | BrokenPipeError():
            return "reset"
        case TimeoutError():
            return "timeout"
        case socket.gaierror():
            return "unknown host"
        case ssl.SSLError():
            return _tls_kind(error)
        case OSError():
            return error.strerror or "network"
        case _:
            return "closed"


def _tls_kind(error: ssl.SSLError) -> str:
    """What OpenSSL minds, in its own words: `tls: certificate verify failed: self-signed certificate`."""
    words = (getattr(error, "reason", None) or "").replace("_", " ").lower()
    more = getattr(error, "verify_message", None) if isinstance(error, ssl.SSLCertVerificationError) else None
    return ": ".join(part for part in ("tls", words, more) if part)


class Line(asyncio.Protocol):
    """One connection that carries one request at a time; `on_idle` says that it may carry the next."""

    def __init__(self, target: Target, tally: Tally, on_idle: Callable[["Line"], None]) -> None:
        self.target = target
        self.tally = tally
        self.on_idle = on_idle
        self.lost = asyncio.Event()
        self.busy = False
        self.since = 0.0
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """Connects and is idle then; OSError where it cannot."""
        await connect(self.target, lambda: self)
        self.on_idle(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.tally.opened += 1

    def send(self, payload: bytes) -> None:
        """Sends one request; only while idle."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self.busy, self.since = True, time.perf_counter()
        self.tally.sent += 1
        self.tally.bytes += len(data)
        self._transport.write(data)

    def fail(self, kind: str) -> None:
        """Counts the request that is under way as failed and gives the connection up."""
        if self.busy:
            self.busy = False
            self.tally.errors[kind] += 1
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Ends the connection once what was written is out."""
        if self._transport is None:
            self.lost.set()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.busy:
            self.busy = False
            self.tally.errors[error_kind(exc)] += 1
        self.lost.set()
