"""An HTTP connection without a socket, for properties that want thousands of streams: bytes in, answers out.

What arrives is answered as soon as it is complete, with `<length>:<payload>`. The real thing, over sockets, is in
`test_conformance.py`.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import h11
from uuid_utils import uuid7

from core.catalogue.handling import Answer
from core.catalogue.received import JournalHead, Received, peer_at
from core.components.handlers.http import HttpSettings, make
from core.wire.http_connection import HttpConnection
from core.wire.http_shared import READ_BYTES

SETTINGS = HttpSettings(
    methods=("POST", "GET", "HEAD"), max_head=4096, max_target=1024, max_fields=50, max_body=200_000
)  # pyright: ignore[reportArgumentType]  # a Size is an int that was written as text


@dataclass
class Recorded:
    """What came of a stream."""

    taken: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, target and payload of every request that reached the decoder."""
    refused: list[tuple[str, int | None]] = field(default_factory=list)
    written: bytes = b""
    closed: bool = False
    reading: bool = True


class MemoryIntake:
    """Takes every request and answers it at once."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded

    def full(self) -> str | None:
        return None

    def when_room(self, go_on: Callable[[], None]) -> bool:
        return False

    def share(self) -> int:
        return 64

    def new_id(self) -> bytes:
        return uuid7().bytes

    def take(self, received: Received, answer: Answer) -> None:
        head = received.head
        assert head is not None
        self._recorded.taken.append((head.method, head.target, received.payload))
        received.respond = (b"%d:%b" % (len(received.payload), received.payload), 200)
        answer.prepare(None, received)
        answer.ready = True
        answer.release()

    def refuse(
        self,
        reason: str,
        status: int | None,
        remote: tuple[str, int],
        head: JournalHead | None,
        seen: bytes,
        size: int,
    ) -> None:
        self._recorded.refused.append((reason, status))


class MemoryTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self._recorded = recorded

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._recorded.closed
        self._recorded.written += bytes(data)

    def write_eof(self) -> None:
        self._recorded.closed = True

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self._recorded.reading = False

    def resume_reading(self) -> None:
        self._recorded.reading = True

    def is_closing(self) -> bool:
        return self._recorded.closed

    def close(self) -> None:
        self._recorded.closed = True

    def abort(self) -> None:
        self._recorded.closed = True


class Served:
    """A handler whose connections are fed by hand; all of them share its memory of heads."""

    def __init__(self, *, remembers: bool = True) -> None:
        self._recorded = Recorded()
        self._handler = make(SETTINGS, MemoryIntake(self._recorded), {})
        self._shared = self._handler._shared
        if not remembers:
            self._shared.judge = self._shared.judge.__self__.judge_anew

    def __call__(self, parts: Sequence[bytes]) -> Recorded:
        """What comes of a connection on which these parts arrive, and then the device's end."""
        recorded = Recorded()
        self._shared.intake = MemoryIntake(recorded)
        connection = HttpConnection(self._shared, self._handler._door, peer_at(("127.0.0.1", 1)))
        connection.connection_made(MemoryTransport(recorded))
        for part in parts:
            while part and recorded.reading:
                connection.data_received(part[:READ_BYTES])
                part = part[READ_BYTES:]
        if not recorded.closed:
            connection.eof_received()
        connection.connection_lost(None)
        assert self._shared.held == 0, "what it held was given back"
        recorded.written = re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: today", recorded.written)
        return recorded


def as_h11_reads(stream: bytes) -> list[tuple[str, str, bytes]]:
    """The requests that h11 finds in a stream, up to what it calls no request."""
    found: list[tuple[str, str, bytes]] = []
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(stream)
    connection.receive_data(b"")
    head: h11.Request | None = None
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                head, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                found.append((head.method.decode(), head.target.decode("latin-1"), body))
                rest = connection.trailing_data[0]
                connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
                connection.receive_data(rest.removeprefix(b"\r\n"))
                connection.receive_data(b"")
            else:
                return found
    except h11.RemoteProtocolError:
        return found
