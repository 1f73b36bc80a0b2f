"""The last registration of a device that names a specification: in the index, and in what is not indexed yet.

Read by workers, beside the engine: a registration that was acknowledged a moment ago stands at the end of its segment
before the index has it. So what the index does not know is looked for there, in the rows that it has not taken.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.errors import TidegateError
from core.journal.decodes import FOLDER
from core.journal.indexed import connect, open_index
from core.journal.taken import decode_keys

ROWS_BEHIND: Final = 5000
"""Rows at the end of a segment that are looked through; more are only behind while an index is built again."""

RETRY_SECONDS: Final = 0.05
_STEPS: Final = 1000
"""SQLite's instructions between two looks at the clock."""

_MARK: Final = b'"Registration"'

_LAST: Final = """
SELECT e.request, e.n, e.specification
FROM events e INDEXED BY events_by_specification
JOIN requests r ON r.id = e.request JOIN segments s ON s.id = r.segment
WHERE e.device = ? AND e.specification IS NOT NULL AND s.tenant = ?
ORDER BY e.request DESC, e.n DESC LIMIT 1
"""


class Registration(msgspec.Struct, frozen=True):
    """That a device registered: where it says so, and as what."""

    place: tuple[bytes, int]
    """The request's id and the event's place in it: later ones are greater."""
    specification: str


def registrations_in(request: bytes, events: bytes | None) -> Iterator[tuple[str, Registration]]:
    """The registrations among a request's events that name a specification, each with its device."""
    if not events or _MARK not in events:
        return
    with contextlib.suppress(msgspec.MsgspecError):
        for place, key in enumerate(decode_keys(events)):
            if key.event_type == "Registration" and key.specification_token:
                yield key.hardware_id, Registration((request, place), key.specification_token)


class RegistrationReader:
    """Looks for one tenant's devices; `segments` is the tenant's folder of the journal. For one thread at a time."""

    def __init__(self, index_file: Path, segments: Path, tenant: str) -> None:
        self._index_file = index_file
        self._segments = segments
        self._tenant = tenant
        self._index: sqlite3.Connection | None = None
        self._inode = 0

    def last(self, devices: Sequence[str], seconds: float) -> dict[str, Registration]:
        """The last registration of each of these devices, as far as there is one. TidegateError where the journal
        cannot be looked into within that time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found, taken = self._indexed(devices, deadline)
                break
            except (sqlite3.Error, OSError) as error:  # the index is set aside and built again, or the disk is slow
                self._leave_index()
                if time.monotonic() + RETRY_SECONDS > deadline:
                    raise TidegateError(f"the index cannot be read: {error}") from error
                time.sleep(RETRY_SECONDS)
        missing = {device for device in devices if device not in found}
        if missing:
            found.update(self._behind(missing, taken, deadline))
        return found

    # The index.

    def _indexed(
        self, devices: Sequence[str], deadline: float
    ) -> tuple[dict[str, Registration], dict[tuple[str, str], int | None]]:
        """What the index knows, and at the same moment the last row that it has of each segment (None: all)."""
        index = self._opened()
        if index is None:
            return {}, {}
        found: dict[str, Registration] = {}
        index.execute("BEGIN")
        try:
            with _until(index, deadline):
                for device in devices:
                    for request, place, token in index.execute(_LAST, (device, self._tenant)):
                        found[device] = Registration((request, place), token)
                rows = index.execute(
                    "SELECT source, name, taken, finished FROM segments WHERE tenant = ?", (self._tenant,)
                )
                return found, {(source, name): None if done else taken for source, name, taken, done in rows}
        finally:
            index.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection | None:
        """The index as it is now, which another file may have taken the place of; None where there is none."""
        try:
            inode = os.stat(self._index_file).st_ino
        except FileNotFoundError:
            return None
        if self._index is None or inode != self._inode:
            self._leave_index()
            self._index, self._inode = open_index(self._index_file), inode
        return self._index

    def _leave_index(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    # What it has not taken.

    def _behind(
        self, devices: set[str], taken: dict[tuple[str, str], int | None], deadline: float
    ) -> dict[str, Registration]:
        found: dict[str, Registration] = {}
        for file in self._files():
            last = taken.get(_named(file), 0)
            if last is None or not _is_made(file):
                continue
            for device, registration in _at_the_end(file, last, deadline):
                if device in devices and (device not in found or found[device].place < registration.place):
                    found[device] = registration
        return found

    def _files(self) -> list[Path]:
        """The tenant's segments, the newest first."""
        try:
            files = [*self._segments.glob("*/*.db"), *self._segments.glob(f"*/{FOLDER}/*.db")]
        except OSError:
            return []
        return sorted(files, key=lambda file: file.name, reverse=True)


def _named(file: Path) -> tuple[str, str]:
    """The source and the name under which the index knows a segment, or a decode segment."""
    folder = file.parent
    return (folder.parent.name, f"{FOLDER}/{file.stem}") if folder.name == FOLDER else (folder.name, file.stem)


def _is_made(file: Path) -> bool:
    """Whether its writer has begun it: before that a reader could hinder it."""
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def _at_the_end(file: Path, taken: int, deadline: float) -> list[tuple[str, Registration]]:
    """The registrations in a segment's rows after `taken`. Of one that has gone, or is being made, there are none."""
    if time.monotonic() > deadline:
        raise TidegateError("what was received last could not be looked through in time")
    found: list[tuple[str, Registration]] = []
    try:
        with contextlib.closing(connect(file, read_only=True)) as connection, _until(connection, deadline):
            table, id = ("decodes", "request") if file.parent.name == FOLDER else ("requests", "id")
            (last,) = connection.execute(f"SELECT max(seq) FROM {table}").fetchone()
            if last is None or last <= taken:
                return found
            query = f"SELECT {id}, events FROM {table} WHERE seq > ? AND events IS NOT NULL AND instr(events, ?) > 0"
            for request, events in connection.execute(query, (max(taken, last - ROWS_BEHIND), _MARK)):
                found += registrations_in(request, events)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise TidegateError("what was received last could not be looked through in time") from error
    return found


@contextlib.contextmanager
def _until(connection: sqlite3.Connection, deadline: float) -> Generator[None]:
    """Ends what is executed meanwhile at the deadline, with sqlite3.OperationalError."""
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, _STEPS)
