"""Dialogs that any screen may open: a question, a notice, what can be done here."""

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from console.actions import Action
from console.session import console_of
from console.text import visible

R = TypeVar("R")


class Dialog(ModalScreen[R]):
    """A box over a screen; `TidegateScreen.ask` opens it. `escape` closes it with no answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    heading: str = ""
    keys: str = ""
    _answered = False
    """It closes once, however fast keys come."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Text(visible(self.heading)).markup
            yield from self.compose_dialog()
            yield Static(self.keys, classes="dialog-keys", markup=False)

    def compose_dialog(self) -> ComposeResult:
        """What is in the box."""
        yield from ()

    def action_cancel(self) -> None:
        if not self._answered:
            self._answered = True
            self.dismiss(None)

    def answer(self, result: R) -> None:
        """Closes it with an answer. Keys pressed before that has had its effect wait for it."""
        if not self._answered:
            self._answered = True
            console_of(self).hold_keys()
            self.dismiss(result)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a question; `key` chooses it at once."""

    name: str
    title: str
    key: str


class Question(Dialog[str]):
    """Asks; gives the chosen answer's name, or None where it was cancelled. The first answer is the current one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]
    keys = "escape Cancel   enter Choose"

    def __init__(self, heading: str, text: str, answers: tuple[Answer, ...]) -> None:
        super().__init__()
        self.heading, self.text, self.answers = heading, text, answers

    def compose_dialog(self) -> ComposeResult:
        yield Static(Text(visible(self.text, lines=True)), classes="dialog-text")
        yield OptionList(*(Option(self._line(answer), id=answer.name) for answer in self.answers))

    def _line(self, answer: Answer) -> Text:
        return Text.assemble((f"{answer.key} ", "bold"), answer.title)

    def action_move(self, by: int) -> None:
        answers = self.query_one(OptionList)
        answers.action_cursor_down() if by > 0 else answers.action_cursor_up()

    def on_key(self, event: events.Key) -> None:
        for answer in self.answers:
            if event.character == answer.key:
                event.stop()
                self.answer(answer.name)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.answer(event.option.id or "")


class Notice(Dialog[None]):
    """Says something longer than the row above the footer has room for."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,question_mark,f1,q", "cancel", show=False)]
    keys = "escape Close"

    def __init__(self, heading: str, text: RenderableType) -> None:
        super().__init__()
        self.heading, self.text = heading, text

    def compose_dialog(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-scroll"):
            yield Static(self.text)

    def show(self, text: RenderableType) -> None:
        """Says this instead, for what goes on while somebody reads; where it was scrolled to stays."""
        self.text = text
        if self.is_mounted and not self._answered:
            self.query_one(".dialog-scroll Static", Static).update(text)


def help_text(about: str, actions: tuple[Action, ...]) -> RenderableType:
    """What a screen is for and what can be done on it."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True, style="bold")
    table.add_column()
    for action in actions:
        table.add_row(action.shown_key, Text(f"{action.title}: {action.description}"))
    table.add_row("^p", Text("Commands: finds every action and screen by its title"))
    table.add_row("^q", Text("Quit, also from inside a text field"))
    return Group(Text(f"{about}\n"), table) if about else table
