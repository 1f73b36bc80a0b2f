"""Makes a backup, of a home whose engine may run. It reads the home's files and asks the engine for nothing."""

import io
import os
import shutil
import socket
import sqlite3
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import msgspec

from core import VERSION
from core.backup.contents import ConfigFile, Configured, journal_files, read_configuration
from core.backup.format import FORMAT, HEADER, MANIFEST, Entry, Header, Manifest
from core.backup.made import Backup
from core.backup.segments import copy_rows, count_rows, is_folded, is_sound
from core.backup.streams import Hashed, Packed, Room, Sink
from core.config.home import Home
from core.errors import TidegateError
from core.journal.sqlite_files import WITH_ROWS, beside
from core.model.dates import now_text

Progress = Callable[[int, int], None]
"""Called with the bytes of the home that are done, and about how many there are."""


def write_backup(
    home: Home, out: IO[bytes], parts: Path, *, with_secrets: bool, progress: Progress = lambda done, of: None
) -> Backup:
    """Writes a backup to `out`, a new file; `parts` is a folder for copies of segments, empty again afterwards.

    All that was committed before the call is in it. TidegateError or OSError says why there is none.
    """
    configured = read_configuration(home, with_secrets=with_secrets)
    segments = journal_files(home)
    sizes = {path: _size(file) for path, file in segments.items()}
    total = sum(file.size for file in configured.files) + sum(sizes.values())
    room = Room(home, parts)
    room.look()
    sink = Sink(out, room)
    header = Header(
        format=FORMAT,
        version=VERSION,
        created=now_text(),
        host=socket.gethostname(),
        home=str(home.root),
        secrets=with_secrets,
        bytes=total,
    )
    packed = Packed(sink)
    stream = cast("IO[bytes]", packed)  # of which tarfile needs `write` alone
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        writing = _Writing(archive, parts, total, progress)
        writing.add_own(HEADER, msgspec.json.encode(header))
        for file in configured.files:
            writing.add_config(file)
        for path, file in segments.items():
            writing.add_segment(path, file, sizes[path])
            room.look()
        writing.add_own(MANIFEST, msgspec.json.encode(writing.manifest(configured)))
    packed.end()
    return writing.result(home, sink.written, configured, with_secrets)


class _Writing:
    """The members, one after the other."""

    def __init__(self, archive: tarfile.TarFile, parts: Path, total: int, progress: Progress) -> None:
        self._archive = archive
        self._parts = parts
        self._total = total
        self._progress = progress
        self._done = 0
        self._entries: list[Entry] = []
        self._damaged: list[str] = []
        self._segments = 0
        self._requests = 0
        self._gone = 0

    def add_own(self, name: str, content: bytes) -> None:
        """A member that is no file of the home."""
        self._archive.addfile(_member(name, len(content), 0o600), io.BytesIO(content))

    def add_config(self, file: ConfigFile) -> None:
        if file.content is not None:
            self._add(file.path, io.BytesIO(file.content), len(file.content), file.mode)
        else:
            try:
                with file.file.open("rb") as opened:
                    self._add(file.path, opened, os.fstat(opened.fileno()).st_size, file.mode)
            except FileNotFoundError:
                return
        self._tell(file.size)

    def add_segment(self, path: str, file: Path, size: int) -> None:
        """The segment as it is now: its bytes where it changes no more, else a copy of its rows."""
        try:
            self._add_segment(path, file)
        except FileNotFoundError:
            self._gone += 1
        else:
            self._segments += 1
        self._tell(size)

    def _add_segment(self, path: str, file: Path) -> None:
        if is_folded(file) and is_sound(file):
            self._add_file(path, file, count_rows(file))
            return
        copy = self._parts / "copy.db"
        try:
            rows = copy_rows(file, copy)
            if rows is not None:
                self._add_file(path, copy, rows)
        except sqlite3.Error as error:
            if not file.exists():
                raise FileNotFoundError(file) from error
            self._add_damaged(path, file)
        finally:
            copy.unlink(missing_ok=True)

    def _add_damaged(self, path: str, file: Path) -> None:
        """As it is, byte by byte, for somebody may be able to read more of it."""
        self._damaged.append(path)
        copy = self._parts / "damaged"
        for ending in WITH_ROWS:
            (read,) = beside(file, (ending,))
            if ending and not read.exists():
                continue
            try:
                shutil.copyfile(read, copy)
                copy.chmod(0o640)
                self._add_file(path + ending, copy, None)
            finally:
                copy.unlink(missing_ok=True)

    def _add_file(self, path: str, file: Path, rows: int | None) -> None:
        with file.open("rb") as opened:
            facts = os.fstat(opened.fileno())
            self._add(path, opened, facts.st_size, facts.st_mode & 0o777, rows)

    def _add(self, path: str, content: IO[bytes], size: int, mode: int, rows: int | None = None) -> None:
        hashed = Hashed(content)
        try:
            self._archive.addfile(_member(path, size, mode), cast("IO[bytes]", hashed))
        except OSError as error:
            if error.errno is None:  # tarfile's own: it came to the end too early
                raise TidegateError(f"{path} became shorter while it was read: try again") from error
            raise
        self._entries.append(Entry(path=path, size=size, sha256=hashed.digest(), rows=rows))
        self._requests += rows or 0 if "/replays/" not in path else 0

    def _tell(self, size: int) -> None:
        self._done += size
        self._progress(self._done, self._total)

    def manifest(self, configured: Configured) -> Manifest:
        return Manifest(
            entries=self._entries,
            missing_secrets=configured.missing_secrets,
            variables=configured.variables,
            damaged=self._damaged,
        )

    def result(self, home: Home, written: int, configured: Configured, with_secrets: bool) -> Backup:
        return Backup(
            file="",
            home=str(home.root),
            bytes=written,
            tenants=len([each for each in configured.files if _is_tenant(each.path)]),
            segments=self._segments,
            requests=self._requests,
            secrets=with_secrets,
            missing_secrets=configured.missing_secrets,
            variables=configured.variables,
            damaged=self._damaged,
            gone=self._gone,
        )


def _is_tenant(path: str) -> bool:
    return path.endswith("/tenant.toml") and path.count("/") == 2


def _member(path: str, size: int, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size, member.mode, member.mtime = size, mode, int(time.time())
    return member


def _size(file: Path) -> int:
    return sum(each.stat().st_size for each in beside(file, WITH_ROWS) if each.exists())
