"""The live list of requests.

Rows are taken as they come; the screen is brought up to date on a clock, so that what a burst costs does not depend on
its size. Everything that must stay put is kept as a row's number in the ring.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from console.text import sign
from console.widgets.held_rows import HeldRows
from console.widgets.painted import Piece
from console.widgets.ring import RING_ROWS, Ring
from console.widgets.steady_view import SteadyView
from console.widgets.traffic_row import Columns, Line, row_line
from core.model.requests import TrafficRow

REFRESH_HZ = 10
"""Twice as many take twice the bytes on an SSH line and show an eye nothing more."""
GUTTER = 2
"""Cells in front of a line: cursor and mark."""
EDGE_ROWS = 20
"""So near to what is held, the rows beyond are asked for."""


class TrafficList(SteadyView, can_focus=True):
    """A bounded list of requests, newest at the bottom, that follows or stands still. Among them stand groups of those
    that were refused and only counted; the cursor passes over them, and no action takes them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"traffic--cursor", "traffic--cursor-blurred", "traffic--marked"}
    DEFAULT_CSS = """
    TrafficList {
        & > .traffic--cursor { background: $row-cursor; }
        & > .traffic--cursor-blurred { background: $row-cursor-blurred; }
        & > .traffic--marked { background: $row-marked; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "oldest", "Oldest", show=False),
        Binding("end,G", "follow", "Newest, and follow", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another row, or the list began to follow or to stand still."""

        traffic: "TrafficList"

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TrafficList.Moved)

    @dataclass
    class Opened(Message):
        """A row was clicked that was current already."""

        traffic: "TrafficList"

    @dataclass
    class Wanted(Message):
        """Someone scrolls near the end of what is held: rows beyond it are wanted."""

        traffic: "TrafficList"
        older: bool

    @dataclass
    class Behind(Message):
        """The feed follows again, but what it holds is not the newest: it is to be filled afresh."""

        traffic: "TrafficList"

    def __init__(self, capacity: int = RING_ROWS, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.held = HeldRows(capacity)
        self.columns = Columns()
        self.lines_a_row = 2
        self.cursor = 0
        self.marked: dict[str, TrafficRow] = {}
        self.empty = ""
        """What is said while there are no rows."""
        self._asking = False
        self._shown = (0, 0)
        self._epoch = 0

    # What is shown

    @property
    def ring(self) -> Ring[Line]:
        """The rows held."""
        return self.held.ring

    @property
    def following(self) -> bool:
        """Whether the newest row is kept in sight; else the list stands still."""
        return self.held.following

    @property
    def current(self) -> TrafficRow | None:
        """The request under the cursor."""
        row = self.current_line
        return row if isinstance(row, TrafficRow) else None

    @property
    def current_line(self) -> Line | None:
        """What is under the cursor."""
        return self.ring[self.ring.clamp(self.cursor)] if len(self.ring) else None

    def chosen(self) -> list[TrafficRow]:
        """What an action takes: the marked rows, else the current one."""
        return list(self.marked.values()) or ([self.current] if self.current else [])

    def visible_rows(self) -> tuple[int, int]:
        """The numbers of the first row on the screen and of the one after the last."""
        top = self.scroll_offset.y
        first = self.ring.first + top // self.lines_a_row
        last = self.ring.first + (top + max(1, self.size.height) - 1) // self.lines_a_row
        return first, min(last + 1, self.ring.end)

    # What comes in

    def receive(self, rows: Sequence[Line], left_out: int = 0) -> None:
        """Takes what a frame brought; the clock shows it."""
        self.held.receive(rows, left_out, self._first_looked_at())

    def redecoded(self, rows: Sequence[TrafficRow]) -> None:
        """Shows requests as they are decoded now, where they are held."""
        held = [row for row in rows if self.ring.replace(row)]
        for row in rows:
            if row.id in self.marked:
                self.marked[row.id] = row
        if held:
            self._epoch += 1
            self.refresh()
            self.post_message(self.Moved(self))

    def take_older(self, rows: Sequence[TrafficRow], more: bool) -> None:
        """Puts a page of older rows in front; `more` says whether there are still older ones."""
        self._asking = False
        self.held.take_older(rows, more, max(self.cursor, self.visible_rows()[1]))
        self.tick()

    def take_newer(self, rows: Sequence[TrafficRow], more: bool) -> None:
        """Puts a page behind the last row held; `more` says whether there are still newer ones."""
        self._asking = False
        self.held.take_newer(rows, more, self._first_looked_at())
        self.tick()

    def asked_in_vain(self) -> None:
        """The rows asked for could not be had; scrolling on asks again."""
        self._asking = False

    def _first_looked_at(self) -> int:
        return min(self.cursor, self.visible_rows()[0])

    def unmark(self) -> None:
        """Takes all marks away."""
        self.marked.clear()
        self.refresh()

    def clear(self) -> None:
        """Empties the list, to be filled afresh; the marks stay."""
        self.held.clear()
        self._asking = False
        self._shown = (self.ring.first, self.ring.first)
        self.resize_quietly(0)
        self.refresh()

    def say_when_empty(self, text: str) -> None:
        """What to say while there are no rows."""
        if text != self.empty:
            self.empty = text
            self.refresh()

    # The clock

    def on_mount(self) -> None:
        self.clock = self.set_interval(1 / REFRESH_HZ, self.tick)

    def tick(self) -> None:
        """Brings the screen up to what the ring holds."""
        first, end = self.ring.first, self.ring.end
        old_first, old_end = self._shown
        if (first, end) == (old_first, old_end):
            return
        self._shown = (first, end)
        filled = (old_end - old_first) * self.lines_a_row - self.scroll_offset.y >= self.size.height
        self.resize_quietly(len(self.ring) * self.lines_a_row)
        if self.following:
            self.cursor = end - 1
            self.scroll_quietly(self.bottom)
            self._learn()
            self.refresh()
            self.post_message(self.Moved(self))
            return
        steady = self.scroll_quietly(self.scroll_offset.y + (old_first - first) * self.lines_a_row)
        if not filled or not steady:
            self._learn()
            self.refresh()

    def _learn(self) -> None:
        width = self.cells - GUTTER
        grew = [self.columns.learn(row, width) for row in self.ring.slice(*self.visible_rows())]
        if any(grew):
            self._epoch += 1

    # Painting

    def render_line(self, y: int) -> Strip:
        width = self.cells
        line = self.scroll_offset.y + y
        number = self.ring.first + line // self.lines_a_row
        if not self.ring.first <= number < self.ring.end:
            said = self.empty if y == 1 and not len(self.ring) else ""
            return self.paint([("  ", ""), (said, "painted--quiet")], width)
        row = self.ring[number]
        part = line % self.lines_a_row
        current = number == self.cursor
        key = (row.id, part, width, current, self.has_focus, row.id in self.marked, self._epoch)
        strip = self._painted.get(key)
        if strip is None:
            strip = self._painted[key] = self._paint_row(row, part, width, current)
        return strip

    def _paint_row(self, row: Line, part: int, width: int, current: bool) -> Strip:
        marked = row.id in self.marked
        gutter: Piece = ("  ", "")
        if part == 0:
            gutter = (f"{sign('▸') if current else ' '}{sign('◆') if marked else ' '}", "painted--strong")
        pieces = row_line(row, part, self.lines_a_row, self.columns, width - GUTTER)
        cursor = "traffic--cursor" if self.has_focus else "traffic--cursor-blurred"
        return self.paint([gutter, *pieces], width, cursor if current else "traffic--marked" if marked else "")

    # Moving

    def action_move(self, rows: int) -> None:
        self._go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        self._go(self.cursor + pages * max(1, self.size.height // self.lines_a_row - 1))

    def action_oldest(self) -> None:
        self._go(self.ring.first)

    def action_follow(self) -> None:
        self.follow()

    def follow(self) -> None:
        """Goes to the newest row and stays there."""
        self.held.following = True
        self.held.arrived = 0
        if self.held.missed:
            self.clear()
            self.post_message(self.Behind(self))
        self._shown = (self.ring.first, self.ring.first)
        self.tick()
        self.post_message(self.Moved(self))

    def pause(self) -> None:
        """Stands still: the current row stays under the operator's eyes, whatever comes."""
        if self.following:
            self.held.following = False
            self.held.arrived = 0
            self.post_message(self.Moved(self))

    def find_failed(self, step: int) -> bool:
        """Puts the cursor on the next (`step` 1) or previous (-1) row that failed or was refused, if one is held."""
        return self._find(step, lambda row: row.outcome != "decoded") is not None

    def step(self, step: int) -> TrafficRow | None:
        """Puts the cursor on the next (`step` 1) or previous (-1) request, if one is held, and gives it."""
        return self._find(step, lambda row: True)

    def _find(self, step: int, wanted: Callable[[TrafficRow], bool]) -> TrafficRow | None:
        number = self.cursor + step
        while self.ring.first <= number < self.ring.end:
            row = self.ring[number]
            if isinstance(row, TrafficRow) and wanted(row):
                self._go(number)
                return row
            number += step
        return None

    def mark(self) -> None:
        """Marks the current row or takes its mark away, and goes on to the next."""
        if not len(self.ring):
            return
        row = self.current
        if row is not None and self.marked.pop(row.id, None) is None:
            self.marked[row.id] = row
        self.pause()
        self._go(self.cursor + 1)
        self.refresh()

    def set_lines(self, lines: int) -> None:
        """One or two lines a row."""
        top = self.cursor * self.lines_a_row - self.ring.first * self.lines_a_row - self.scroll_offset.y
        place = top // self.lines_a_row
        self.lines_a_row = lines
        self.forget_painted()
        self.resize_quietly(len(self.ring) * lines)
        self.scroll_quietly(self.bottom if self.following else (self.cursor - self.ring.first - place) * lines)
        self._learn()
        self.refresh()

    def _go(self, number: int) -> None:
        if not len(self.ring) or (self.following and number >= self.ring.end - 1):
            return
        self.pause()
        self.tick()
        old, self.cursor = self.cursor, self.ring.clamp(number)
        for row in {old, self.cursor}:
            self.refresh_lines((row - self.ring.first) * self.lines_a_row, self.lines_a_row)
        top = (self.cursor - self.ring.first) * self.lines_a_row
        height = self.size.height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False)
        elif top + self.lines_a_row > self.scroll_offset.y + height:
            self.scroll_to(y=top + self.lines_a_row - height, animate=False)
        self.post_message(self.Moved(self))
        self._ask_beyond()

    def _ask_beyond(self) -> None:
        if self._asking or self.following:
            return
        first, last = self.visible_rows()
        above, below = first - self.ring.first, self.ring.end - last
        older = self.held.more_older and above < EDGE_ROWS
        newer = self.held.missed > 0 and below < EDGE_ROWS
        if older or newer:
            self._asking = True
            self.post_message(self.Wanted(self, older and not (newer and below < above)))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolled by wheel or scrollbar, or by a cursor that left the screen: the cursor stays on it."""
        super().watch_scroll_y(old_value, new_value)
        self._learn()
        if round(new_value) < self.bottom:
            self.pause()
        if not self.following and len(self.ring):
            self._keep_cursor_on_screen()
        self._ask_beyond()

    def _keep_cursor_on_screen(self) -> None:
        top = self.scroll_offset.y
        first = self.ring.first + -(-top // self.lines_a_row)
        last = self.ring.first + (top + self.size.height) // self.lines_a_row - 1
        cursor = self.ring.clamp(max(first, min(self.cursor, max(first, last))))
        if cursor != self.cursor:
            self.cursor = cursor
            self.post_message(self.Moved(self))

    def on_resize(self, event: events.Resize) -> None:
        self._epoch += 1
        self._shown = (self._shown[0], self._shown[0])
        self.tick()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        number = self.ring.first + (self.scroll_offset.y + event.y) // self.lines_a_row
        if not self.ring.first <= number < self.ring.end:
            return
        again = number == self.cursor and not self.following
        self._go(number)
        if again:
            self.post_message(self.Opened(self))
