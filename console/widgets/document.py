"""A text of any length in a scrolling view, long lines folded, in which one can search."""

import bisect
import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.strip import Strip

from console.text import visible
from console.widgets.painted import PaintedView, Piece

TAB = 4
COLOURED_LINES = 128
"""Lines whose pieces are kept: a very long line, folded, is asked for its pieces once for each part."""

Colours = Callable[[str], list[Piece]]
"""Cuts one line of a text into coloured pieces."""
Span = tuple[int, int, int]
"""A match: which line, from which character to which."""


def plain(line: str) -> list[Piece]:
    """No colours."""
    return [(line, "")]


class Document(PaintedView, can_focus=True):
    """Lines of text, of which only those on the screen are coloured and painted."""

    DEFAULT_CSS = """
    Document { background: $background; overflow-y: auto; overflow-x: hidden; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "lines(-1)", "Up", show=False),
        Binding("down,j", "lines(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "pages(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "pages(1)", "Page down", show=False),
        Binding("home,g", "top", "Top", show=False),
        Binding("end,G", "end", "End", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[str] = ()
        self._colours: Colours = plain
        self._folded: list[tuple[int, int, int]] = []
        self._coloured: LRUCache[int, list[Piece]] = LRUCache(COLOURED_LINES)
        self._found: list[Span] = []
        self._at = -1

    def show(self, lines: Sequence[str], colours: Colours = plain) -> None:
        """Shows these lines from their beginning; an earlier search is forgotten."""
        self._lines = [visible(line.expandtabs(TAB)) for line in lines]
        self._colours = colours
        self._coloured.clear()
        self._found, self._at = [], -1
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    def extend(self, lines: Sequence[str], colours: Colours = plain) -> None:
        """Shows these lines, of which the first ones are those that are shown, and stays where it is."""
        at = self.scroll_offset.y
        self.show(lines, colours)
        self.scroll_there(at)

    def text(self) -> str:
        """All of it, as one text."""
        return "\n".join(self._lines)

    def line_count(self) -> int:
        """Lines on the screen if it were endless."""
        return len(self._folded)

    def pieces(self, y: int) -> list[Piece]:
        """The pieces of one line on the screen, matches picked out."""
        number, start, stop = self._folded[y]
        pieces = self._coloured.get(number)
        if pieces is None:
            pieces = self._coloured[number] = self._colours(self._lines[number])
        if (start, stop) != (0, len(self._lines[number])):
            pieces = sliced(pieces, start, stop)
        place = bisect.bisect_right(self._found, (number, start), key=lambda span: (span[0], span[2]))
        while place < len(self._found) and self._found[place][:2] < (number, stop):
            _, first, last = self._found[place]
            pieces = overlaid(pieces, max(0, first - start), min(last, stop) - start, self._match_class(place))
            place += 1
        return pieces

    def _match_class(self, place: int) -> str:
        return "painted--found-current" if place == self._at else "painted--found"

    def search(self, text: str) -> int:
        """Finds `text` in any case and goes to the first place; how many there are."""
        self._found = []
        if text:
            wanted = re.compile(re.escape(text), re.IGNORECASE)
            for number, line in enumerate(self._lines):
                self._found += [(number, *match.span()) for match in wanted.finditer(line)]
        self._at = -1
        self.forget_painted()
        self.refresh()
        self.step(1)
        return len(self._found)

    def step(self, by: int) -> str:
        """Goes to the next (1) or previous (-1) place found, round the end; says which of how many, if any."""
        if not self._found:
            return ""
        self._at = (self._at + by) % len(self._found)
        self._go_to(self._found[self._at])
        self.forget_painted()
        self.refresh()
        return f"{self._at + 1:,} of {len(self._found):,}"

    def _go_to(self, span: Span) -> None:
        number, first, _ = span
        y = next(y for y, (line, _, stop) in enumerate(self._folded) if line == number and first < stop)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= y < top + height:
            self.scroll_there(y - height // 3)

    # Scrolling, also where a scrollbar is yet to appear: a key may be faster than the layout.

    def action_lines(self, lines: int) -> None:
        self.scroll_there(self.scroll_offset.y + lines)

    def action_pages(self, pages: int) -> None:
        self.scroll_there(self.scroll_offset.y + pages * max(1, self.size.height - 1))

    def action_top(self) -> None:
        self.scroll_there(0)

    def action_end(self) -> None:
        self.scroll_there(self.line_count())

    def scroll_there(self, y: int) -> None:
        """Makes line `y` of the screen's lines the first one, as far as there are enough."""
        self.scroll_to(y=max(0, y), animate=False, force=True)

    @property
    def fold_width(self) -> int:
        """Cells of a line; the scrollbar's is left free, so that nothing moves when it appears."""
        return max(8, self.content_size.width - self.styles.scrollbar_size_vertical)

    def _lay_out(self) -> None:
        width = self.fold_width
        self._folded = [fold for number, line in enumerate(self._lines) for fold in folds(number, line, width)]
        self.forget_painted()
        self.virtual_size = Size(width, self.line_count())
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = self.scroll_offset.y + y
        if place >= self.line_count():
            return self.paint([], width)
        strip = self._painted.get((place, width))
        if strip is None:
            strip = self._painted[(place, width)] = self.paint(self.pieces(place), width)
        return strip


def folds(number: int, line: str, width: int) -> list[tuple[int, int, int]]:
    """Where line `number` is cut so that each part fits into `width` cells."""
    if len(line) <= width and (line.isascii() or cell_len(line) <= width):
        return [(number, 0, len(line))]
    parts: list[tuple[int, int, int]] = []
    start = 0
    for part in chop_cells(line, width):
        parts.append((number, start, start + len(part)))
        start += len(part)
    return parts


def sliced(pieces: list[Piece], start: int, stop: int) -> list[Piece]:
    """The pieces of the characters from `start` to `stop`."""
    cut: list[Piece] = []
    at = 0
    for text, name in pieces:
        part = text[max(0, start - at) : max(0, stop - at)]
        if part:
            cut.append((part, name))
        at += len(text)
    return cut


def overlaid(pieces: list[Piece], start: int, stop: int, name: str) -> list[Piece]:
    """The pieces with the characters from `start` to `stop` in another class."""
    length = sum(len(text) for text, _ in pieces)
    inside = "".join(text for text, _ in sliced(pieces, start, stop))
    return [*sliced(pieces, 0, start), (inside, name), *sliced(pieces, stop, length)]
