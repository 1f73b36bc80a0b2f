"""The slot: a memory-mapped file in which a worker keeps the request it is decoding.

It outlives the worker, so that a request whose decode killed its worker can be recorded by the successor, and it lets
the engine see how long a decode has been running without asking the worker. A worker holds a lock on its slot's
file as long as it lives.
"""

import fcntl
import mmap
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path

_LAYOUT = struct.Struct("<Idd16sqIIH")
"""pid, monotonic start, timeout in seconds, id, received, then the lengths of payload, head and remote, which follow in
that order. It all stands behind the first byte, which is 1 while the request is being decoded and else 0."""
_PACK = _LAYOUT.pack_into
_START = 1 + _LAYOUT.size
_ROOM = 4096
"""Room beside head and payload for the remote address."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a slot holds: the request that was being decoded."""

    pid: int
    started: float
    timeout: float
    id: bytes
    received: int
    payload: bytes
    head: bytes
    remote: str


class Slot:
    """A worker's own slot, `largest` bytes of request at the most."""

    def __init__(self, path: Path, largest: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._room = largest
        os.posix_fallocate(self._file, 0, _START + largest + _ROOM)  # a hole that a full disk cannot fill is a SIGBUS
        self._map = mmap.mmap(self._file, 0)
        self._pid = os.getpid()
        self._map[0] = 0
        self._map[1:_START] = _LAYOUT.pack(self._pid, 0.0, 0.0, b"", 0, 0, 0, 0)

    def hold(
        self, id: bytes, received: int, started: float, timeout: float, payload: bytes, head: bytes, remote: str
    ) -> None:
        """Notes the request whose decode began at `started`, of time.monotonic()."""
        held, size, where = self._map, len(payload), remote.encode()
        if size + len(head) > self._room:
            payload, head = payload[: self._room], b""
            size = len(payload)
        rest = payload + head + where
        _PACK(held, 1, self._pid, started, timeout, id, received, size, len(head), len(where))
        held[_START : _START + len(rest)] = rest
        held[0] = 1

    def release(self) -> None:
        """The decode has ended."""
        self._map[0] = 0

    def close(self) -> None:
        self._map.close()
        os.close(self._file)


class SlotView:
    """The engine's look at a worker's slot."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self._map = mmap.mmap(descriptor, _START, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)

    def overdue(self) -> tuple[float, float] | None:
        """(seconds it has run, its timeout) of the decode under way, if one is."""
        if not self._map[0]:
            return None
        _, started, timeout, *_ = _LAYOUT.unpack_from(self._map, 1)
        return time.monotonic() - started, timeout

    def close(self) -> None:
        self._map.close()


def read_slot(path: Path) -> Held | None:
    """What the slot of a worker that has gone holds; None where it was not decoding."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(content) < _START or not content[0]:
        return None
    pid, started, timeout, id, received, *lengths = _LAYOUT.unpack_from(content, 1)
    parts: list[bytes] = []
    start = _START
    for length in lengths:
        parts.append(content[start : start + length])
        start += length
    payload, head, remote = parts
    # After a power failure any of it but the first sector may be of another request.
    return Held(pid, started, timeout, id, received, payload, head, remote.decode("utf-8", "replace"))


def owner_of(path: Path) -> int | None:
    """The process id of a worker that still lives and holds this slot; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _LAYOUT.unpack(os.pread(descriptor, _LAYOUT.size, 1))[0]
    else:
        return None
    finally:
        os.close(descriptor)
