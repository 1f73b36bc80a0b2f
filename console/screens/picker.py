"""A dialog that offers things to choose from and narrows them as one types."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.fuzzy import Matcher
from textual.widgets import Input, Static

from console.screens.dialogs import Dialog
from console.widgets.rows import Line, Row, Rows, wrapped

WIDTH = 68
FRAME = 4
"""Cells of a dialog, and of its border and padding, as dialogs.tcss has them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to choose. `reason` says why it cannot be chosen; then it stands last."""

    id: str
    title: str
    summary: str = ""
    words: str = ""
    """What else it is found by: its type, its key."""
    reason: str = ""


class Picker(Dialog[str]):
    """Gives the chosen entry's id, or None. The best match is the current one already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("pagedown", "move(5)", show=False),
        Binding("pageup", "move(-5)", show=False),
    ]

    def __init__(self, heading: str, entries: list[Entry], *, verb: str = "Choose", hint: str = "") -> None:
        super().__init__()
        self.heading, self.entries, self.hint = heading, entries, hint
        self.keys = f"escape Cancel   enter {verb}"

    def compose_dialog(self) -> ComposeResult:
        yield Input(placeholder=self.hint or "type to find", compact=True)
        rows = Rows(classes="picker-rows")
        rows.can_focus = False
        yield rows
        yield Static(Text("nothing here is called that"), classes="picker-none")

    def on_mount(self) -> None:
        self._show("")

    def on_resize(self, event: events.Resize) -> None:
        self._show(self.query_one(Input).value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    def _show(self, typed: str) -> None:
        able = [entry for entry in self.matching(typed) if not entry.reason]
        unable = [entry for entry in self.matching(typed) if entry.reason]
        rows = [Row(entry.id, lambda width, entry=entry: _lines(entry, width)) for entry in able]
        if able and unable:
            rows.append(Row("-", lambda width: [[("─" * width, "painted--quiet")]], selectable=False))
        rows += [Row(entry.id, lambda width, entry=entry: _lines(entry, width), selectable=False) for entry in unable]
        shown = self.query_one(Rows)
        shown.show(rows)
        shown.action_edge(-1)
        room = max(3, self.size.height - 9)
        shown.styles.height = min(room, shown.height_for(self._width()))
        shown.display = bool(rows)
        self.query_one(".picker-none").display = not rows

    def _width(self) -> int:
        """The cells that the dialog's rules leave for the list, whether it was laid out yet or not."""
        return min(WIDTH, self.size.width * 96 // 100) - FRAME

    def matching(self, typed: str) -> list[Entry]:
        """The entries that fit what was typed, best first; all, in their order, where nothing was."""
        if not typed.strip():
            return self.entries
        scored = [(_score(typed.strip(), entry), entry) for entry in self.entries]
        return [entry for score, entry in sorted(scored, key=lambda pair: -pair[0]) if score > 0]

    def action_move(self, by: int) -> None:
        for _ in range(abs(by)):
            self.query_one(Rows).action_move(1 if by > 0 else -1)

    @on(Input.Submitted)
    def _chosen(self) -> None:
        current = self.query_one(Rows).current
        if current is not None:
            self.answer(current)


def _lines(entry: Entry, width: int) -> list[Line]:
    quiet = "painted--quiet"
    title: Line = [(entry.title, quiet if entry.reason else "rows--title")]
    said = wrapped(entry.reason or entry.summary, quiet, width, 2)
    return [title, *said]


def _score(typed: str, entry: Entry) -> float:
    """Plain finds come before scattered letters, and those in the title before those in the summary."""
    low = typed.lower()
    for weight, text in ((4.0, entry.words), (3.0, entry.title), (1.0, entry.summary)):
        place = text.lower().find(low)
        if place >= 0:
            begins = place == 0 or not text[place - 1].isalnum()
            return weight * 10 + (5 if begins else 0)
    matcher = Matcher(typed)
    return max(matcher.match(entry.title), matcher.match(entry.words))
