"""A unified diff, painted: what goes, what comes, and how much of each."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from console.text import sign
from console.widgets.painted import PaintedView, Piece


class DiffView(PaintedView, can_focus=True):
    """The text half of a plan."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff--comes", "diff--goes", "diff--place"}
    DEFAULT_CSS = """
    DiffView {
        background: $background;
        & > .diff--comes { color: $state-started; }
        & > .diff--goes { color: $state-error; }
        & > .diff--place { color: $state-staged; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[list[Piece]] = []

    def show(self, diff: str) -> None:
        """Shows a diff as difflib's `unified_diff` writes it."""
        body = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
        comes = sum(line.startswith("+") for line in body)
        goes = sum(line.startswith("-") for line in body)
        self._lines = [[("tenant.toml  ", ""), (f"+{comes}", "diff--comes"), (f" {sign('−')}{goes}", "diff--goes")]]
        self._lines += [[(line, _style(line))] for line in body]
        self.forget_painted()
        self.virtual_size = Size(1, len(self._lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        place = y + self.scroll_offset.y
        return self.paint([("   ", ""), *(self._lines[place] if place < len(self._lines) else [])], width)


def _style(line: str) -> str:
    return {"+": "diff--comes", "-": "diff--goes", "@": "diff--place"}.get(line[:1], "painted--quiet")
