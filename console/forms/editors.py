"""What a value is typed or chosen in."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from console.text import sign, visible

STEPS: list[BindingType] = [
    Binding("up", "app.focus_previous", "Previous field", show=False),
    Binding("down", "app.focus_next", "Next field", show=False),
]


class TextEditor(Input):
    """One line of text. Up and down go to the neighbouring fields, as tab does."""

    BINDINGS: ClassVar[list[BindingType]] = [*STEPS, Binding("enter", "app.focus_next", "Next field", show=False)]

    class Edited(Message):
        """The text is another by the operator's hand."""

        def __init__(self, editor: "TextEditor | ChoiceEditor") -> None:
            super().__init__()
            self.editor = editor

    def __init__(self, text: str, placeholder: str = "", *, password: bool = False) -> None:
        super().__init__(text, placeholder=placeholder, password=password, compact=True)

    @property
    def text(self) -> str:
        """What is in it."""
        return self.value

    def show(self, text: str) -> None:
        """Shows `text`, without calling it an edit."""
        if text != self.value:
            with self.prevent(Input.Changed):
                self.value = text

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self))


class ChoiceEditor(Widget, can_focus=True):
    """One of a few values; space and the arrows turn it."""

    DEFAULT_CSS = """
    ChoiceEditor { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *STEPS,
        Binding("space,right,l", "turn(1)", "Next value", show=False),
        Binding("left,h", "turn(-1)", "Previous value", show=False),
        Binding("enter", "app.focus_next", "Next field", show=False),
    ]

    def __init__(self, text: str, choices: tuple[str, ...]) -> None:
        super().__init__()
        self.text = text
        self.choices = choices

    def show(self, text: str) -> None:
        """Shows `text`, without calling it an edit."""
        self.text = text
        self.refresh()

    def render(self) -> RenderResult:
        ways = "  space changes it" if self.has_focus else ""
        return Text(f"‹ {visible(self.text)} ›" if sign("▸") == "▸" else f"< {visible(self.text)} >").append(
            ways, "dim"
        )

    def action_turn(self, by: int) -> None:
        place = self.choices.index(self.text) if self.text in self.choices else -by
        self.show(self.choices[(place + by) % len(self.choices)])
        self.post_message(TextEditor.Edited(self))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_turn(1)


class ScriptEditor(Widget, can_focus=True):
    """The name of a script; enter chooses one from the scripts folders or makes one, `e` opens it in $EDITOR."""

    DEFAULT_CSS = """
    ScriptEditor { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*STEPS, Binding("enter,space", "choose", "Choose", show=False)]

    class Wanted(Message):
        """The operator wants to choose a script."""

        def __init__(self, editor: "ScriptEditor") -> None:
            super().__init__()
            self.editor = editor

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def show(self, text: str) -> None:
        """Shows `text`, without calling it an edit."""
        self.text = text
        self.refresh()

    def render(self) -> RenderResult:
        return Text(visible(self.text) or "none chosen: enter", no_wrap=True)

    def action_choose(self) -> None:
        self.post_message(self.Wanted(self))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.action_choose()
