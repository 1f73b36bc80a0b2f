"""Deletes what is older, or more, than an operator wants to keep: whole segments, and what the index says of them.

Failed requests may be kept longer. Those of a segment that goes are first written into a segment of failed requests
(core.journal.failed_segment), durably; the follower takes that; then the index is made to find them there; only then
the segment goes. Whatever ends this in between, the next sweep finds in the files and in the index what is left to do.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.catalogue.retention import Limits
from core.journal.due import due_segments
from core.journal.failed_segment import PART, Part, write_failed
from core.journal.forgetting import Rest, forget, no_rest, rehome
from core.journal.indexed import IndexedSegment, connect, is_failed_name
from core.journal.merging import first_of, mergeable
from core.journal.rows import FAILED
from core.journal.sqlite_files import OF_SEGMENT, remove
from core.journal.volume import Measured, Volume

LET_GO: Final = 1.0
"""Seconds between that the index finds requests elsewhere and that their old segment goes: a query that began before
has read them by then."""


class Swept(msgspec.Struct):
    """What a sweep did. `kept` is what the journal's segments still take up, in bytes."""

    segments: int = 0
    bytes: int = 0
    kept: int = 0
    failed: int = 0
    """Failed requests that were taken out of segments that go."""
    faults: list[str] = []
    """What could not be deleted, and why."""

    def add(self, size: int) -> None:
        """A segment of that size was deleted."""
        self.segments += 1
        self.bytes += size
        self.kept -= size


class Retained(msgspec.Struct, frozen=True):
    """What is to be kept: `all` holds over everything, a tenant's own limits over what is the tenant's."""

    all: Limits
    tenants: Mapping[str, Limits] = {}

    def of(self, tenant: str) -> Limits:
        """The limits that hold over a tenant's."""
        return self.tenants.get(tenant, self.all)


def sweep(
    journal: Path, index: Path, *, age: float | None, size: int | None, now: float, live: Collection[str] = ()
) -> Swept:
    """One sweep by itself with limits over everything, in seconds and bytes; None keeps for ever. See `Sweeper`."""
    with contextlib.closing(connect(index)) as connection:
        sweeper = Sweeper(Volume(journal))
        return sweeper.sweep(connection, sweeper.volume.measure(connection), Retained(Limits(age, size)), now, live)


class Sweeper:
    """Deletes segments of one journal. One sweep runs at a time.

    `passed` waits until the follower has made a pass; what it does not do then waits for the next sweep. `rest` is
    called between steps. `leaving` is told which files are deleted just now (`Follower.leaving`).
    """

    def __init__(
        self,
        volume: Volume,
        *,
        passed: Callable[[], object] = lambda: None,
        rest: Rest = no_rest,
        leaving: set[str] | None = None,
    ) -> None:
        self.volume = volume
        self._passed = passed
        self._rest = rest
        self._leaving: set[str] = set() if leaving is None else leaving
        self._clean = False

    def sweep(
        self,
        connection: sqlite3.Connection,
        segments: Sequence[Measured],
        retained: Retained,
        now: float,
        live: Collection[str] = (),
    ) -> Swept:
        """Deletes finished segments whose newest row is too old, then the oldest ones until the others take up no more
        than they may; decode segments with the requests in them. `segments` were measured just now, `now` is in seconds
        since the epoch.

        A segment that may still be written is never deleted: neither one whose name is in `live`
        (`<tenant>/<source>/<name>.db`), nor one that the follower has not found finished and taken whole. What is wrong
        with one segment keeps no other from going; OSError or sqlite3.Error where nothing can be done ends the sweep.
        """
        if not self._clean:
            self._clear_parts()
            self._clean = True
        going = due_segments(segments, retained.all, retained.tenants, now, live)
        run = _Run(connection, self.volume, segments, retained, now, self._rest, self._leaving)
        written = run.first(going)
        if written:
            self._passed()
        run.then(written)
        return run.swept

    def _clear_parts(self) -> None:
        """What a sweep that was killed had begun to write."""
        for part in self.volume.journal.glob(f"*/*/*.db{PART}"):
            part.unlink(missing_ok=True)


class _Run:
    def __init__(
        self,
        connection: sqlite3.Connection,
        volume: Volume,
        segments: Sequence[Measured],
        retained: Retained,
        now: float,
        rest: Rest,
        leaving: set[str],
    ) -> None:
        self._connection = connection
        self._volume = volume
        self._segments = {each.indexed.id: each for each in segments}
        self._retained = retained
        self._now = now
        self._rest = rest
        self._leaving = leaving
        self.swept = Swept(kept=sum(each.size for each in segments))

    def first(self, going: Sequence[Measured]) -> list[Measured]:
        """Deletes what holds nothing that is kept longer, then writes what does elsewhere; those of which all is."""
        ids = {each.indexed.id for each in going}
        written: list[Measured] = []
        to_write: dict[tuple[str, str, str | None], list[tuple[Measured, list[int]]]] = {}
        for segment in going:
            with self._faults_of(segment):
                moved = 0
                if segment.holds_received:
                    moved = rehome(self._connection, self._volume.journal, segment.indexed, self._rest)
                if seqs := self._kept_longer(segment):
                    of = segment.indexed
                    to_write.setdefault((of.tenant, of.source, of.deduplicator), []).append((segment, seqs))
                elif moved:
                    written.append(segment)
                else:
                    self._delete(segment)
            self._rest(0.0)
        for parts in to_write.values():
            with self._faults_of(parts[0][0]):
                written += self._write(parts, ids)
        return written

    def then(self, written: Sequence[Measured]) -> None:
        """Deletes what stands in segments of failed requests whole, as far as the follower has taken those."""
        leaving = {each.indexed.id: each for each in [*written, *self._superseded()]}
        able: list[Measured] = []
        for segment in leaving.values():
            with self._faults_of(segment):
                rehome(self._connection, self._volume.journal, segment.indexed, self._rest)
                if not (self._has_any(segment) if segment.indexed.holds_failed else self._kept_longer(segment)):
                    able.append(segment)
        if able:
            self._rest(LET_GO)
        for segment in able:
            with self._faults_of(segment):
                self._delete(segment)
        if self.swept.segments:
            self._delete_decodes()

    # What is kept longer

    def _kept_longer(self, segment: Measured) -> list[int]:
        """The rows of a segment that are kept longer than it: they have failed, as far as is known now."""
        age = self._retained.of(segment.indexed.tenant).failed_age
        if age is None or not segment.holds_received:
            return []
        found = self._connection.execute(
            "SELECT r.seq FROM segments s JOIN requests r ON r.id BETWEEN s.first AND s.last WHERE s.id = ?1"
            " AND r.segment = ?1 AND r.outcome = ?2 AND r.outcome > 0 AND r.received >= ?3 ORDER BY r.seq",
            (segment.indexed.id, FAILED, int((self._now - age) * 1000)),
        )
        return [seq for (seq,) in found]

    def _has_any(self, segment: Measured) -> bool:
        """Whether the index finds any request in a segment."""
        found = self._connection.execute(
            "SELECT 1 FROM segments s JOIN requests r ON r.id BETWEEN s.first AND s.last"
            " WHERE s.id = ?1 AND r.segment = ?1 LIMIT 1",
            (segment.indexed.id,),
        ).fetchone()
        return found is not None

    def _write(self, parts: list[tuple[Measured, list[int]]], going: Collection[int]) -> list[Measured]:
        """Writes the failed requests of segments of one source into a new segment of failed requests, with what stands
        in small ones of before; those of which it holds all that is kept."""
        of, folder = parts[0][0].indexed, parts[0][0].file.parent
        if self._is_awaited(folder):
            return []
        sizes = (self._retained.of(of.tenant).size, self._retained.all.size)
        some, room = first_of(parts, sizes)
        span = self._retained.of(of.tenant).failed_age or 0.0
        others = [each for each in self._segments.values() if each.indexed.id not in going]
        merged = mergeable(others, [segment for segment, _ in some], span, room)
        given = [Part(segment.file, seqs) for segment, seqs in some] + [Part(each.file) for each in merged]
        counts = write_failed(folder, of.tenant, of.source, given, deduplicator=of.deduplicator, rest=self._rest)
        self.swept.failed += sum(counts[: len(some)])
        for (segment, _), count in zip(some, counts, strict=False):
            if not count:  # nothing of it can be read any more
                self._delete(segment)
        return [*merged, *(segment for (segment, _), count in zip(some, counts, strict=False) if count)]

    def _is_awaited(self, folder: Path) -> bool:
        """Whether the follower has yet to take one that was written before, which may hold the same."""
        taken = {each.file.name for each in self._segments.values() if each.indexed.finished}
        return any(is_failed_name(file.stem) and file.name not in taken for file in folder.glob("*.db"))

    def _superseded(self) -> list[Measured]:
        """Segments of failed requests of which a newer one holds all: a sweep that was ended left them behind."""
        failed = {each.file: each for each in self._segments.values() if each.indexed.holds_failed}
        found: list[Measured] = []
        for newer in failed.values():
            with self._faults_of(newer):
                files = [newer.file.with_name(f"{name}.db") for name in self._volume.segments_in(newer)]
                found += [failed[file] for file in files if file in failed]
        return found

    # Deleting

    def _delete_decodes(self) -> None:
        for segment in list(self._segments.values()):
            if segment.indexed.holds_decodes and segment.indexed.finished:
                with self._faults_of(segment):
                    if not _is_of_use(self._connection, segment.indexed):
                        self._delete(segment)

    def _delete(self, segment: Measured) -> None:
        """The file first: dying in between leaves rows that lead nowhere, which the follower clears away, and no file
        that nobody knows of."""
        path = segment.indexed.path
        self._leaving.add(path)
        try:
            remove(segment.file, OF_SEGMENT)
            self._segments.pop(segment.indexed.id, None)
            self.swept.add(segment.size)
            forget(self._connection, self._volume.journal, segment.indexed, self._rest)
        except (OSError, sqlite3.Error):
            self._leaving.discard(path)  # the follower clears it away
            raise
        self._leaving.discard(path)

    @contextlib.contextmanager
    def _faults_of(self, segment: Measured) -> Generator[None]:
        """Keeps what is wrong with one segment from the others."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self.swept.faults.append(f"{segment.indexed.path}: {error}")


def _is_of_use(connection: sqlite3.Connection, decodes: IndexedSegment) -> bool:
    """A decode segment goes when none of the requests in it is kept any more: before that an older decode of one would
    be current again."""
    first, last = connection.execute("SELECT first, last FROM segments WHERE id = ?", (decodes.id,)).fetchone()
    found = connection.execute(
        "SELECT 1 FROM decodes d JOIN requests r ON r.id = d.request"
        " WHERE d.request BETWEEN ? AND ? AND (d.segment = ? OR d.undone_in = ?) LIMIT 1",
        (first, last, decodes.id, decodes.id),
    ).fetchone()
    return found is not None
