"""Views that are painted line by line: only the lines on the screen are ever made."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.text import sign, visible

Piece = tuple[str, str]
"""A text and the component class that colours it; an empty class is the view's own colour."""

STRIPS = 512
"""Painted lines kept: several screens of them."""


class PaintedView(ScrollView):
    """A scrolling view made of `Piece`s.

    All text goes through `visible` here, the one place that makes strips: whatever a device sent, nothing of it steers
    the terminal, and none of it is markup.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "painted--quiet",
        "painted--strong",
        "painted--error",
        "painted--warning",
        "painted--key",
        "painted--string",
        "painted--number",
        "painted--literal",
        "painted--found",
        "painted--found-current",
    }

    DEFAULT_CSS = """
    PaintedView {
        background: $surface;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 0;
        & > .painted--quiet { color: $text-quiet; }
        & > .painted--strong { color: $primary; }
        & > .painted--error { color: $state-error; }
        & > .painted--warning { color: $state-changing; }
        & > .painted--key { color: $code-key; }
        & > .painted--string { color: $code-string; }
        & > .painted--number { color: $code-number; }
        & > .painted--literal { color: $code-literal; }
        & > .painted--found { color: $found-foreground; background: $found-background; }
        & > .painted--found-current {
            color: $found-foreground;
            background: $found-background;
            text-style: bold underline;
        }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._painted: LRUCache[object, Strip] = LRUCache(STRIPS)
        self._styles_by_class: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.forget_painted()
        self._styles_by_class.clear()

    def forget_painted(self) -> None:
        """Drops the strips made so far: what they show has changed."""
        self._painted.clear()

    def component_style(self, name: str) -> Style:
        """The partial style of a component class, the view's own for none; looked up once until styles change."""
        found = self._styles_by_class.get(name)
        if found is None:
            found = self.get_component_rich_style(name, partial=True) if name else self.rich_style
            self._styles_by_class[name] = found
        return found

    def paint(self, pieces: Sequence[Piece], width: int, ground: str = "") -> Strip:
        """A strip exactly `width` cells wide; `ground` is the component class of the whole line's background."""
        base = self.component_style("")
        if ground:
            base += self.component_style(ground)
        segments: list[Segment] = []
        left = width
        for text, name in joined(pieces):
            shown = visible(text)
            cells = cell_len(shown)
            if cells > left:
                shown, cells = set_cell_size(shown, left), left
            if shown:
                segments.append(Segment(shown, base + self.component_style(name) if name else base))
            left -= cells
            if left <= 0:
                break
        if left > 0:
            segments.append(Segment(" " * left, base))
        return Strip(segments, width)


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same in fewer pieces: neighbours of one class cost the terminal one change of colour."""
    fewer: list[Piece] = []
    for text, name in pieces:
        if fewer and fewer[-1][1] == name:
            fewer[-1] = (fewer[-1][0] + text, fewer[-1][1])
        else:
            fewer.append((text, name))
    return fewer


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells, cut with an ellipsis where it is longer."""
    shown = visible(text)
    cells = cell_len(shown)
    if cells > width:
        return set_cell_size(shown, max(0, width - 1)) + sign("…") if width > 0 else ""
    return " " * (width - cells) + shown if right else shown + " " * (width - cells)
