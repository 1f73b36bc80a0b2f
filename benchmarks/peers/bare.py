"""A bare asyncio.Protocol that answers each chunk of bytes with a fixed 200: the most that asyncio's loop does.

    python benchmarks/peers/bare.py KEPT_PORT ONCE_PORT [TLS_PORT CERTIFICATE KEY]

On the first port connections are kept, on the second closed after one answer, on the third kept and over TLS.
"""

import asyncio
import ssl
import sys
from dataclasses import dataclass

KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\nContent-Type: text/plain\r\n\r\nInformation received."
LAST = KEPT.replace(b"Content-Type", b"Connection: close\r\nContent-Type")
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Bare:
    """Where it listens."""

    kept: int
    once: int
    tls: int = 0
    certificate: str = ""
    key: str = ""

    @property
    def command(self) -> list[str]:
        secured = [str(self.tls), self.certificate, self.key] if self.certificate else []
        return [sys.executable, __file__, str(self.kept), str(self.once), *secured]


class Kept(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(KEPT)


class Once(Kept):
    def data_received(self, data: bytes) -> None:
        self.transport.write(LAST)
        self.transport.close()


async def serve(kept: str, once: str, tls: str = "", certificate: str = "", key: str = "") -> None:
    """Serves until it is ended."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Kept, HOST, int(kept)), await loop.create_server(Once, HOST, int(once))]
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        servers.append(await loop.create_server(Kept, HOST, int(tls), ssl=context))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
