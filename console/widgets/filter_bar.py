"""The line in which a filter or a search is typed, with its fault at its column while one types."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from rich.highlighter import Highlighter
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from console.text import sign, visible
from core.model.filter import FilterError, parse_filter

MARGIN = 3
"""Cells in front of the field: the slash."""
REMEMBERED = 100
"""Filters that the up key brings back."""


class _Faulty(Highlighter):
    """Underlines from the column that a fault names."""

    column: int = 0

    def highlight(self, text: Text) -> None:
        if self.column:
            text.stylize("underline", self.column - 1)


class _Line(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("down", "recall(1)", "Later", show=False),
        Binding("escape,tab,shift+tab", "cancel", "Cancel", show=False),
    ]

    @dataclass
    class Recalled(Message):
        step: int

    @dataclass
    class Cancelled(Message):
        pass

    def action_recall(self, step: int) -> None:
        self.post_message(self.Recalled(step))

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled())


def filter_fault(text: str) -> FilterError | None:
    """What is wrong with `text` as a filter."""
    try:
        parse_filter(text)
    except FilterError as error:
        return error
    return None


class FilterBar(Vertical):
    """`/`, the field, and at its right what `tell` says; below it a fault, only while there is one."""

    DEFAULT_CSS = """
    FilterBar { height: auto; }
    FilterBar > Horizontal { height: 1; }
    FilterBar .slash { width: 3; padding: 0 1; color: $text-quiet; }
    FilterBar:focus-within .slash { color: $primary; }
    FilterBar Input { width: 1fr; border: none; height: 1; padding: 0; background: $background; }
    FilterBar Input:focus { border: none; background: $surface; }
    FilterBar .told { width: auto; padding: 0 1; color: $text-quiet; }
    FilterBar .fault { height: auto; padding: 0 3; color: $state-error; display: none; }
    FilterBar .fault.-shown { display: block; }
    """

    @dataclass
    class Entered(Message):
        """A filter without a fault was entered; an empty one lets everything through."""

        text: str

    @dataclass
    class Left(Message):
        """The field was left without entering anything."""

    def __init__(
        self, placeholder: str, check: Callable[[str], FilterError | None] = filter_fault, *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.check = check
        self.entered = ""
        self.history: list[str] = []
        self._place = 0
        self._told = ""
        self._faulty = _Faulty()
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("/", classes="slash", markup=False)
            line = _Line(placeholder=self._placeholder, highlighter=self._faulty, select_on_focus=False)
            line.cursor_blink = False
            line.can_focus = False
            yield line
            yield Static("", classes="told", markup=False)
        yield Static("", classes="fault", markup=False)

    @property
    def line(self) -> Input:
        """The field itself."""
        return self.query_one(_Line)

    def open(self) -> None:
        """Gives the field the focus. It takes none by itself, so that tab stays among the panes."""
        self._place = len(self.history)
        self.line.can_focus = True
        self.line.focus()
        self.line.cursor_position = len(self.line.value)

    def show(self, text: str) -> None:
        """Shows a filter that was set elsewhere as the one entered."""
        self.entered = text
        self.line.value = text
        self._remember(text)

    def tell(self, text: str) -> None:
        """Says something at the right of the field."""
        if text != self._told:
            grew = len(text) != len(self._told)
            self._told = text
            self.query_one(".told", Static).update(Text(visible(text)), layout=grew)

    def show_fault(self, error: FilterError | None) -> None:
        """Points at a fault's column and says what is wrong there; None takes that away."""
        self._faulty.column = error.column if error else 0
        place = self.query_one(".fault", Static)
        place.set_class(error is not None, "-shown")
        if error is not None:
            arrow, words = " " * (error.column - 1) + sign("↑"), visible(error.message)
            fits = len(arrow) + 1 + len(words) <= self.size.width - 2 * MARGIN
            place.update(Text(f"{arrow} {words}" if fits else f"{arrow}\n{words}"))
        self.line.refresh()

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.show_fault(self.check(message.value))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        text = message.value.strip()
        if self.check(text) is not None:
            return
        self.show(text)
        self._leave()
        self.post_message(self.Entered(text))

    def on__line_cancelled(self, message: _Line.Cancelled) -> None:
        message.stop()
        self.line.value = self.entered
        self._leave()
        self.post_message(self.Left())

    def on_descendant_blur(self) -> None:
        """Clicked away from: what was not entered goes. A terminal that is looked away from keeps it."""
        if self.line.can_focus and self.app.app_focus:
            self.line.value = self.entered
            self.line.can_focus = False

    def on__line_recalled(self, message: _Line.Recalled) -> None:
        message.stop()
        self._place = max(0, min(len(self.history), self._place + message.step))
        self.line.value = self.history[self._place] if self._place < len(self.history) else ""
        self.line.cursor_position = len(self.line.value)

    def _leave(self) -> None:
        self.line.can_focus = False
        self.screen.set_focus(None)

    def _remember(self, text: str) -> None:
        if not text:
            return
        if text in self.history:
            self.history.remove(text)
        self.history = [*self.history, text][-REMEMBERED:]
