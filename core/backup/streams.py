"""The bytes of a backup on their way: hashed, compressed, brought to disk as they come; and out of it again."""

import hashlib
import os
import sys
import tarfile
from pathlib import Path
from typing import IO, Final

from core.config.home import Home
from core.config.instance import read_instance
from core.errors import TidegateError
from core.model.text import bytes_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

UnpackingFailed = zstd.ZstdError

LEVEL: Final = 3
SYNC_EVERY: Final = 8 << 20
"""Bytes that may wait for the disk: more would have a worker's next commit wait for them too."""
LEAST_ROOM: Final = 16 << 20
"""Bytes that stay free on a disk that is not the journal's; on that one it is `free_disk`."""
PIECE: Final = 1 << 20
AHEAD: Final = 1 << 20
"""Bytes that may be read beside what is asked for."""


class Hashed:
    """Reads through to a file, and hashes what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._hash.update(content)
        return content

    def digest(self) -> str:
        return self._hash.hexdigest()


class Room:
    """The room that must stay on the disk of the backup."""

    def __init__(self, home: Home, folder: Path) -> None:
        self._folder = folder
        self._least = LEAST_ROOM
        try:
            shared = home.journal.stat().st_dev == folder.stat().st_dev
        except FileNotFoundError:
            shared = False
        if shared:
            self._least = int(read_instance(home)[0].journal.free_disk)
        self._shared = shared

    def look(self) -> None:
        """TidegateError where there is too little left."""
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        if free >= self._least:
            return
        said = f"{bytes_text(free)} are free in {self._folder.parent}"
        if self._shared:
            said += f", the journal's disk: below {bytes_text(self._least)} (free_disk) sources take no more requests"
        else:
            said += f": {bytes_text(self._least)} at least are needed"
        raise TidegateError(f"{said}; write the backup to another disk")


class Packed:
    """Compresses what is written to it."""

    def __init__(self, sink: "Sink") -> None:
        self._sink = sink
        self._compressor = zstd.ZstdCompressor(
            options={zstd.CompressionParameter.compression_level: LEVEL, zstd.CompressionParameter.checksum_flag: 1}
        )

    def write(self, data: bytes) -> int:
        if packed := self._compressor.compress(data):
            self._sink.write(packed)
        return len(data)

    def end(self) -> None:
        """Nothing further comes: all is on disk when it returns."""
        self._sink.write(self._compressor.flush())
        self._sink.sync()


class Sink:
    """The file, which is brought to disk as it grows."""

    def __init__(self, file: IO[bytes], room: Room) -> None:
        self._file = file
        self._room = room
        self._waiting = 0
        self.written = 0

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self.written += len(data)
        self._waiting += len(data)
        if self._waiting >= SYNC_EVERY:
            self.sync()
            self._room.look()
        return len(data)

    def sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self._waiting = 0


class Unpacked:
    """What was compressed, and no more of it than was allowed: a few bytes may unpack to very many."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = zstd.ZstdFile(file, "rb")
        self._allowed = AHEAD

    def allow(self, size: int) -> None:
        self._allowed = size

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._allowed -= len(content)
        if self._allowed < 0:
            raise tarfile.ReadError("a head of a member is too long")
        return content

    def to_the_end(self) -> None:
        """So that the checksum at the end of it is looked at."""
        while rest := self._file.read(PIECE):
            if rest.strip(b"\0"):
                raise tarfile.ReadError("something stands behind its end")
