"""The cursor of the live list of requests: where it stands, and how it moves, among rows that come and go.

Everything that must stay put is kept as a row's number in the ring.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.widgets.held_rows import HeldRows
from console.widgets.ring import RING_ROWS, Ring
from console.widgets.steady_view import SteadyView
from console.widgets.traffic_row import Line
from core.model.requests import TrafficRow

EDGE_ROWS = 20
"""So near to what is held, the rows beyond are asked for."""


class TrafficCursor(SteadyView, can_focus=True):
    """Rows that are held, one of which is current, and which follow the newest or stand still. What is painted of them
    is the subclass's."""

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

        traffic: "TrafficCursor"

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, TrafficCursor.Moved)

    @dataclass
    class Opened(Message):
        """A row was clicked that was current already."""

        traffic: "TrafficCursor"

    @dataclass
    class Wanted(Message):
        """Someone scrolls near the end of what is held: rows beyond it are wanted."""

        traffic: "TrafficCursor"
        older: bool

    @dataclass
    class Behind(Message):
        """The feed follows again, but what it holds is not the newest: it is to be filled afresh."""

        traffic: "TrafficCursor"

    def __init__(self, capacity: int = RING_ROWS, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.held = HeldRows(capacity)
        self.lines_a_row = 2
        self.cursor = 0
        self._asking = False
        self._shown = (0, 0)

    # What subclasses do.

    def tick(self) -> None:
        """Brings the screen up to what the ring holds."""
        raise NotImplementedError

    def learn(self) -> None:
        """Looks at the rows on the screen before they are painted."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empties the list, to be filled afresh."""
        raise NotImplementedError

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

    def visible_rows(self) -> tuple[int, int]:
        """The numbers of the first row on the screen and of the one after the last."""
        top = self.scroll_offset.y
        first = self.ring.first + top // self.lines_a_row
        last = self.ring.first + (top + max(1, self.size.height) - 1) // self.lines_a_row
        return first, min(last + 1, self.ring.end)

    def _first_looked_at(self) -> int:
        return min(self.cursor, self.visible_rows()[0])

    def asked_in_vain(self) -> None:
        """The rows asked for could not be had; scrolling on asks again."""
        self._asking = False

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
        self.learn()
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

    def on_click(self, event: events.Click) -> None:
        number = self.ring.first + (self.scroll_offset.y + event.y) // self.lines_a_row
        if not self.ring.first <= number < self.ring.end:
            return
        again = number == self.cursor and not self.following
        self._go(number)
        if again:
            self.post_message(self.Opened(self))
