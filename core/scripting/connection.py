"""What a scripted interaction handler's script knows as `connection`, and what comes of the requests it makes."""

from typing import Any, Final, Protocol

import msgspec

Separator = bytes | bytearray
MOST_READ: Final = 1 << 16


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: it is on disk."""

    failure: str | None
    """Why its decode failed; None where it did not."""
    events: list[dict[str, Any]]  # events as JSON objects
    """What was decoded."""
    answer: bytes
    """What the decoder's script said by `respond`; empty for nothing. It is for the handler's script to send."""


class Line(Protocol):
    """One connection, as the script's `Connection` uses it."""

    buffer: bytearray
    most: int
    ended: bool
    """The device sends no more."""

    async def more(self) -> None:
        """Waits for bytes, or for the end."""
        ...

    async def send(self, data: bytes) -> None: ...

    async def take(self, payload: bytes, wire: bytes | None) -> Outcome: ...

    def refuse(self, reason: str, seen: bytes) -> None: ...

    def close(self) -> None: ...


class Connection:
    """One device's connection, in the hands of `async def handle(connection)`.

    Every wait is under the handler's limits. When `handle` returns, what was written is sent and the connection closed;
    what it has not read by then is kept as a refused row.
    """

    def __init__(self, line: Line, remote: tuple[str, int], metadata: dict[str, Any], state: dict[str, Any]) -> None:
        self._line = line
        self.remote: Final = remote
        """The device's address and port."""
        self.metadata: Final = metadata
        """What is known of the connection, such as `tls.subject`."""
        self.state: Final = state
        """Kept with every request of this connection, and given to the decoder's script; JSON, at most 4 KiB."""

    async def read(self, most: int = MOST_READ) -> bytes:
        """What is here, once something is: at most `most` bytes; b"" where the device sends no more."""
        line = self._line
        if not line.buffer and not line.ended:
            await line.more()
        return self._cut(min(most, len(line.buffer)))

    async def readexactly(self, count: int) -> bytes:
        """So many bytes; EOFError where the device ends before."""
        line = self._line
        self._allowed(count)
        while len(line.buffer) < count:
            await self._more()
        return self._cut(count)

    async def readuntil(self, separator: Separator = b"\n") -> bytes:
        """The bytes up to and with a separator; EOFError where the device ends before, ValueError where it does not
        come within the handler's limit."""
        line, looked = self._line, 0
        if not separator:
            raise ValueError("an empty separator ends nothing")
        while (place := line.buffer.find(separator, looked)) < 0:
            looked = max(0, len(line.buffer) - len(separator) + 1)
            self._allowed(len(line.buffer))
            await self._more()
        self._allowed(place + len(separator))
        return self._cut(place + len(separator))

    async def readline(self) -> bytes:
        """The next line, with its end."""
        return await self.readuntil(b"\n")

    async def write(self, data: bytes) -> None:
        """Sends; waits where the device does not take what was sent before."""
        await self._line.send(bytes(data))

    async def request(self, payload: bytes, wire: bytes | None = None) -> Outcome:
        """Has a payload decoded and kept, and returns when it is on disk: only then tell the device so. `wire` is what
        came over the wire for it, where that is something else. ConnectionError where it could not be kept."""
        self._allowed(len(payload))
        return await self._line.take(bytes(payload), None if wire is None else bytes(wire))

    def refuse(self, reason: str, seen: bytes = b"") -> None:
        """Keeps a refused row with these bytes, for what is no request."""
        self._line.refuse(str(reason), bytes(seen))

    def close(self) -> None:
        """Ends the connection once what was written is sent; reading raises from now on."""
        self._line.close()

    async def _more(self) -> None:
        if self._line.ended:
            raise EOFError("the device sends no more")
        await self._line.more()

    def _allowed(self, count: int) -> None:
        if count > self._line.most:
            raise ValueError(f"{count} bytes; {self._line.most} are allowed")

    def _cut(self, count: int) -> bytes:
        buffer = self._line.buffer
        data = bytes(buffer[:count])
        del buffer[:count]
        return data
