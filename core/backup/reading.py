"""Reads a backup: verifies it whole, and makes a home of it. Whoever made the file, nothing is written outside."""

import contextlib
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
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
from core.config.files import make_folder, sync_folder
from core.config.home import Home, HomeLock
from core.errors import TidegateError
from core.model.text import bytes_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST_ROOM: Final = 16 << 20
"""Bytes that stay free on the disk of the home."""
_PIECE: Final = 1 << 20
_AROUND: Final = 64 << 10
"""Bytes that may stand before a member's content: its own head, its long name, and the rest of the content before."""
_HELD: Final = 1 << 20
"""Bytes that tarfile may read ahead."""
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
    _must_be_free(home)
    with _opened(file) as opened, _building(home) as building:
        verified = _read(opened, file, building, progress)
        Home(building).create()
        _sync_all(building)
        _must_be_free(home, building)
        _show(building, home)
    return verified


def _must_be_free(home: Path, building: Path | None = None) -> None:
    if not home.exists() and not home.is_symlink():
        return
    if not home.is_dir():
        raise TidegateError(f"{home} is no folder: a backup is restored into one that is empty, or not there")
    left = [entry for entry in home.iterdir() if entry.name != "lost+found" and entry != building]
    if not left:
        return
    if (holder := HomeLock(Home(home)).holder()) is not None:
        raise TidegateError(f"{home} is in use by process {holder}: restore into another folder")
    if all(entry.name.startswith(_BUILDING) for entry in left):
        raise TidegateError(f"{left[0]} is what a restore that was interrupted left: delete it first")
    raise TidegateError(f"{home} is not empty: a backup is restored into a folder that is, or is not there")


_BUILDING: Final = ".restoring-"


@contextlib.contextmanager
def _building(home: Path) -> Generator[Path]:
    """A folder on the same disk: inside `home` where that is there, since it may be all that this user may write to."""
    try:
        if home.is_dir():
            folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=home))
        else:
            make_folder(home.parent)
            folder = Path(tempfile.mkdtemp(prefix=f".{home.name}{_BUILDING}", dir=home.parent))
    except OSError as error:
        raise TidegateError(f"cannot make a home in {home}: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(building: Path, home: Path) -> None:
    """The configuration comes last: it is what makes a folder a home."""
    if not home.is_dir():
        building.chmod(0o750)
        os.rename(building, home)
        sync_folder(home.parent)
        return
    for name in ("data", "scripts", "instance.toml", "tenants"):
        if (building / name).exists():
            os.rename(building / name, home / name)
    sync_folder(home)


def _sync_all(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        sync_folder(Path(place))


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
    except (tarfile.TarError, zstd.ZstdError, EOFError, ValueError, OverflowError) as error:
        raise BadBackup(f"{file} is damaged or cut off: {error}") from error  # the last two: numbers in tar's heads


class _Reading:
    """One pass over a backup. `home` None only verifies."""

    def __init__(self, opened: IO[bytes], file: Path, home: Path | None, progress: Progress) -> None:
        self._file = file
        self._home = home
        self._progress = progress
        self._unpacked = _Unpacked(opened)
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
        self._unpacked.allow(_AROUND + _HELD)
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
        self._unpacked.allow(member.size + _HELD)
        digest = hashlib.sha256()
        content = archive.extractfile(member)
        assert content is not None  # it is a plain file
        with self._made(path, member.mode) as written:
            while piece := content.read(_PIECE):
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
        self._unpacked.allow(member.size + _HELD)
        content = archive.extractfile(member)
        assert content is not None  # it is a plain file
        return content.read()

    def _decoded(self, content: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.MsgspecError as error:
            raise BadBackup(f"{self._file} is no backup that this Tidegate reads: {error}") from error


class _Unpacked:
    """What was compressed, and no more of it than was allowed: a few bytes may unpack to very many."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = zstd.ZstdFile(file, "rb")
        self._allowed = _HELD

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
        while rest := self._file.read(_PIECE):
            if rest.strip(b"\0"):
                raise tarfile.ReadError("something stands behind its end")
