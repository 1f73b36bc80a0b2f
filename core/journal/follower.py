"""Follows the workers' segments into the index and passes each new row on, off the path of any answer."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from core.journal.audience import Audience
from core.journal.decodes import DecodeRow
from core.journal.folders import Folders
from core.journal.followed import FollowedSegment
from core.journal.followed_decodes import FollowedDecodes
from core.journal.index import Index, set_aside
from core.journal.indexed import is_damage
from core.journal.rows import BY_ALTERNATE_ID, DECODED, MANY
from core.journal.segment_faults import SegmentFaults
from core.journal.succession import declare_ready, discard, make_one_file, put_in_place, rows_of_ready, take_back
from core.journal.taken import TakenRow

LOG = logging.getLogger("tidegate.journal")

P = ParamSpec("P")
R = TypeVar("R")

_RELEASED_SECONDS: Final = 10.0
"""How long a segment is left to who asked for it."""

THOROUGH_SECONDS: Final = 1.0
"""How often every segment is looked at whatever its file's time says."""


class Follower:
    """Reads every segment from its last taken row on, and tells the audience. One thread calls it, except where a
    method says otherwise, and for `behind` and `faults`, which may be asked from any."""

    def __init__(self, journal_dir: Path, index_file: Path, audience: Audience | None = None) -> None:
        self.journal_dir = journal_dir
        self.index_file = index_file
        self.audience = Audience() if audience is None else audience
        self._folders = Folders(journal_dir)
        self.faults = SegmentFaults(self._folders.forget)
        self.stopping = False
        """Set from any thread: the pass that runs ends after its batch."""
        self.whole = False
        """Whether the last pass looked at every segment and took what was there, but for those with faults."""
        self.successions = 0
        """How often an index that was built beside has taken the place of the one before."""
        self._others_write = threading.Lock()
        journal_dir.mkdir(parents=True, exist_ok=True)
        self.leaving: set[str] = set()
        """Segments whose files are being deleted, by path: who does that takes them out of the index, too."""
        self._opened: Index | None = None
        self._distrusted = False
        self._renewed: set[str] = set()
        self._released: set[str] = set()
        self._succeeding = False
        with contextlib.suppress(OSError):  # on a disk with faults the one of before is used on
            put_in_place(index_file)
            discard(index_file)
        self._segments: dict[str, FollowedSegment] = {}
        self._behind = 0
        self._thorough_at = 0.0
        self._reconcile()

    @property
    def _index(self) -> Index:
        """Opened when it is needed first: on a full disk it cannot be, which must not keep devices out."""
        if self._opened is None:
            self._opened = Index(self.index_file, self.journal_dir)
        return self._opened

    def behind(self) -> int:
        """Committed rows that the index has not taken; may be asked from any thread. A segment that could not be looked
        at counts as one."""
        return self._behind

    def distrust(self) -> None:
        """Says, from any thread, that the index was found damaged: the next pass sets it aside and starts it anew."""
        self._distrusted = True

    def release(self, path: str) -> None:
        """Says, from any thread, that a segment is to be closed for a while: the next pass does it."""
        self._released.add(path)

    def renew(self, path: str) -> None:
        """Says, from any thread, that a segment is another file now: what the index took from it is taken again."""
        self._renewed.add(path)

    def succeed(self) -> None:
        """Says, from any thread, that an index is ready (core.journal.succession): it takes the place of the one in use
        at the end of a pass that has taken as much as it has, so that live feeds miss nothing."""
        self._succeeding = True

    def beside(self, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Does what writes the index beside the follower, in the caller's thread; no index takes another's place."""
        with self._others_write:
            return work(*args, **named)

    def take(self, *, thoroughly: bool = True) -> int:
        """One pass: every segment from its last taken row to the end it has now. Returns how many rows it took.

        Not `thoroughly`, segments whose files keep their time are passed over, except once a second.
        """
        now = time.monotonic()
        thorough = thoroughly or now >= self._thorough_at
        if thorough:
            self._thorough_at = now + THOROUGH_SECONDS
        self.whole = False
        try:
            if self._distrusted:
                self._rebuild()
            taken = self._pass(now, thorough)
            if self._succeeding and self._succeeded():
                taken += self._pass(now, thorough=True)
            return taken
        except (sqlite3.Error, OSError) as error:
            if not (isinstance(error, sqlite3.Error) and is_damage(error)):
                self.faults.note(str(self.index_file), error)
                return 0
            self._rebuild()
            return self._pass(now, thorough=True)

    def close(self) -> None:
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        self._close_index()

    def _close_index(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _pass(self, now: float, thorough: bool) -> int:
        for path in list(self._renewed):
            self._take_anew(path)
            self._renewed.discard(path)
        self.faults.unseen.clear()
        self._discover(thorough)
        self._release(now)
        awake = [segment for segment in self._segments.values() if segment.rest_until <= now]
        successors = self._successors()
        ending = [segment for segment in awake if segment.abandoned(now, successors.get(segment.file, set()))]
        for segment in awake:
            with self.faults.of(segment):
                segment.look(thoroughly=thorough or segment in ending)
        self._count_behind()
        taken = self._take_rows([segment for segment in awake if segment.behind], now)
        self.faults.forget(str(self.index_file))
        for segment in awake:
            with self.faults.of(segment):
                segment.checkpoint(time.monotonic())
        for segment in ending:
            with self.faults.of(segment):
                self._finish(segment)
        for segment in awake:
            self.faults.passed(segment, now)
        self._count_behind()
        self.whole = not self.faults.unseen and not self.stopping
        return taken

    def _take_rows(self, waiting: list[FollowedSegment], now: float) -> int:
        """A batch of each in turn, so that a long one doesn't hold up the others."""
        taken = 0
        while waiting and not self.stopping:
            for segment in waiting:
                if isinstance(segment, FollowedDecodes):
                    taken += self._take_decodes(segment)
                else:
                    taken += (self._take_unread if self._unlooked_at(segment) else self._take_batch)(segment)
            self._count_behind()
            waiting = [segment for segment in waiting if segment.behind and self.faults.is_awake(segment, now)]
        return taken

    def _take_batch(self, segment: FollowedSegment) -> int:
        rows: list[TakenRow] = []
        with self.faults.of(segment):
            rows = segment.batch()
        if rows:
            self._index.take(segment.indexed, rows)
            self.audience.tell(segment.indexed, rows)
        return len(rows)

    def _unlooked_at(self, segment: FollowedSegment) -> bool:
        """Whether most of a segment's next rows are for nobody's eyes but the index's."""
        if segment.behind < MANY or segment.indexed.deduplicator == BY_ALTERNATE_ID:
            return False
        return self.audience.wanted(segment.indexed.tenant) < segment.behind

    def _take_unread(self, segment: FollowedSegment) -> int:
        indexed = segment.indexed
        before, told = indexed.taken, self.audience.told(indexed.path)
        rows: list[TakenRow] = []
        upto = 0
        with self.faults.of(segment):
            rows, upto = segment.glance(self.audience.wanted(indexed.tenant), told if told > before else segment.end)
        if not upto:
            return 0
        others = [row for row in rows if row.outcome_code != DECODED]
        try:
            unread = self._index.take_unread(indexed, segment.file, upto, others)
        except sqlite3.Error:
            unread = None  # whose fault it is shows when they are read
        if unread is None:
            return self._take_batch(segment)
        taken = unread.requests + len(others)
        segment.note_read(taken)
        if told <= before:
            self.audience.tell_unread(indexed, unread, rows, lambda: self._count_new(segment, before, unread.requests))
        self.audience.tell(indexed, rows)
        return taken

    def _count_new(self, segment: FollowedSegment, before: int, most: int) -> int:
        """How many decoded requests behind a row are new to the audience; `most` where that cannot be counted."""
        with self.faults.of(segment):
            return segment.decoded_since(before, self.audience.since)
        return most

    def _take_decodes(self, segment: FollowedDecodes) -> int:
        rows: list[DecodeRow] = []
        with self.faults.of(segment):
            rows = segment.decodes()
        if not rows:
            return 0
        redecoded = self._index.take_decodes(segment.indexed, rows)
        self.audience.tell_redecoded(segment.indexed.path, rows, redecoded)
        return len(rows)

    def _finish(self, segment: FollowedSegment) -> None:
        if not segment.behind and segment.finish():
            self._index.finish(segment.indexed)
            self._let_go(segment)

    def _let_go(self, segment: FollowedSegment) -> None:
        segment.close()
        self._segments.pop(segment.indexed.path, None)

    def _successors(self) -> dict[Path, set[int]]:
        """For each segment, the processes that write a newer one in its folder."""
        newer: dict[Path, set[int]] = {}
        found: dict[Path, set[int]] = {}
        for segment in sorted(self._segments.values(), key=lambda segment: segment.file.name, reverse=True):
            pids = newer.setdefault(segment.file.parent, set())
            found[segment.file] = set(pids)
            if segment.pid:
                pids.add(segment.pid)
        return found

    def _discover(self, thorough: bool) -> None:
        if not self._folders.changed(thorough):
            return
        try:
            self._follow_folders()
        except BaseException:
            self._folders.forget()  # or what is new would be passed over until something else is
            raise

    def _follow_folders(self) -> None:
        known = {segment.path: segment for segment in self._index.segments()}
        present = self._folders.segments
        for path, file in sorted(present.items(), key=lambda item: item[1].name):
            indexed = known.get(path)
            if path in self._segments or (indexed is not None and indexed.finished):
                continue
            if indexed is None:
                tenant, source, name = path.removesuffix(".db").split("/", 2)
                indexed = self._index.add(tenant, source, name)
            followed = FollowedDecodes if indexed.holds_decodes else FollowedSegment
            self._segments[path] = followed(file, indexed)
        for path, indexed in known.items():
            if path not in present and path not in self.leaving:
                self._vanished(path)
                self._index.forget(indexed)

    def _release(self, now: float) -> None:
        for path in list(self._released):
            if (segment := self._segments.get(path)) is not None:
                segment.close()
                segment.rest_until = now + _RELEASED_SECONDS
            self._released.discard(path)

    def _take_anew(self, path: str) -> None:
        self._left(path)
        for indexed in self._index.segments():
            if indexed.path == path:
                self._index.forget(indexed)
        self._folders.forget()

    def _vanished(self, path: str) -> None:
        self.audience.forget(path)
        self._left(path)

    def _left(self, path: str) -> None:
        self.faults.forget(path)
        if segment := self._segments.get(path):
            self._let_go(segment)

    def _succeeded(self) -> bool:
        """Puts the index that is ready in its place, if the one in use has all that it has, and nobody writes that."""
        if not self._has_all_of_the_ready() or not self._others_write.acquire(blocking=False):
            return False
        self._succeeding = False
        try:
            self._leave_index()
            file = take_back(self.index_file)
            self._opened = Index(file, self.journal_dir)
            self._pass(time.monotonic(), thorough=True)  # or what came since would be missing for a moment
            self._leave_index()
            make_one_file(file)
            declare_ready(self.index_file)
            put_in_place(self.index_file)
            self.successions += 1
        finally:
            self._leave_index()
            self._others_write.release()
        return True

    def _has_all_of_the_ready(self) -> bool:
        there = rows_of_ready(self.index_file)
        if there is None:
            self._succeeding = False
            return False
        here = {segment.path: segment.taken for segment in self._index.segments()}
        followed = self._folders.segments.keys() - self.faults.errors.keys()
        return all(here.get(path, 0) >= taken for path, taken in there.items() if path in followed)

    def _leave_index(self) -> None:
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        self._close_index()
        self._folders.forget()

    def _rebuild(self) -> None:
        """Begins the index anew: every segment is taken again from its first row."""
        self._distrusted = False
        LOG.error("%s is damaged: it is set aside and built again from the journal", self.index_file)
        self._leave_index()
        with self._others_write:
            set_aside(self.index_file)

    def _reconcile(self) -> None:
        """At the start, so that a damaged index is found before anybody asks it."""
        try:
            self._index.segments()
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.Error) and is_damage(error):
                self._rebuild()
            else:
                self.faults.note(str(self.index_file), error)

    def _count_behind(self) -> None:
        self._behind = sum(segment.behind for segment in self._segments.values()) + len(self.faults.unseen)
