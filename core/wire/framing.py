"""Framing: where one message of a connection ends and the next begins.

A framing looks at the bytes that are here and says what the first of them are: a frame, junk to be passed over, or not
enough yet. `Splitter` keeps the bytes between looks and holds every framing to one limit, so that what comes out does
not depend on how the bytes were cut on their way.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, Protocol, runtime_checkable

import msgspec

Oversize = Literal["close", "drop"]
FOREVER: Final = 1 << 62


class BadFrame(Exception):
    """Bytes that are no frame; the connection cannot be read on. The message is the reason as the operator reads it."""


class Step(msgspec.Struct):
    """What the first bytes are."""

    take: int
    """How many they are; at least one."""
    frame: bytes | None
    """The frame, as the decoder is given it; None where these bytes are passed over."""
    said: str = ""
    """Why they are passed over, where an operator should know it."""


class Framing(Protocol):
    """The framing of one connection; it may remember what came before."""

    resyncs: bool
    """It finds the beginning of a frame in the middle of bytes, so that a frame that is too long can be dropped."""

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        """What the first bytes of `data` are; None where that cannot be told yet. `seen` of them were looked at the
        last time, without result; `most` is how long a frame may be. BadFrame where they can be no frame."""
        ...

    def end(self, data: bytearray) -> bytes | None:
        """What is left when the device ends its side, or falls silent, as a frame; None where it is none."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A framing that looks at what scripts remember of its connection."""

    def remember(self, state: dict[str, Any], where: str) -> None:
        """Called once, before the first bytes: the connection's state, and its remote address."""
        ...


FramingMaker = Callable[[], Framing]
"""Makes the framing of one connection; what a component of role `framing` gives."""


class Found(msgspec.Struct):
    """A frame, or what was passed over, as it came."""

    wire: bytes
    frame: bytes | None
    said: str = ""


class Splitter:
    """The bytes of one connection, split into frames of at most `most` bytes.

    A longer one is a BadFrame; with `drop`, and where the framing can do it, it is passed over up to its end.
    """

    def __init__(self, framing: Framing, most: int, oversize: Oversize = "close") -> None:
        self._framing = framing
        self._most = most
        self._drops = oversize == "drop" and framing.resyncs
        self._data = bytearray()
        self._seen = 0
        self._dropped = 0

    @property
    def tail(self) -> bytes:
        """What is here of an unfinished frame."""
        return bytes(self._data)

    @property
    def held(self) -> int:
        """Bytes that are here of an unfinished frame."""
        return len(self._data)

    def feed(self, data: bytes) -> Iterator[Found]:
        """What the bytes complete. BadFrame where the connection cannot be read on; the tail is what could not be
        read."""
        here, most = self._data, self._most
        here += data
        limit = FOREVER if self._drops else most
        while here:
            step = self._framing.next(here, self._seen, limit)
            if step is None:
                self._wait()
                return
            take, frame, said = step.take, step.frame, step.said
            if frame is not None and self._dropped + take > most:
                if not self._drops:
                    raise BadFrame(f"a frame of {take} bytes; {most:d} are allowed")
                frame, said = None, f"a frame of {self._dropped + take} bytes was dropped"
            wire = bytes(here) if take == len(here) <= most else bytes(here[: min(take, most)])
            del here[:take]
            self._seen = self._dropped = 0
            yield Found(wire, frame, said)

    def _wait(self) -> None:
        self._seen = len(self._data)
        if len(self._data) <= self._most:
            return
        if not self._drops:
            raise BadFrame(f"more than {self._most:d} bytes and no end of a frame")
        gone = len(self._data) - self._most // 2  # enough stays for a delimiter that is half here
        del self._data[:gone]
        self._dropped += gone
        self._seen = 0

    def end(self) -> bytes | None:
        """The device ended its side, or fell silent: what is here as a frame, where the framing takes it for one."""
        if not self._data or self._dropped:
            return None
        frame = self._framing.end(self._data)
        if frame is not None:
            self._data.clear()
            self._seen = 0
        return frame


def junk_before(start: bytes, data: bytearray) -> Step | None:
    """The bytes before the next start of a frame, as far as they can be no part of one; None where there are none."""
    place = data.find(start)
    if place < 0:
        half = next((size for size in range(len(start) - 1, 0, -1) if data.endswith(start[:size])), 0)
        place = len(data) - half
    return Step(place, None, f"{place} bytes before the start of a frame") if place else None


class Framed:
    """Base of framings whose frames end in the bytes alone."""

    resyncs = False

    def end(self, data: bytearray) -> bytes | None:
        """An unfinished tail is no frame."""
        return None
