"""Tabs in one line: `┌ Body ┐  Head   Decode log`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from console.text import ascii_only


class TabLine(Widget):
    """The names of some panes, one of them the active one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--tab", "tabs--active"}
    DEFAULT_CSS = """
    TabLine {
        height: 1;
        & > .tabs--tab { color: $text-quiet; }
        & > .tabs--active { color: $primary; text-style: bold; }
    }
    """
    active: reactive[int] = reactive(0)

    @dataclass
    class Switched(Message):
        """Another tab is the active one."""

        tabs: "TabLine"
        active: int

        @property
        def control(self) -> "TabLine":
            return self.tabs

    def __init__(self, *names: str, id: str | None = None) -> None:
        super().__init__(id=id)
        self.names = list(names)

    def show(self, names: Sequence[str], active: int) -> None:
        """Shows other tabs, one of them active."""
        if self.names != [*names]:
            self.names = [*names]
            self.refresh()
        self.active = active

    def rename(self, place: int, name: str) -> None:
        """Gives a tab another name, such as one with a count."""
        if self.names[place] != name:
            self.names[place] = name
            self.refresh()

    def move(self, by: int) -> None:
        """Goes to the next (1) or previous (-1) tab, round the end."""
        self.active = (self.active + by) % len(self.names)

    def watch_active(self) -> None:
        self.post_message(self.Switched(self, self.active))

    def render(self) -> RenderResult:
        text = Text(" ", no_wrap=True, end="")
        for place, shown in enumerate(self._shown()):
            kind = "tabs--active" if place == self.active else "tabs--tab"
            text.append(shown, self.get_component_rich_style(kind, partial=True))
        return text

    def _shown(self) -> list[str]:
        left, right = "[]" if ascii_only() else "┌┐"
        return [
            f"{left} {name} {right}" if place == self.active else f"  {name}  " for place, name in enumerate(self.names)
        ]

    def on_click(self, event: events.Click) -> None:
        at = 1
        for place, shown in enumerate(self._shown()):
            at += len(shown)
            if event.x < at:
                self.active = place
                return
