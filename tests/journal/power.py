"""What a disk may hold after the power failed: a segment with its write-ahead log, cut, torn or out of order.

SQLite's file formats: https://www.sqlite.org/fileformat2.html#walformat
"""

import contextlib
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.taken import TakenRow

HEADER = 32
FRAME_HEADER = 24
SECTOR = 512
"""What a disk writes whole or not at all."""


@dataclass(frozen=True)
class Log:
    """The bytes of a write-ahead log, and where its frames and commits end."""

    data: bytes

    @property
    def page(self) -> int:
        return int.from_bytes(self.data[8:12], "big")

    @property
    def salts(self) -> bytes:
        """Others whenever the log begins anew; a frame with others is an old one."""
        return self.data[16:24]

    def frames(self) -> list[tuple[int, int, bool]]:
        """Start, end and whether it ends a commit, of each frame of this log's life."""
        found: list[tuple[int, int, bool]] = []
        size = FRAME_HEADER + self.page
        for start in range(HEADER, len(self.data) - size + 1, size):
            header = self.data[start : start + FRAME_HEADER]
            if header[8:16] != self.salts:
                break
            found.append((start, start + size, header[4:8] != bytes(4)))
        return found

    def commits(self) -> list[int]:
        """Where each commit ends."""
        return [end for _, end, ends in self.frames() if ends]


class Disk:
    """A place for one segment as a disk may hold it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.journal = folder / "journal"
        self.file = self.journal / "default" / "lora" / name
        self.file.parent.mkdir(parents=True)
        self._index = folder / "index.db"

    def hold(self, file: bytes, log: bytes) -> None:
        """From now on it holds this."""
        for ending in ("-shm", "-journal"):
            self.file.with_name(self.file.name + ending).unlink(missing_ok=True)
        self.file.write_bytes(file)
        self.file.with_name(self.file.name + "-wal").write_bytes(log)

    def rows(self) -> list[bytes]:
        """The payloads that SQLite finds in it, in order; none where there are no tables yet."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests'").fetchone():
                return []
            found = connection.execute("SELECT seq, payload FROM requests ORDER BY seq").fetchall()
        assert [seq for seq, _ in found] == list(range(1, len(found) + 1))
        return [payload for _, payload in found]

    def followed(self) -> list[bytes]:
        """The payloads that a follower finds in it, until nobody waits for more."""
        for ending in ("", "-wal", "-shm"):
            self._index.with_name(self._index.name + ending).unlink(missing_ok=True)
        taken: list[TakenRow] = []
        follower = Follower(self.journal, self._index, Audience(taken.extend, since=0))
        try:
            while follower.take():
                pass
            assert follower.faults.errors == {}
            assert follower.behind() == 0
        finally:
            follower.close()
        return [row.payload for row in taken]

    def sound(self) -> bool:
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def copy_to(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for file in (self.file, self.file.with_name(self.file.name + "-wal")):
            shutil.copy(file, folder / file.name)
