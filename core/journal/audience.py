"""Who hears of the rows that the follower takes: live feeds, through the engine."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from core.journal.decodes import DecodeRow
from core.journal.indexed import IndexedSegment
from core.journal.rows import DECODED
from core.journal.settling import Redecoded
from core.journal.taken import TakenRow
from core.journal.unread import Unread

OnRows = Callable[[list[TakenRow]], None]
OnRedecoded = Callable[[list[Redecoded]], None]
OnUnread = Callable[[str, str, int], None]

ALL_ROWS: Final = sys.maxsize


class Audience:
    """Tells each thing once, also when the index is built anew meanwhile, and nothing from before it began to listen.

    `on_rows` is called with the rows of one batch, all of one segment and so of one event source, that were received
    from `since` on (milliseconds since the epoch). `on_redecoded` is called likewise with requests that have another
    current decode, by a replay or since one is undone: of one event source, made from `since` on.

    Decoded requests that nobody looks at need not be read: `wanted`, given a tenant, says how many of a batch's are
    (the newest), and `on_unread` is called with tenant, event source and how many were indexed without.

    None of these may wait or fail.
    """

    def __init__(
        self,
        on_rows: OnRows = lambda rows: None,
        *,
        since: int | None = None,
        on_redecoded: OnRedecoded = lambda redecoded: None,
        wanted: Callable[[str], int] = lambda tenant: ALL_ROWS,
        on_unread: OnUnread = lambda tenant, source, count: None,
    ) -> None:
        self.on_rows = on_rows
        self.on_redecoded = on_redecoded
        self.wanted = wanted
        self.on_unread = on_unread
        self.since = int(time.time() * 1000) if since is None else since
        self._told: dict[str, int] = {}
        """The last row of each segment that was told of, by path."""

    def told(self, path: str) -> int:
        """The last row of a segment that it knows."""
        return self._told.get(path, 0)

    def forget(self, path: str) -> None:
        """The segment is gone."""
        self._told.pop(path, None)

    def tell(self, segment: IndexedSegment, rows: list[TakenRow]) -> None:
        """Rows of a segment are indexed, up to the last that was taken: these of them were read."""
        if segment.holds_failed:
            return  # they were told of when they were received
        told = self.told(segment.path)
        self._told[segment.path] = max(told, segment.taken)
        if not rows:
            return
        if rows[0].seq <= told or min(row.received for row in rows) < self.since:
            rows = [row for row in rows if row.seq > told and row.received >= self.since]
        if rows:
            self.on_rows(rows)

    def tell_unread(
        self, segment: IndexedSegment, unread: Unread, rows: Sequence[TakenRow], count_new: Callable[[], int]
    ) -> None:
        """Decoded requests were indexed and not read but for `rows`; where some of them are older than `since`,
        `count_new` counts the others."""
        count = unread.requests if unread.bounds[2] >= self.since else count_new()
        count -= sum(row.outcome_code == DECODED and row.received >= self.since for row in rows)
        if count > 0:
            self.on_unread(segment.tenant, segment.source, count)

    def tell_redecoded(self, path: str, rows: Sequence[DecodeRow], redecoded: list[Redecoded]) -> None:
        """Rows of a segment of decodes are indexed, and with them these requests have another current decode."""
        told = self.told(path)
        self._told[path] = max(told, rows[-1].seq)
        new = {row.request for row in rows if row.seq > told and row.at >= self.since}
        if redecoded := [each for each in redecoded if each.row.request in new]:
            self.on_redecoded(redecoded)
