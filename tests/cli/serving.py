"""Servers in a thread that behave and misbehave, and remember what they were sent."""

import asyncio
import functools
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import h11

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Request:
    """One request. The names of `fields` are in small letters."""

    method: str
    fields: dict[str, str]
    body: bytes = b""


class Served:
    """What a test's server saw."""

    def __init__(self) -> None:
        self.port = 0
        self.received = b""
        self.connections = 0
        self.subjects: list[str] = []
        """Of the certificates that clients showed."""

    @property
    def requests(self) -> list[Request]:
        """What came as HTTP, read by h11; it must have come on one connection at a time."""
        judge, data, found = h11.Connection(h11.SERVER), self.received, list[Request]()
        judge.receive_data(data)
        while isinstance(event := judge.next_event(), h11.Event):
            if isinstance(event, h11.Request):
                fields = {name.decode(): value.decode("latin-1") for name, value in event.headers}
                found.append(Request(event.method.decode(), fields))
            elif isinstance(event, h11.Data):
                found[-1].body += event.data
            elif isinstance(event, h11.EndOfMessage):
                rest, _ = judge.trailing_data
                if not rest:
                    break
                judge = h11.Connection(h11.SERVER)
                judge.receive_data(rest)
        return found


@contextmanager
def serving(answer: Callable[[Served, bytes], bytes | None], tls: ssl.SSLContext | None = None) -> Iterator[Served]:
    """A server in a thread. `answer` is called with what came in one piece; None closes the connection."""
    seen, ready = Served(), threading.Event()
    open_ones: set[asyncio.Transport] = set()
    end: Callable[[], object]

    class Peer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport = transport
            open_ones.add(transport)
            seen.connections += 1
            for part in (transport.get_extra_info("peercert") or {}).get("subject", ()):
                seen.subjects += [value for name, value in part if name == "commonName"]

        def data_received(self, data: bytes) -> None:
            seen.received += data
            given = answer(seen, data)
            if given is not None:
                self.transport.write(given)
            if given is None or b"\nConnection: close" in given:
                self.transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            open_ones.discard(self.transport)

    async def serve() -> None:
        nonlocal end
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        server = await loop.create_server(Peer, "127.0.0.1", 0, ssl=tls)
        seen.port = server.sockets[0].getsockname()[1]
        end = functools.partial(loop.call_soon_threadsafe, ended.set)
        ready.set()
        await ended.wait()
        server.close()
        while open_ones:
            for transport in open_ones:
                transport.abort()
            await asyncio.sleep(0)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield seen
    finally:
        end()
        thread.join(10)
