"""The body of one request as it comes in: counted by Content-Length, or in chunks (RFC 9112 6 and 7.1).

h11's reader of chunks takes spaces behind a size, anything for an extension, and extensions and trailers without end;
this one takes what the RFC's grammar says, within limits.
"""

from typing import Final, Protocol

from core.wire.http_syntax import CHUNK_LINE, BadHead, HeadLimits, read_field

LONGEST_CHUNK_LINE: Final = 4096
MOST_EXTENSIONS: Final = 16 << 10
"""Bytes of chunk extensions in one request."""
SMALL_CHUNKS: Final = 4096
"""So many chunks may be of any size; more must hold LEAST_A_CHUNK bytes on average, for each costs as much as hundreds
of bytes."""
LEAST_A_CHUNK: Final = 4
NO_TRAILERS: Final = frozenset({b"content-length", b"transfer-encoding", b"host"})
"""What says where a message ends or goes must not be sent behind it (RFC 9110 6.5.1)."""


class Body(Protocol):
    """A body that is being read."""

    size: int
    """Bytes of it that are here."""
    done: bool

    def feed(self, data: bytes) -> bytes:
        """More bytes of the connection; those behind the body are given back. BadHead where they are no body."""
        ...

    def payload(self) -> bytes:
        """What is here of it; all of it once it is `done`."""
        ...


class CountedBody:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._parts: list[bytes] = []
        self.size = 0
        self.done = not length

    def feed(self, data: bytes) -> bytes:
        part = data[: self._length - self.size]
        self._parts.append(part)
        self.size += len(part)
        self.done = self.size == self._length
        return data[len(part) :]

    def payload(self) -> bytes:
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0] if self._parts else b""


class ChunkedBody:
    """A body in chunks. Trailers are read, checked and left: nothing here may be said after the fact."""

    def __init__(self, *, max_body: int, limits: HeadLimits) -> None:
        self._max_body = max_body
        self._limits = limits
        self._parts: list[bytes] = []
        self._rest = b""
        self._missing = 0
        """Bytes of the current chunk that are still to come."""
        self._after_chunk = False
        self._in_trailers = False
        self._chunks = self._extensions = self._trailers = self._trailer_bytes = 0
        self.size = 0
        self.done = False

    def feed(self, data: bytes) -> bytes:
        data = self._rest + data if self._rest else data
        position = 0
        while not self.done:
            if self._missing:
                part = data[position : position + self._missing]
                if not part:
                    break
                self._parts.append(part)
                self.size += len(part)
                self._missing -= len(part)
                position += len(part)
                self._after_chunk = not self._missing
                continue
            end = data.find(b"\r\n", position)
            if end < 0:
                break
            self._line(data[position:end])
            position = end + 2
        self._rest = data[position:]
        if self.done:
            rest, self._rest = self._rest, b""
            return rest
        if not self._missing:
            self._check_beginning(self._rest)
        return b""

    def _check_beginning(self, rest: bytes) -> None:
        """What has no end yet may still be too much."""
        if b"\n" in rest:
            raise BadHead(400, "a line between chunks ends in a bare line feed")
        if self._after_chunk and rest not in (b"", b"\r"):
            raise BadHead(400, "a chunk is longer than its size says")
        if self._in_trailers:
            self._check_trailers(len(rest))
        elif len(rest) > LONGEST_CHUNK_LINE:
            raise BadHead(400, f"a chunk's line is longer than {LONGEST_CHUNK_LINE} bytes")

    def _line(self, line: bytes) -> None:
        if self._after_chunk:
            if line:
                raise BadHead(400, "a chunk is longer than its size says")
            self._after_chunk = False
        elif self._in_trailers:
            self._trailer(line)
        else:
            self._begin_chunk(line)

    def _begin_chunk(self, line: bytes) -> None:
        match = CHUNK_LINE.fullmatch(line) if len(line) <= LONGEST_CHUNK_LINE else None
        if match is None:
            raise BadHead(400, "a chunk begins with no size")
        self._extensions += len(match[2])
        if self._extensions > MOST_EXTENSIONS:
            raise BadHead(400, f"more than {MOST_EXTENSIONS} bytes of chunk extensions")
        size = int(match[1], 16)
        if self.size + size > self._max_body:
            raise BadHead(413, f"the body is larger than {self._max_body} bytes")
        self._chunks += 1
        if self._chunks > SMALL_CHUNKS and self.size < self._chunks * LEAST_A_CHUNK:
            raise BadHead(400, f"{self._chunks} chunks hold {self.size} bytes: they are too small")
        self._missing, self._in_trailers = size, not size

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self._trailers += 1
        self._trailer_bytes += len(line) + 2
        self._check_trailers(0)
        if read_field(line)[0] in NO_TRAILERS:
            raise BadHead(400, "a trailer that must stand in the head")

    def _check_trailers(self, more: int) -> None:
        if self._trailers > self._limits.max_fields or self._trailer_bytes + more > self._limits.max_head:
            raise BadHead(431, "the trailers are larger than a head may be")

    def payload(self) -> bytes:
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0] if self._parts else b""
