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

_LAYOUT = struct.Struct("<BxxxIdd16sqIIHH")
"""decoding (1) or not (0), pid, monotonic start, timeout in seconds, id, received, then the lengths of payload, head,
remote and method with target; those follow, in that order."""
_ROOM = 4096 + 64
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
        os.ftruncate(self._file, _LAYOUT.size + largest + _ROOM)
        self._map = mmap.mmap(self._file, 0)
        self._pid = os.getpid()
        self._map[0] = 0

    def hold(self, id: bytes, received: int, timeout: float, payload: bytes, head: bytes, remote: str) -> None:
        """Notes the request whose decode begins now."""
        where = remote.encode()[:_ROOM]
        if len(payload) + len(head) > self._room:
            head = b""
        lengths = (len(payload), len(head), len(where), 0)
        memory = self._map
        _LAYOUT.pack_into(memory, 0, 0, self._pid, time.monotonic(), timeout, id, received, *lengths)
        start = _LAYOUT.size
        for part in (payload, head, where):
            memory[start : start + len(part)] = part
            start += len(part)
        memory[0] = 1

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
            self._map = mmap.mmap(descriptor, _LAYOUT.size, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)

    def overdue(self) -> tuple[float, float] | None:
        """(seconds it has run, its timeout) of the decode under way, if one is."""
        decoding, _, started, timeout, *_ = _LAYOUT.unpack_from(self._map, 0)
        return (time.monotonic() - started, timeout) if decoding else None

    def close(self) -> None:
        self._map.close()


def read_slot(path: Path) -> Held | None:
    """What the slot of a worker that has gone holds; None where it was not decoding."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(content) < _LAYOUT.size:
        return None
    decoding, pid, started, timeout, id, received, *lengths = _LAYOUT.unpack_from(content, 0)
    if not decoding:
        return None
    parts: list[bytes] = []
    start = _LAYOUT.size
    for length in lengths[:3]:
        parts.append(content[start : start + length])
        start += length
    payload, head, remote = parts
    return Held(pid, started, timeout, id, received, payload, head, remote.decode())


def owner_of(path: Path) -> int | None:
    """The process id of a worker that still lives and holds this slot; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _LAYOUT.unpack(os.pread(descriptor, _LAYOUT.size, 0))[1]
    else:
        return None
    finally:
        os.close(descriptor)
