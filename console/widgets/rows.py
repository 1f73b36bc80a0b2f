"""A list of rows of one or more lines with a current row: tenants, sources, changes, what can be added."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from console.text import sign, visible
from console.widgets.painted import PaintedView, Piece

Line = list[Piece]
GUTTER = 3
"""Cells left of every row, where the current one has its mark."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `lines` makes its lines for a width. One that cannot be current (a heading, a reason) is passed over."""

    id: str
    lines: Callable[[int], list[Line]]
    selectable: bool = True


class Rows(PaintedView, can_focus=True):
    """The rows, painted; the current one is marked and stays current while rows come and go around it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--current",
        "rows--current-blurred",
        "rows--title",
        "rows--started",
        "rows--changing",
        "rows--stopped",
        "rows--error",
        "rows--staged",
        "rows--key",
    }
    DEFAULT_CSS = """
    Rows {
        background: $background;
        & > .rows--current { background: $row-cursor; }
        & > .rows--current-blurred { background: $row-cursor-blurred; }
        & > .rows--title { text-style: bold; }
        & > .rows--started { color: $state-started; }
        & > .rows--changing { color: $state-changing; }
        & > .rows--stopped { color: $state-stopped; }
        & > .rows--error { color: $state-error; }
        & > .rows--staged { color: $state-staged; }
        & > .rows--key { color: $accent; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
    ]

    class Moved(Message):
        """Another row is the current one."""

        def __init__(self, rows: "Rows", current: str | None) -> None:
            super().__init__()
            self.rows = rows
            self.current = current

        @property
        def control(self) -> "Rows":
            return self.rows

    def __init__(self, *, gutter: int = GUTTER, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._before = gutter
        self._rows: Sequence[Row] = ()
        self._lines: list[tuple[int, Line]] = []
        self._index = -1
        self._wanted: str | None = None

    @property
    def current(self) -> str | None:
        """The current row's id; None where there is none."""
        return self._rows[self._index].id if 0 <= self._index < len(self._rows) else None

    @property
    def count(self) -> int:
        """How many rows can be current."""
        return sum(row.selectable for row in self._rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Shows these rows. The current row stays current if it is still there, else its neighbour becomes current."""
        before, place = self.current, self._index
        self._rows = rows
        places = {row.id: number for number, row in enumerate(rows) if row.selectable}
        if self._wanted in places:
            self._index, self._wanted = places[self._wanted], None
        elif before in places:
            self._index = places[before]
        else:
            self._index = self._nearest(place)
        self._lay_out()
        if self.current != before:
            self.post_message(self.Moved(self, self.current))

    def go_to(self, row: str) -> None:
        """Makes a row current, now or as soon as it is there."""
        self._wanted = row
        self.show(self._rows)

    def _nearest(self, place: int) -> int:
        able = [number for number, row in enumerate(self._rows) if row.selectable]
        return min(able, key=lambda number: abs(number - max(0, place)), default=-1)

    def height_for(self, width: int) -> int:
        """How many lines the rows take in a list so wide, its scrollbar's gutter included."""
        gutter = self.scrollbar_size_vertical if self.styles.scrollbar_gutter == "stable" else 0
        return sum(len(row.lines(self._room(width - gutter))) for row in self._rows)

    def _room(self, width: int) -> int:
        return max(1, width - self._before - 1)

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        rows = self._rows if width else ()  # its width is not known yet: it is laid out again as soon as it is
        room = self._room(width)
        self._lines = [(number, line) for number, row in enumerate(rows) for line in row.lines(room)]
        self.forget_painted()
        self.virtual_size = Size(width, len(self._lines))
        self._keep_in_sight()
        self.refresh()

    def _keep_in_sight(self) -> None:
        mine = [y for y, (number, _) in enumerate(self._lines) if number == self._index]
        if mine:
            region = Region(0, mine[0], 1, min(len(mine), max(1, self.size.height)))
            self.scroll_to_region(region, animate=False, immediate=True, force=True)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return self.paint([], width)
        number, line = self._lines[place]
        current = number == self._index
        ground = (
            ("rows--current" if self.has_focus or not self.can_focus else "rows--current-blurred") if current else ""
        )
        first = place == 0 or self._lines[place - 1][0] != number
        gutter = f" {sign('▸')} " if current and first else " " * self._before
        return self.paint([(gutter, "rows--key"), *line], width, ground)

    # Moving.

    def _make_current(self, index: int) -> None:
        if index == self._index:
            return
        self._index = index
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.Moved(self, self.current))

    def action_move(self, by: int) -> None:
        ahead = range(self._index + 1, len(self._rows)) if by > 0 else range(self._index - 1, -1, -1)
        found = next((number for number in ahead if self._rows[number].selectable), None)
        if found is not None:
            self._make_current(found)
        else:  # what stands before the first and after the last row comes into sight
            (self.scroll_down if by > 0 else self.scroll_up)(animate=False)

    def action_page(self, by: int) -> None:
        lines, height = 0, max(1, self.size.height - 1)
        while lines < height:
            before = self._index
            self.action_move(by)
            if self._index == before:
                return
            lines += sum(number == self._index for number, _ in self._lines)

    def action_edge(self, to: int) -> None:
        able = [number for number, row in enumerate(self._rows) if row.selectable]
        if able:
            self._make_current(able[0] if to < 0 else able[-1])

    def on_click(self, event: events.Click) -> None:
        place = event.y + self.scroll_offset.y
        if place < len(self._lines):
            number = self._lines[place][0]
            if self._rows[number].selectable:
                self._make_current(number)
                if event.chain == 2:
                    self.call_later(self.screen.run_action, "perform('open')")


def cells(pieces: Line) -> int:
    """How many cells these pieces take."""
    return sum(cell_len(visible(text)) for text, _ in pieces)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` at the left edge and `right` at the right one; where both don't fit, `left` is cut."""
    room = width - cells(right) - 1
    shown: Line = []
    for text, name in left:
        part = _cut(visible(text), room)
        shown.append((part, name))
        room -= cell_len(part)
    return [*shown, (" " * (room + 1), ""), *right]


def _cut(text: str, room: int) -> str:
    if cell_len(text) <= room:
        return text
    while text and cell_len(text) > room - 1:
        text = text[:-1]
    return f"{text}…" if room > 0 else ""


def wrapped(text: str, name: str, width: int, indent: int = 0) -> list[Line]:
    """`text` in lines of at most `width` cells, each indented."""
    lines: list[Line] = []
    words, line = visible(text).split(), ""
    for word in words:
        if line and cell_len(line) + 1 + cell_len(word) > width - indent:
            lines.append([(" " * indent + line, name)])
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, [(" " * indent + line, name)]] if line else lines


STATE_STYLES = {
    "started": "rows--started",
    "starting": "rows--changing",
    "draining": "rows--changing",
    "stopping": "rows--changing",
    "stopped": "rows--stopped",
    "error": "rows--error",
    "staged": "rows--staged",
}
