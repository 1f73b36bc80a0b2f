"""Rows printed page after page, then live: what `tidegate events` and `tidegate requests` have in common."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, cast

import msgspec

from core.cli.lines import bytes_lines, event_line, refused_line, request_lines
from core.cli.output import print_json, terminal
from core.cli.progress import ProgressLine
from core.cli.reach import Engine
from core.control.client import ControlClient, EngineGone
from core.control.feeds import Frame, Subscribe
from core.control.received import Events, OfRequest, Query, Requests, Traffic
from core.control.states import Node, Status
from core.model.events import Event, event_json
from core.model.refusals import RefusedGroup
from core.model.requests import Request, RequestDetail, TrafficRow, request_json
from core.model.text import looked_text, plural, visible

PAGE = 1000
"""Rows asked for at a time."""
FIRST = "00000000-0000-7000-8000-000000000000"
"""A cursor before every request."""
QUIET_SECONDS = 1.0
"""A search that takes no longer is not told of."""
OVERLAP = 50_000
"""Kept rows that a live feed is compared with; more cannot arrive while a page is printed."""
QUEUED_FRAMES = 600
"""Frames of a live feed kept for a slow reader, a minute's worth; what comes on top is counted as left out."""

Row = Request | Event


class Page(NamedTuple):
    """Rows, oldest first. `behind` counts those that the index lacks; `next` is where more of them begin; `looked` says
    how many were held against the filter, `reached` how far that is."""

    rows: Sequence[Row]
    behind: int
    next: str | None
    looked: int = 0
    reached: str | None = None


class Listing(Protocol):
    """What is listed: where its rows come from and how one is printed."""

    of_events: bool

    async def page(self, engine: Engine, query: Query) -> Page:
        """A page of rows, oldest first."""
        ...

    def live(self, frame: Frame) -> Sequence[Row]:
        """The rows of a live feed's frame."""
        ...

    async def show(self, engine: Engine, row: Row) -> None:
        """Prints one row."""
        ...

    def show_refused(self, group: RefusedGroup) -> None:
        """Tells of refused requests that a live feed only counts."""
        ...

    async def conclude(self, engine: Engine, query: Query) -> None:
        """Says on stderr what there is to know of `query` beside the kept rows."""
        ...


class EventListing:
    """Decoded events."""

    of_events = True

    def __init__(self, *, as_json: bool) -> None:
        self._terminal = None if as_json else terminal()

    async def page(self, engine: Engine, query: Query) -> Page:
        page = await engine.call("events.query", query, Events)
        return Page(page.events, page.behind, page.next, page.looked, page.reached)

    def live(self, frame: Frame) -> Sequence[Event]:
        return frame.events

    async def show(self, engine: Engine, row: Row) -> None:
        event = cast("Event", row)
        if self._terminal is None:
            print_json(event_json(event))
        else:
            self._terminal.print(event_line(event, datetime.now().astimezone()))

    def show_refused(self, group: RefusedGroup) -> None:
        """What was refused has no events."""

    async def conclude(self, engine: Engine, query: Query) -> None:
        """There is nothing to say."""


class RequestListing:
    """Requests, with their bytes where they were asked for; `refused` says that those that were are meant."""

    of_events = False

    def __init__(self, *, as_json: bool, payload: bool, refused: bool = False) -> None:
        self._terminal = None if as_json else terminal()
        self._payload = payload
        self._refused = refused

    async def page(self, engine: Engine, query: Query) -> Page:
        if self._terminal is None:
            page = await engine.call("requests.query", query, Requests)
            return Page(page.requests, page.behind, page.next, page.looked, page.reached)
        traffic = await engine.call("requests.traffic", query, Traffic)
        return Page(traffic.rows, traffic.behind, traffic.next, traffic.looked, traffic.reached)

    def live(self, frame: Frame) -> Sequence[Request]:
        return frame.rows

    async def show(self, engine: Engine, row: Row) -> None:
        request = cast("Request", row)
        whole = None
        if self._payload:
            whole = await engine.call("requests.get", OfRequest(request.id), RequestDetail)
        if self._terminal is None:
            print_json(request_json(request, whole))
            return
        self._terminal.print(request_lines(cast("TrafficRow", request), datetime.now().astimezone()))
        if whole is not None:
            for lines in bytes_lines(whole):
                self._terminal.print(lines)

    def show_refused(self, group: RefusedGroup) -> None:
        if self._terminal is None:  # each line of stdout is a request
            sys.stderr.write(f"tidegate: {group.tenant}/{group.source}: {visible(group.words())}\n")
        else:
            self._terminal.print(refused_line(group, datetime.now().astimezone()))

    async def conclude(self, engine: Engine, query: Query) -> None:
        if not self._refused or self._terminal is None or not isinstance(engine, ControlClient):
            return
        status = await engine.call("status", None, Status)
        count = sum(only_counted(node) for node in _sources(status.tree, query))
        if count:
            what = "refused request was" if count == 1 else "refused requests were"
            said = f"{count:,} more {what} only counted since the engine started: `tidegate status` says why"
            sys.stderr.write(f"tidegate: {said}\n")


def only_counted(source: Node) -> int:
    """How many requests an event source refused and did not record, since the engine started."""
    refusals = source.detail.get("refusals")
    return refusals["only_counted"] if refusals else 0


def _sources(tree: Node, query: Query) -> list[Node]:
    """The event sources that a query means."""
    meant: list[Node] = []
    for tenant in tree.children:
        for node in tenant.children:
            known = node.path.removeprefix(f"{tenant.path}/")
            if query.tenant in (None, tenant.path) and query.source in (None, known):
                meant.append(node)
    return meant


async def print_rows(engine: Engine, listing: Listing, query: Query, feed: Subscribe | None, most: int | None) -> None:
    """Prints the newest `most` kept rows of `query` (None is all), then what `feed` brings until the engine ends."""
    if feed is None:
        await _print_kept(engine, listing, query, most)
        await listing.conclude(engine, query)
        return
    live = LiveFrames(cast("ControlClient", engine))
    await engine.call("subscribe", feed)
    kept = await _print_kept(engine, listing, query, most)
    async for frame in live:
        for row in listing.live(frame):
            if row.id not in kept:  # what arrived while the kept rows were printed is among both
                await listing.show(engine, row)
        for group in frame.refused:
            listing.show_refused(group)


async def _print_kept(engine: Engine, listing: Listing, query: Query, most: int | None) -> set[str]:
    """Prints kept rows, oldest first, and gives the ids of the last of them."""
    last: deque[str] = deque(maxlen=OVERLAP)
    behind = 0
    async for page in pages(engine, listing, query, most):
        for row in page.rows:
            await listing.show(engine, row)
            last.append(row.id)
        behind = page.behind
    if behind:
        sys.stderr.write(f"tidegate: {plural(behind, 'newer request')} not indexed yet and not shown\n")
    return set(last)


async def pages(engine: Engine, listing: Listing, query: Query, most: int | None) -> AsyncGenerator[Page]:
    """Pages in the order of their rows: forward where all are asked for, else gathered backward first; how far
    that has come is told on a terminal where it takes a while."""
    if most is None:
        cursor: str | None = FIRST
        while cursor is not None:
            page = await listing.page(engine, msgspec.structs.replace(query, after=cursor, limit=PAGE))
            cursor = page.next
            yield page
        return
    gathered: list[Page] = []
    missing, cursor = most, query.before
    search = _Searching()
    try:
        while missing > 0:
            asked = msgspec.structs.replace(query, before=cursor, limit=min(PAGE, missing))
            page = await listing.page(engine, asked)
            gathered.append(page)
            missing -= len(page.rows)
            cursor = page.next
            if cursor is None:
                break
            search.tell(page)
    finally:
        search.clear()
    for page in reversed(gathered):
        yield page


class _Searching:
    """Says how far a search has come, once that has taken a while."""

    def __init__(self) -> None:
        self._line = ProgressLine()
        self._since = time.monotonic()
        self._looked = 0
        self.clear = self._line.clear

    def tell(self, page: Page) -> None:
        self._looked += page.looked
        if page.reached is not None and time.monotonic() - self._since >= QUIET_SECONDS:
            self._line.show(f"{looked_text(page.reached, self._looked)}; ctrl+c ends it ")


class LiveFrames:
    """A live feed's frames, from the moment this is made until the engine goes away; then EngineGone."""

    def __init__(self, client: ControlClient) -> None:
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(QUEUED_FRAMES)
        self._left_out = 0
        self._told = 0.0
        client.on_notification = self._came
        client.on_closed = self._closed

    def _came(self, name: str, params: object) -> None:
        if not isinstance(params, Frame):
            return
        self._left_out += params.left_out
        if self._frames.full():
            self._left_out += len(params.rows) + sum(group.count for group in params.refused)
        else:
            self._frames.put_nowait(params)

    def _closed(self) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def __aiter__(self) -> AsyncGenerator[Frame]:
        try:
            while (frame := await self._frames.get()) is not None:
                yield frame
                if time.monotonic() - self._told >= 1.0:
                    self._tell_left_out()
        finally:
            self._tell_left_out()
        raise EngineGone("the engine has gone away")

    def _tell_left_out(self) -> None:
        if self._left_out:
            sys.stderr.write(f"tidegate: {plural(self._left_out, 'row')} left out: more came than could be shown\n")
            self._left_out, self._told = 0, time.monotonic()
