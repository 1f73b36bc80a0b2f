"""Answers queries from the index and the segments. Each call has connections of its own: any thread may make it, while
workers write and the follower follows."""

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.control.connections import ConnectionFrame, ConnectionFrames, FramesOf
from core.control.failures import FailureQuery, Failures
from core.control.received import Events, Query, Requests, Traffic
from core.errors import NotFound, TidegateError
from core.journal.candidates import count
from core.journal.failure_list import list_failures, open_failures
from core.journal.history import decodes_of
from core.journal.indexed import indexed_segments, is_damage, open_index
from core.journal.query import statement
from core.journal.request_id import id_bytes
from core.journal.rows import REFUSED
from core.journal.search import Found, search
from core.journal.segment_reader import Place, SegmentReader, WholeRow
from core.journal.stored import Stored, StoredPage, stored_requests
from core.journal.taken import TakenRow
from core.model.events import Event
from core.model.failures import Dismissal
from core.model.requests import Request, RequestDetail

MOST_FRAMES: Final = 500
FRAME_SHOWN: Final = 4096
"""Bytes of a frame, or of its answer, that are shown in a list of them."""


class Reader:
    """The journal's reading side.

    `passed` waits until what was committed is indexed and gives how many rows are behind still
    (`FollowerThread.passed`); `on_damage` is told that the index was found damaged (`Follower.distrust`), and
    `on_damaged_segment` that a segment was, and how (`Follower.suspect`).
    """

    def __init__(
        self,
        journal_dir: Path,
        index_file: Path,
        *,
        passed: Callable[[], int] = lambda: 0,
        on_damage: Callable[[], None] = lambda: None,
        on_damaged_segment: Callable[[str, str], None] = lambda path, fault: None,
    ) -> None:
        self.journal_dir = journal_dir
        self.index_file = index_file
        self._passed = passed
        self._on_damage = on_damage
        self._on_damaged_segment = on_damaged_segment

    def requests(self, query: Query) -> Requests:
        """A page of requests. FilterError, QueryError or TidegateError says why there is none."""
        behind = self._passed()
        with self._open() as (index, segments):
            page = search(index, segments, query, "requests")
            rows = {found.place: found.row for found in page.found}
            segments.mark_duplicates(index, rows)
            metadata = segments.metadata(list(rows), rows)
        requests = [_summary(found.row, metadata.get(found.place, {})) for found in page.found]
        return Requests(requests=requests, behind=behind, more=page.more, next=page.next, **page.progress())

    def traffic(self, query: Query) -> Traffic:
        """A page of requests as rows of the live feed."""
        behind = self._passed()
        with self._open() as (index, segments):
            page = search(index, segments, query, "requests")
            segments.mark_duplicates(index, {found.place: found.row for found in page.found})
        rows = [found.row.traffic() for found in page.found]
        return Traffic(rows=rows, behind=behind, more=page.more, next=page.next, **page.progress())

    def frames(self, asked: FramesOf) -> ConnectionFrames:
        """A page of what was kept of one connection."""
        query = Query(
            **{name: getattr(asked, name) for name in ("tenant", "source", "since", "until", "before", "after")},
            limit=min(asked.limit, MOST_FRAMES),
        )
        behind = self._passed()
        with self._open() as (index, segments):
            page = search(index, segments, query, "requests", asked.remote)
            segments.mark_duplicates(index, {found.place: found.row for found in page.found})
            frames = [_frame(found.row, segments.whole(found.place)) for found in page.found]
        return ConnectionFrames(frames=frames, behind=behind, more=page.more, next=page.next, **page.progress())

    def events(self, query: Query) -> Events:
        """A page of events; the limit and the cursors are of events."""
        behind = self._passed()
        with self._open() as (index, segments):
            page = search(index, segments, query, "events")
            segments.mark_duplicates(index, {found.place: found.row for found in page.found})
        return Events(events=_events(page.found), behind=behind, more=page.more, next=page.next, **page.progress())

    def failures(self, asked: FailureQuery, dismissed: Mapping[str, Dismissal]) -> Failures:
        """Groups of failed requests; NotFound where the one asked for is not there."""
        behind = self._passed()
        with self._open() as (index, segments):
            found = list_failures(index, segments, asked, dismissed)
        found.behind = behind
        return found

    def open_failures(self, dismissed: Mapping[str, Dismissal]) -> int:
        """How many groups of failed requests nobody dismissed, as far as the index knows."""
        with self._open() as (index, _):
            return open_failures(index, dismissed)

    def request(self, id: str) -> RequestDetail:
        """One request whole; NotFound where none of that id is kept."""
        identity = id_bytes(id)
        if identity is None:
            raise NotFound(f"{id!r} is no request's id: it has the form 0198c0de-0000-7000-8000-000000000000")
        detail = self._detail(identity)
        if detail is None:
            self._passed()
            detail = self._detail(identity)
        if detail is None:
            raise NotFound(f"no request {id} is kept: its time may be over ([retention] in instance.toml)")
        return detail

    def _detail(self, identity: bytes) -> RequestDetail | None:
        with self._open() as (index, segments):
            found = index.execute("SELECT segment, seq, number FROM requests WHERE id = ?", (identity,)).fetchone()
            if found is None:
                return None
            place: Place = (found[0], found[1])
            rows = segments.rows([place], payloads=False)
            whole = segments.whole(place)
            decodes = decodes_of(index, segments, rows[place], whole, found[2]) if place in rows and whole else []
            segments.make_current(index, rows, {place: found[2]})
            segments.mark_duplicates(index, rows)
            metadata = segments.metadata([place], rows)
        if place not in rows or whole is None:
            return None
        row = rows[place]
        for decode in decodes:
            if decode.current:
                whole.log, whole.log_cut = decode.log, decode.log_cut
        summary = _summary(row, metadata.get(place, {}))
        return RequestDetail(
            **{name: getattr(summary, name) for name in Request.__struct_fields__},
            **{name: getattr(whole, name) for name in whole.__struct_fields__},
            decoded=row.events(),
            decodes=decodes,
        )

    def stored(self, query: Query) -> StoredPage:
        """A page of requests as a replay takes them: with all that their decoder was given. Those that were refused
        never had one and are left out."""
        with self._open() as (index, segments):
            page = search(index, segments, query, "requests")
            rows = {found.place: found.row for found in page.found if found.row.outcome_code != REFUSED}
            return StoredPage(stored_requests(index, segments, rows), page.next if page.more else None)

    def stored_of(self, ids: Sequence[bytes], tenant: str, source: str) -> list[Stored]:
        """Those of these requests that are kept of a source, in order."""
        with self._open() as (index, segments):
            numbers: dict[Place, int] = {}
            for id in sorted(ids):
                for segment, seq, number in index.execute(
                    "SELECT segment, seq, number FROM requests WHERE id = ?", (id,)
                ):
                    numbers[segment, seq] = number
            rows = segments.rows(list(numbers), payloads=False)
            segments.make_current(index, rows, numbers)
            wanted = {
                place: rows[place]
                for place in numbers
                if place in rows
                and rows[place].outcome_code != REFUSED
                and (rows[place].tenant, rows[place].event_source) == (tenant, source)
            }
            return stored_requests(index, segments, wanted)

    def count(self, query: Query) -> int:
        """How many requests `stored` may find at the most: exactly so many where the query has no filter."""
        with self._open() as (index, _):
            return count(index, statement(index, query, "requests"), f"q.outcome <> {REFUSED}")

    @contextlib.contextmanager
    def _open(self) -> Generator[tuple[sqlite3.Connection, SegmentReader]]:
        """The index and the segments at one moment: what is taken or forgotten meanwhile is not seen."""
        if not self.index_file.exists():
            raise TidegateError(f"{self.index_file} is not there: an engine makes it when it starts")
        try:
            with contextlib.closing(open_index(self.index_file)) as index:
                index.execute("BEGIN")
                with SegmentReader(self.journal_dir, indexed_segments(index), self._on_damaged_segment) as segments:
                    yield index, segments
        except sqlite3.Error as error:
            if is_damage(error):
                self._on_damage()
                raise TidegateError(f"{self.index_file} is damaged and is built again: ask again shortly") from error
            raise TidegateError(f"{self.index_file} cannot be read: {error}") from error


def _frame(row: TakenRow, whole: WholeRow | None) -> ConnectionFrame:
    came = answered = b""
    if whole is not None:
        came = whole.head + (whole.payload if whole.wire is None else whole.wire)
        answered = whole.answer or b""
    missing = 0 if whole is None else row.size - len(whole.payload)  # of what was refused only the first part is kept
    return ConnectionFrame(
        request=row.traffic(),
        came=came[:FRAME_SHOWN],
        came_size=len(came) + max(0, missing),
        answered=answered[:FRAME_SHOWN],
        answered_size=len(answered),
    )


def _summary(row: TakenRow, metadata: dict[str, object]) -> Request:
    traffic = row.traffic()
    given = {name: getattr(traffic, name) for name in Request.__struct_fields__ if name != "metadata"}
    return Request(**given, metadata=metadata)


def _events(found: list[Found]) -> list[Event]:
    """The events found; a request's are decoded once."""
    events: list[Event] = []
    for _, same in itertools.groupby(found, key=lambda each: each.place):
        together = list(same)
        decoded = together[0].row.events()
        events += [decoded[each.event] for each in together if each.event < len(decoded)]
    return events
