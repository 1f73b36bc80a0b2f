"""Reads a backup: verifies it whole, and makes a home of it. Whoever made the file, nothing is written outside."""

import contextlib
import hashlib
import os
import tarfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Final, TypeVar, cast

import msgspec

from core.backup.format import (
    FORMAT,
    HEADER,
    MAGIC,
    MANIFEST,
    MOST_HEADER,
    MOST_MANIFEST,
    BadBackup,
    Entry,
    Header,
    Manifest,
    path_problem,
)
from core.backup.placing import building, must_be_free, show, sync_all
from core.backup.streams import AHEAD, LEAST_ROOM, PIECE, Unpacked, UnpackingFailed
from core.config.files import make_folder
from core.config.home import Home
from core.errors import TidegateError
from core.model.text import bytes_text

_AROUND: Final = 64 << 10
"""Bytes that may stand before a member's content: its own head, its long name, and the rest of the content before."""
_LOOK_EVERY: Final = 64 << 20
"""Bytes written between two looks at how much room is left."""

Progress = Callable[[int, int], None]
T = TypeVar("T")


class Verified(msgspec.Struct, kw_only=True):
    """A backup that is whole."""

    header: Header
    manifest: Manifest

    @property
    def requests(self) -> int:
        return sum(entry.rows or 0 for entry in self.manifest.entries if "/replays/" not in entry.path)

    @property
    def segments(self) -> int:
        return len([entry for entry in self.manifest.entries if entry.path.endswith(".db")])

    @property
    def tenants(self) -> list[str]:
        """The tenants that have a configuration."""
        parts = (entry.path.split("/") for entry in self.manifest.entries if entry.path.endswith("/tenant.toml"))
        return sorted(part[1] for part in parts if len(part) == 3 and part[0] == "tenants")


def verify(file: Path, progress: Progress = lambda done, of: None) -> Verified:
    """Reads all of a backup and compares every checksum; BadBackup says what is wrong."""
    with _opened(file) as opened:
        return _read(opened, file, None, progress)


def restore(file: Path, home: Path, progress: Progress = lambda done, of: None) -> Verified:
    """Makes `home` what the backup holds. It must be an empty folder, or not be there: it is made beside and gets its
    name, or its content, when everything has been verified and is on disk."""
    must_be_free(home)
    with _opened(file) as opened, building(home) as made:
        verified = _read(opened, file, made, progress)
        Home(made).create()
        sync_all(made)
        must_be_free(home, made)
        show(made, home)
    return verified


@contextlib.contextmanager
def _opened(file: Path) -> Generator[IO[bytes]]:
    try:
        opened = file.open("rb")
    except OSError as error:
        raise TidegateError(f"cannot read {file}: {error.strerror}") from error
    with opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise BadBackup(f"{file} is no backup of Tidegate")
        opened.seek(0)
        yield opened


def _read(opened: IO[bytes], file: Path, home: Path | None, progress: Progress) -> Verified:
    reading = _Reading(opened, file, home, progress)
    try:
        return reading.read()
    except (tarfile.TarError, UnpackingFailed, EOFError, ValueError, OverflowError) as error:
        raise BadBackup(f"{file} is damaged or cut off: {error}") from error  # the last two: numbers in tar's heads


class _Reading:
    """One pass over a backup. `home` None only verifies."""

    def __init__(self, opened: IO[bytes], file: Path, home: Path | None, progress: Progress) -> None:
        self._file = file
        self._home = home
        self._progress = progress
        self._unpacked = Unpacked(opened)
        self._found: dict[str, Entry] = {}
        self._done = 0
        self._room_at = 0

    def read(self) -> Verified:
        stream = cast("IO[bytes]", self._unpacked)  # of which tarfile needs `read` alone
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            header = self._header(archive)
            self._look_at_room(header.bytes)
            while (member := self._next(archive)) is not None and member.name != MANIFEST:
                self._take(archive, member)
                self._progress(self._done, header.bytes)
            if member is None:
                raise BadBackup(f"{self._file} is cut off: its list of files is missing")
            manifest = self._decode(archive, member, MOST_MANIFEST, Manifest)
            if self._next(archive) is not None:
                raise BadBackup(f"{self._file} has something behind its list of files")
        self._unpacked.to_the_end()
        self._compare(manifest)
        return Verified(header=header, manifest=manifest)

    def _next(self, archive: tarfile.TarFile) -> tarfile.TarInfo | None:
        self._unpacked.allow(_AROUND + AHEAD)
        return archive.next()

    def _header(self, archive: tarfile.TarFile) -> Header:
        first = self._next(archive)
        if first is None or first.name != HEADER:
            raise BadBackup(f"{self._file} is no backup of Tidegate")
        content = self._content(archive, first, MOST_HEADER)
        try:
            format = msgspec.json.decode(content, type=dict[str, object]).get("format")
        except msgspec.MsgspecError:
            format = None
        if isinstance(format, int) and format > FORMAT:
            raise BadBackup(
                f"{self._file} is of format {format}, of a newer Tidegate; this one reads formats up to {FORMAT}"
            )
        return self._decoded(content, Header)

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """One file of the home."""
        path = member.name
        if member.type != tarfile.REGTYPE or member.issparse():
            kind = "a link" if member.issym() or member.islnk() else "no plain file"
            raise BadBackup(f"{self._file}: {path!r} is {kind}, and a backup holds plain files alone")
        if problem := path_problem(path):
            raise BadBackup(f"{self._file}: {path!r} {problem}")
        if path in self._found:
            raise BadBackup(f"{self._file} has {path!r} twice")
        self._unpacked.allow(member.size + AHEAD)
        digest = hashlib.sha256()
        content = archive.extractfile(member)
        assert content is not None  # it is a plain file
        with self._made(path, member.mode) as written:
            while piece := content.read(PIECE):
                digest.update(piece)
                self._done += len(piece)
                if written is not None:
                    written.write(piece)
                    self._look_now_and_then()
        self._found[path] = Entry(path=path, size=member.size, sha256=digest.hexdigest())

    @contextlib.contextmanager
    def _made(self, path: str, mode: int) -> Generator[IO[bytes] | None]:
        if self._home is None:
            yield None
            return
        file = self._home / path
        secret = not mode & 0o077
        for folder in reversed(file.relative_to(self._home).parents[:-1]):
            make_folder(self._home / folder, 0o700 if secret and folder.name == "secrets" else 0o750)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as written:
            os.fchmod(handle, (mode & 0o750) | 0o600)
            yield written
            written.flush()
            os.fsync(handle)

    def _look_now_and_then(self) -> None:
        if self._done >= self._room_at:
            self._room_at = self._done + _LOOK_EVERY
            self._look_at_room(_LOOK_EVERY)

    def _look_at_room(self, wanted: int) -> None:
        if self._home is None:
            return
        disk = os.statvfs(self._home)
        free = disk.f_bavail * disk.f_frsize
        if free < wanted + LEAST_ROOM:
            raise TidegateError(
                f"{bytes_text(free)} are free in {self._home.parent}, and {bytes_text(wanted)} at least are needed"
            )

    def _compare(self, manifest: Manifest) -> None:
        listed = {entry.path: entry for entry in manifest.entries}
        for path, entry in listed.items():
            found = self._found.get(path)
            if found is None:
                raise BadBackup(f"{self._file} lacks {path!r}, which its list of files has")
            if (found.size, found.sha256) != (entry.size, entry.sha256):
                raise BadBackup(f"{self._file} is damaged: the checksum of {path!r} is another than its list says")
        if more := sorted(self._found.keys() - listed.keys()):
            raise BadBackup(f"{self._file} holds {more[0]!r}, which its list of files lacks")

    def _decode(self, archive: tarfile.TarFile, member: tarfile.TarInfo, most: int, kind: type[T]) -> T:
        return self._decoded(self._content(archive, member, most), kind)

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo, most: int) -> bytes:
        if member.type != tarfile.REGTYPE or member.size > most:
            raise BadBackup(f"{self._file}: {member.name} is none of a backup")
        self._unpacked.allow(member.size + AHEAD)
        content = archive.extractfile(member)
        assert content is not None  # it is a plain file
        return content.read()

    def _decoded(self, content: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise BadBackup(f"{self._file} is no backup that this Tidegate reads: {error}") from error
