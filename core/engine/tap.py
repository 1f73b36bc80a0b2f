"""Live feeds: the rows the follower takes, filtered for each subscriber, thinned where they are too many to read."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from core.control.feeds import Frame
from core.engine.refused_groups import RefusedGroups
from core.journal.audience import ALL_ROWS
from core.journal.rows import DECODED
from core.journal.taken import TakenRow
from core.model.events import Event
from core.model.filter import Filter
from core.model.refusals import RefusedCount

ROWS_A_SECOND: Final = 2000
"""Rows that a feed shows, on average over a second; what comes beyond them is thinned."""

HELD_ROWS: Final = 4000
HELD_BYTES: Final = 16 << 20
"""What waits for a subscriber that does not take its frames. Beyond it half is left out, and counted."""

HELD_REDECODED: Final = 500
"""Requests with another decode that wait for a frame; who shows more of them asks again."""

EVENTS_A_FRAME: Final = 2000
"""Whole events in one frame, but for those of its last row; further rows wait for the next frame."""

RATE_SECONDS: Final = 1.0


class Feed:
    """One subscriber's rows. It is taken frame by frame, ten a second, on the loop that offers the rows."""

    def __init__(
        self, subscription: int, filter: Filter, tenant: str | None, events: bool, clock: Callable[[], float]
    ) -> None:
        self.subscription = subscription
        self.filter = filter
        self.tenant = tenant
        self.events = events
        self.refused = RefusedGroups(filter, tenant)
        self._clock = clock
        self._held: list[TakenRow] = []
        self._held_bytes = 0
        self._left_out = 0
        self._room = float(ROWS_A_SECOND)
        self._taken_at = clock()
        self._matched = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._rate_shown = 0.0
        self._redecoded: dict[bytes, TakenRow] = {}

    def offer(self, rows: Sequence[TakenRow]) -> None:
        matching = self._matching(rows)
        self._matched += len(matching)
        self._held += matching
        self._held_bytes += sum(_weight(row) for row in matching)
        while len(self._held) > HELD_ROWS or (self._held_bytes > HELD_BYTES and len(self._held) > 1):
            self._hold(*thinned(self._held, min(len(self._held), HELD_ROWS) // 2))

    def offer_redecoded(self, rows: Sequence[TakenRow]) -> None:
        """Takes requests whose current decode is another: of those that wait, the oldest go first."""
        if self.events:
            self.offer(rows)
            return
        for row in rows:
            if self.tenant in (None, row.tenant):
                self._redecoded.pop(row.request, None)
                self._redecoded[row.request] = row
        while len(self._redecoded) > HELD_REDECODED:
            del self._redecoded[next(iter(self._redecoded))]

    def room(self) -> int:
        """How many rows it may still show of what comes at once; may be called from any thread."""
        if self.filter or self.events:
            return ALL_ROWS
        gained = (self._clock() - self._taken_at) * ROWS_A_SECOND
        return max(0, round(min(ROWS_A_SECOND, self._room + gained)) - len(self._held))

    def count(self, rows: Sequence[TakenRow]) -> int:
        """How many of the rows it asked for; may be called from any thread."""
        return len(self._matching(rows))

    def leave_out(self, count: int) -> None:
        """Says that so many of its rows will not come."""
        self._matched += count
        self._left_out += count

    def last_frame(self) -> Frame | None:
        """The frame before its end, in which every row that is held stands, or is counted as left out."""
        frame = self.frame()
        if frame is not None:
            frame.left_out += len(self._held)
        self._hold([], 0)
        return frame

    def frame(self) -> Frame | None:
        """What came since the last frame; None where there is nothing new to say."""
        now = self._clock()
        self._room = min(ROWS_A_SECOND, self._room + (now - self._taken_at) * ROWS_A_SECOND)
        self._taken_at = now
        rows, left_out = thinned(self._held, round(self._room))
        rows, events, waiting = self._with_events(rows)
        self._room -= len(rows)
        left_out += self._left_out
        self._left_out = 0
        self._hold(waiting, 0)
        rate = self._rate(now)
        refused = self.refused.due(now)
        redecoded = list(self._redecoded.values())
        self._redecoded.clear()
        if not rows and not left_out and not refused and not redecoded and rate == self._rate_shown:
            return None
        self._rate_shown = rate
        return Frame(
            subscription=self.subscription,
            rows=[row.traffic() for row in rows],
            events=events,
            left_out=left_out,
            rate=rate,
            refused=refused,
            redecoded=[row.traffic() for row in redecoded],
        )

    def _matching(self, rows: Sequence[TakenRow]) -> list[TakenRow]:
        tenant, matches = self.tenant, self.filter.matches
        if self.events:
            return [row for row in rows if (tenant is None or row.tenant == tenant) and self._places(row)]
        if tenant is None:
            return [row for row in rows if matches(row)]
        return [row for row in rows if row.tenant == tenant and matches(row)]

    def _places(self, row: TakenRow) -> list[int]:
        """Which of a row's events match: a feed of events holds the filter against each, and leaves out duplicates."""
        places = range(len(row.keys))
        if row.duplicates:
            known = row.duplicates
            places = [place for place in places if place not in known]
        if not self.filter:
            return list(places)
        return [place for place in places if self.filter.matches(row.of_event(place))]

    def _with_events(self, rows: list[TakenRow]) -> tuple[list[TakenRow], list[Event], list[TakenRow]]:
        """The rows of this frame, their events where the feed is one of events, and the rows that must wait."""
        events: list[Event] = []
        if not self.events:
            return rows, events, []
        for number, row in enumerate(rows):
            if len(events) >= EVENTS_A_FRAME:
                return rows[:number], events, rows[number:]
            decoded = row.events()
            events += [decoded[place] for place in self._places(row) if place < len(decoded)]
        return rows, events, []

    def _hold(self, rows: list[TakenRow], left_out: int) -> None:
        self._held = rows
        self._held_bytes = sum(_weight(row) for row in rows)
        self._left_out += left_out

    def _rate(self, now: float) -> float:
        self._recent.append((now, self._matched))
        self._matched = 0
        while self._recent[0][0] <= now - RATE_SECONDS:
            self._recent.popleft()
        return sum(count for _, count in self._recent) / RATE_SECONDS


class Tap:
    """All live feeds of an engine. Everything here runs on the engine's loop, but for `count` and `wanted`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._feeds: dict[int, Feed] = {}
        self._subscriptions = 0

    def subscribe(self, filter: Filter, tenant: str | None = None, events: bool = False) -> Feed:
        self._subscriptions += 1
        feed = Feed(self._subscriptions, filter, tenant, events, self._clock)
        self._feeds[feed.subscription] = feed
        return feed

    def unsubscribe(self, feed: Feed) -> None:
        self._feeds.pop(feed.subscription, None)

    def offer(self, rows: Sequence[TakenRow]) -> None:
        """Gives each feed the rows it asked for."""
        for feed in self._feeds.values():
            feed.offer(rows)

    def offer_redecoded(self, rows: Sequence[TakenRow]) -> None:
        """Tells each feed of requests whose current decode is another now."""
        for feed in self._feeds.values():
            feed.offer_redecoded(rows)

    def count(self, rows: Sequence[TakenRow]) -> list[tuple[Feed, int]]:
        """How many of the rows each feed asked for; may be called from any thread."""
        return [(feed, count) for feed in tuple(self._feeds.values()) if (count := feed.count(rows))]

    def wanted(self, tenant: str) -> int:
        """How many of the newest decoded rows of a tenant some feed has room for, or must see for its filter; may be
        called from any thread."""
        return max((feed.room() for feed in tuple(self._feeds.values()) if feed.tenant in (None, tenant)), default=0)

    def leave_out(self, tenant: str, count: int) -> None:
        """Tells each feed that has no filter of rows of a tenant that nobody read."""
        for feed in self._feeds.values():
            if feed.tenant in (None, tenant) and not feed.filter and not feed.events:
                feed.leave_out(count)

    def refuse(self, tenant: str, source: str, counts: Sequence[RefusedCount]) -> None:
        """Tells each feed of requests, but not those of events, of what a source refused and did not record."""
        for feed in self._feeds.values():
            if not feed.events:
                feed.refused.offer(tenant, source, counts)

    def __len__(self) -> int:
        return len(self._feeds)


def thinned(rows: list[TakenRow], room: int) -> tuple[list[TakenRow], int]:
    """At most `room` of the rows in their order, and how many were left out: failures and refusals go first, of the
    rest every so many-th is kept."""
    if len(rows) <= room:
        return rows, 0
    urgent = [place for place, row in enumerate(rows) if row.outcome_code != DECODED]
    if len(urgent) >= room:
        kept = _spread(urgent, room)
    else:
        rest = [place for place, row in enumerate(rows) if row.outcome_code == DECODED]
        kept = sorted(urgent + _spread(rest, room - len(urgent)))
    return [rows[place] for place in kept], len(rows) - len(kept)


def _spread(places: list[int], count: int) -> list[int]:
    return [places[number * len(places) // count] for number in range(count)]


def _weight(row: TakenRow) -> int:
    return len(row.payload) + len(row.encoded or b"")
