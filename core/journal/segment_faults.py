"""What stands in the way of following segments: each fault is noted, and its segment rests for a while."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Generator
from typing import Final

from core.errors import TidegateError
from core.journal.followed import FollowedSegment, NotReady, RowsGone
from core.journal.indexed import is_busy, is_damage

LOG = logging.getLogger("tidegate.journal")

_NOT_READY_SECONDS: Final = 5.0
"""A segment without tables is looked at in every pass for so long, then as often as a faulty one."""

_BUSY_SECONDS: Final = 5.0
"""A segment that others have is looked at again in every pass for so long; then that is a fault."""

_REST_SECONDS: Final = (0.5, 2.0, 10.0, 30.0)
"""How long a faulty segment rests after its first, second, … fault."""


class SegmentFaults:
    """The faults of all segments that are followed. `on_gone` is called where a segment's file is there no more."""

    def __init__(self, on_gone: Callable[[], None]) -> None:
        self.errors: dict[str, str] = {}
        """What is wrong with which segment (or with the index), by path."""
        self.damaged: dict[str, str] = {}
        """Segments whose file was found damaged, by path, and how: by the follower, or by who called `suspect`."""
        self.unseen: set[str] = set()
        """Segments that could not be looked at in this pass, since others had them."""
        self._on_gone = on_gone

    def suspect(self, path: str, fault: str) -> None:
        """Says, from any thread, that a segment was found damaged."""
        self.damaged.setdefault(path, fault)

    @contextlib.contextmanager
    def of(self, segment: FollowedSegment) -> Generator[None]:
        """Keeps a segment's fault from the others: it is recorded, and the segment rests."""
        try:
            yield
        except (sqlite3.Error, OSError, TidegateError, ValueError) as error:
            self._rest(segment, error)

    def _rest(self, segment: FollowedSegment, error: Exception) -> None:
        segment.close()
        if not segment.file.exists():
            self._on_gone()
            return
        if isinstance(error, NotReady) and time.time() - segment.file.stat().st_mtime < _NOT_READY_SECONDS:
            return
        if is_busy(error):
            now = time.monotonic()
            segment.busy_since = segment.busy_since or now
            if now < segment.busy_since + _BUSY_SECONDS:
                self.unseen.add(segment.indexed.path)
                return
        path = segment.indexed.path
        if isinstance(error, NotReady):
            if _is_a_beginning(segment):
                segment.rest_until = time.monotonic() + _REST_SECONDS[-1]
                return
            self.suspect(path, "its tables are gone")
        elif isinstance(error, RowsGone) or (isinstance(error, sqlite3.Error) and is_damage(error)):
            self.suspect(path, str(error))
        segment.rest_until = time.monotonic() + _REST_SECONDS[min(segment.failures, len(_REST_SECONDS) - 1)]
        segment.failures += 1
        self.note(path, error)

    def is_awake(self, segment: FollowedSegment, now: float) -> bool:
        """Whether a segment may be looked at further in this pass."""
        return segment.rest_until <= now and segment.indexed.path not in self.unseen

    def passed(self, segment: FollowedSegment, now: float) -> None:
        """A pass has ended that looked at the segment: what was wrong with it may be over."""
        path = segment.indexed.path
        if path not in self.unseen:
            segment.busy_since = None
            if segment.failures and segment.rest_until <= now:
                segment.failures = 0
                self.errors.pop(path, None)

    def note(self, path: str, error: Exception) -> None:
        """What is wrong with a segment, or with the index; it is logged once."""
        text = str(error)
        if self.errors.get(path) != text:
            LOG.error("cannot follow %s: %s", path, text)
        self.errors[path] = text

    def forget(self, path: str) -> None:
        """The segment is gone, and with it what was wrong."""
        self.errors.pop(path, None)
        self.damaged.pop(path, None)


def _is_a_beginning(segment: FollowedSegment) -> bool:
    """Whether its writer ended before it had made the tables, or takes its time: then nothing was answered for."""
    try:
        size, log = segment.file.stat().st_size, segment.log_size()
    except FileNotFoundError:
        return True
    return not (segment.indexed.taken or (size and log))
