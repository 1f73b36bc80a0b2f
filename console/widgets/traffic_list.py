"""The live list of requests.

Rows are taken as they come; the screen is brought up to date on a clock, so that what a burst costs does not depend on
its size.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.strip import Strip

from console.text import sign
from console.widgets.painted import Piece
from console.widgets.ring import RING_ROWS
from console.widgets.traffic_cursor import TrafficCursor
from console.widgets.traffic_row import Columns, Line, row_line
from core.model.requests import TrafficRow

REFRESH_HZ = 10
"""Twice as many take twice the bytes on an SSH line and show an eye nothing more."""
GUTTER = 2
"""Cells in front of a line: cursor and mark."""


class TrafficList(TrafficCursor):
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

    def __init__(self, capacity: int = RING_ROWS, *, id: str | None = None) -> None:
        super().__init__(capacity, id=id)
        self.columns = Columns()
        self.marked: dict[str, TrafficRow] = {}
        self.empty = ""
        """What is said while there are no rows."""
        self._epoch = 0

    def chosen(self) -> list[TrafficRow]:
        """What an action takes: the marked rows, else the current one."""
        return list(self.marked.values()) or ([self.current] if self.current else [])

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
            self.learn()
            self.refresh()
            self.post_message(self.Moved(self))
            return
        steady = self.scroll_quietly(self.scroll_offset.y + (old_first - first) * self.lines_a_row)
        if not filled or not steady:
            self.learn()
            self.refresh()

    def learn(self) -> None:
        """Makes the columns as wide as these rows ask for."""
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

    # What an operator does with it.

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
        self.learn()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._epoch += 1
        self._shown = (self._shown[0], self._shown[0])
        self.tick()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()
