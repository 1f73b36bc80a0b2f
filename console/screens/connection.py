"""One connection: its frames in both directions, what scripts remember of it, what is here of an unfinished frame."""

import json
from functools import partial
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from console.actions import ACTIONS, Action
from console.screens.base import TidegateScreen
from console.screens.closing import ask_to_close
from console.screens.request import OneRequest
from console.screens.save import copied
from console.text import bytes_text, clock_text, plural, sign
from console.widgets.connection_row import about, open_words
from console.widgets.document import Document
from console.widgets.frame_lines import dump_colours
from console.widgets.frame_row import frame_lines, unfinished_lines
from console.widgets.rows import Line, Row, Rows, wrapped
from console.widgets.tab_line import TabLine
from core.control.client import ControlError
from core.control.codes import NOT_FOUND
from core.control.connection_frames import frames_of, newest_frames
from core.control.connections import ConnectionFrame, ConnectionFrames, FramesOf, OfConnection
from core.model.connections import Connection, ConnectionDetail
from core.model.hex_dump import dump
from core.model.requests import TrafficRow

EVERY = 1.0
"""Seconds between two looks at what is new."""
PAGE = 100
"""Frames that are fetched at a time."""
MOST_HELD = 2000
"""Frames that are held; of more the oldest go."""
UNFINISHED = "-"
"""The id of the row of unfinished bytes; no request's id begins with a sign."""
TABS = ("frames", "state", "unfinished")
TITLES = ("Frames", "State", "Unfinished")


class OneConnection(TidegateScreen):
    """A connection, fresh every second as long as it is open."""

    TITLE = "Connection"
    PLACE = "tenants"
    ABOUT = (
        "One connection, its newest frame last. Each frame is shown as its bytes came (in) and as it was answered "
        "(out), with what became of it; what was refused is among them with the reason, and what is here of an "
        "unfinished frame stands last. enter shows a frame as a request, with all its bytes and events.\n\n"
        "tab goes on to what scripts remember of the connection, and to the unfinished bytes. The frames are the "
        "journal's: they stay when the connection has gone. Earlier ones are fetched as one goes up to the first. "
        "↻ stands before what a replay made of a frame."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "tab(1)", "Next tab", show=False),
        Binding("shift+tab,left", "tab(-1)", "Previous tab", show=False),
    ]
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["open"].titled("Open", "shows the current frame as a request"),
        ACTIONS["close"].titled("Close Connection", "closes this connection, after a question"),
        ACTIONS["copy"].titled("Copy", "copies the current frame and its answer in hexadecimal"),
    )

    def __init__(
        self, tenant: str, source: str, known: Connection, place: str = PLACE, frames: FramesOf | None = None
    ) -> None:
        """`frames` says which frames are meant where the engine knows the connection no more."""
        super().__init__()
        self.tenant = tenant
        self.source = source
        self.known = known
        self.detail: ConnectionDetail | None = None
        self.place = place
        self.frames: list[ConnectionFrame] = []
        self._asked = frames
        self._gone = frames is not None
        self._earlier = False
        """There are earlier frames than those that are held."""
        self._filled = False
        self._asking = False

    def compose_body(self) -> ComposeResult:
        facts = Rows(gutter=1, id="facts")
        facts.can_focus = False
        yield facts
        yield TabLine(*TITLES)
        with ContentSwitcher(initial=TABS[0]):
            yield Rows(id="frames")
            yield Document(id="state")
            yield Document(id="unfinished")

    def on_mount(self) -> None:
        self.rows.focus()
        self._show_facts()
        self.set_interval(EVERY, self._look)
        self._look()

    @property
    def rows(self) -> Rows:
        """The frames."""
        return self.query_one("#frames", Rows)

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.tenant, self.source, "Connections", self.known.remote)

    # Fetching.

    def _look(self) -> None:
        """Asks for what is new, unless that was asked and not answered yet."""
        if self.is_current and self.link.up and not self._asking:
            self._asking = True
            self.run_worker(partial(self.tried, self._fetch))

    async def _fetch(self) -> None:
        try:
            if not self._gone:
                await self._fetch_facts()
            if not self._filled or self.known.closed_date is None or self._asked is None:
                await self._fetch_frames()
            self._filled = True
        finally:
            self._asking = False
        self._show_frames()

    async def _fetch_facts(self) -> None:
        asked = OfConnection(tenant=self.tenant, source=self.source, id=self.known.id)
        try:
            detail = await self.link.call("connections.get", asked, ConnectionDetail)
        except ControlError as error:
            if error.code != NOT_FOUND:
                raise
            self._gone = True
            self.say("the engine knows this connection no more; what was kept of it stays", "waits")
            return
        if detail.closed_date is not None and self.known.closed_date is None:
            self._filled = False  # its last frames may have come since the last look
        self.known = self.detail = detail
        self._show_facts()

    async def _fetch_frames(self) -> None:
        asked = self._asked or frames_of(self.tenant, self.source, self.known)
        if not self.frames:
            page = await newest_frames(self.link, asked, PAGE)
            self.frames, self._earlier = page.frames, page.more
            return
        asked = msgspec.structs.replace(asked, after=self.frames[-1].request.id, limit=PAGE)
        page = await self.link.call("connections.frames", asked, ConnectionFrames)
        held = [*self.frames, *page.frames]
        self._earlier = self._earlier or len(held) > MOST_HELD
        self.frames = held[-MOST_HELD:]

    async def _fetch_earlier(self) -> None:
        if self._asking or not self._earlier or not self.frames:
            return
        self._asking = True
        try:
            asked = self._asked or frames_of(self.tenant, self.source, self.known)
            asked = msgspec.structs.replace(asked, before=self.frames[0].request.id)
            page = await newest_frames(self.link, asked, PAGE)
            self._earlier = page.more and len(self.frames) + len(page.frames) < MOST_HELD
            self.frames = page.frames + self.frames
        finally:
            self._asking = False
        self._show_frames()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    # Showing.

    def _show_facts(self) -> None:
        if not self.stands:
            return
        self.query_one("#facts", Rows).show([Row("facts", self._fact_lines, selectable=False)])
        self.query_one("#state", Document).show(self._state_lines())
        detail = self.detail
        tail = detail.tail if detail else b""
        self.query_one("#unfinished", Document).show(_tail_lines(detail), dump_colours)
        titles = [*TITLES[:2], f"Unfinished {bytes_text(detail.unfinished)}" if detail and tail else TITLES[2]]
        self.query_one(TabLine).show(titles, self.query_one(TabLine).active)

    def _fact_lines(self, width: int) -> list[Line]:
        known = self.known
        open = known.closed_date is None
        head: Line = [
            (f"{open_words(known)}  ", "rows--started" if open else "rows--stopped"),
            (f"{known.remote}  ", "rows--title"),
            (f"{known.device or ''}  ", ""),
            (known.id, "painted--quiet"),
        ]
        if not known.id:
            return [head[1:], *wrapped(known.reason or "", "painted--quiet", width)]
        last = f"last {clock_text(known.last_date)}" if known.last_date else "no frame yet"
        sizes = f"{bytes_text(known.bytes_in)} in  {bytes_text(known.bytes_out)} out"
        times = f"opened {clock_text(known.opened_date)}  {last}  {plural(known.requests, 'frame')}  {sizes}"
        said = about(known)
        if known.closed_date is not None:
            said = f"{clock_text(known.closed_date)}  {said}"
        name = "painted--quiet" if open else "rows--changing"
        return [head, [(times, "painted--quiet")], *(wrapped(said, name, width) if said else [])]

    def _state_lines(self) -> list[str]:
        detail = self.detail
        if detail is None:
            return ["nothing more is known of this connection than its frames, which keep the state they were taken in"]
        lines = [f"its state cannot be shown: {detail.state_reason}"] if detail.state_reason else []
        if detail.state:
            lines += ["What scripts remember (`state`)", *_indented(detail.state)]
        elif not lines:
            lines.append("scripts remember nothing of this connection")
        if detail.facts:
            lines += ["", "What its requests have in common (`metadata`)", *_indented(detail.facts)]
        return lines

    def _show_frames(self) -> None:
        if not self.stands:
            return
        shown = self.rows
        at_end = shown.current in (None, self._last)
        rows = [Row(each.request.id, partial(frame_lines, each)) for each in self.frames]
        if self._earlier:
            said = f"{sign('…')} earlier frames are fetched when the first one is current"
            rows.insert(0, Row("", lambda width: [[(said, "painted--quiet")]], selectable=False))
        if self.detail is not None and self.detail.unfinished:
            rows.append(Row(UNFINISHED, partial(unfinished_lines, self.detail)))
        if not rows:
            said_none = "no frame of this connection is kept yet" if self._filled else ""
            rows = [Row("", lambda width: [[(said_none, "painted--quiet")]], selectable=False)]
        self._last = rows[-1].id
        if at_end and rows[-1].selectable:
            shown.go_to(self._last)
        shown.show(rows)

    _last = ""
    """The last row's id."""

    @on(Rows.Moved, "#frames")
    def _moved(self) -> None:
        if self._earlier and self.frames and self.rows.current == self.frames[0].request.id:
            self.work(self._fetch_earlier)

    def action_tab(self, by: int) -> None:
        self.query_one(TabLine).move(by)

    @on(TabLine.Switched)
    def _switched(self, message: TabLine.Switched) -> None:
        name = TABS[message.active]
        self.query_one(ContentSwitcher).current = name
        if self.is_current:
            self.query_one(f"#{name}").focus()

    # Doing.

    @property
    def current(self) -> ConnectionFrame | None:
        """The current frame."""
        return next((each for each in self.frames if each.request.id == self.rows.current), None)

    def step(self, by: int) -> TrafficRow | None:
        """Makes the next (1) or previous (-1) frame the current one."""
        places = [number for number, each in enumerate(self.frames) if each.request.id == self.rows.current]
        if not places or not 0 <= places[0] + by < len(self.frames):
            return None
        row = self.frames[places[0] + by].request
        self.rows.go_to(row.id)
        return row

    async def action_open(self) -> None:
        current = self.current
        if current is not None:
            request = OneRequest(current.request, self.step)
            request.place = self.place
            await self.app.push_screen(request)
        elif self.rows.current == UNFINISHED:
            self.query_one(TabLine).active = TABS.index("unfinished")

    async def action_close(self) -> None:
        if self.known.closed_date is not None or self._gone:
            self.say(f"it is closed already: {self.known.reason or 'the engine knows it no more'}", "wrong")
        else:
            await ask_to_close(self, self.tenant, self.source, self.known, self._look)

    def action_copy(self) -> None:
        current = self.current
        if current is None:
            return
        parts = (("in", current.came), ("out", current.answered))
        text = "".join(f"{way} {data.hex(' ')}\n" for way, data in parts if data)
        self.app.copy_to_clipboard(text)
        self.say(copied("frame", len(text)))


def _indented(values: dict[str, object]) -> list[str]:
    return [f"  {line}" for line in json.dumps(values, indent=2, ensure_ascii=False).split("\n")[1:-1]]


def _tail_lines(detail: ConnectionDetail | None) -> list[str]:
    if detail is None or not detail.unfinished:
        return ["nothing of an unfinished frame is here"]
    lines = [f"{line.offset}  {line.cells}{line.text}" for line in dump(detail.tail)]
    left = detail.unfinished - len(detail.tail)
    return [*lines, f"{sign('…')} {left:,} bytes more"] if left > 0 else lines
