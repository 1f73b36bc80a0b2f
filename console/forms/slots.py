"""The rows of a form that are no settings: a slot, and the line under which the rarely changed settings fold away."""

from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from console.forms.editors import STEPS
from console.text import mark, plural, sign, visible
from core.catalogue.component import Slot

MOVES: list[BindingType] = [
    *STEPS,
    Binding("j", "app.focus_next", show=False),
    Binding("k", "app.focus_previous", show=False),
]


class SlotRow(Widget, can_focus=True):
    """A place for a component: its role's title, and what fills it or that it is required."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"slot--title", "slot--quiet", "slot--wrong", "slot--staged"}
    BINDINGS: ClassVar[list[BindingType]] = MOVES

    def __init__(self, slot: Slot) -> None:
        super().__init__(id=f"slot-{slot.key}")
        self.slot = slot
        self.filled = ""
        self.news = ""
        self.wrong: list[str] = []

    def show(self, filled: str, news: str, wrong: list[str]) -> None:
        """`filled` is the title of the component in it, `wrong` what is said against it."""
        self.filled, self.news, self.wrong = filled, news, wrong
        self.styles.height = 2 + (len(wrong) if filled else 0) if filled or self.slot.required else 1
        self.refresh()

    def render(self) -> RenderResult:
        quiet = self.get_component_rich_style("slot--quiet", partial=True)
        wrong = self.get_component_rich_style("slot--wrong", partial=True)
        width = self.size.width
        if not (self.filled or self.slot.required):
            return self._empty(quiet, width)
        text = Text(no_wrap=True, overflow="ellipsis")
        need = "required" if self.slot.required else "optional"
        title = Text(self.slot.title, self.get_component_rich_style("slot--title", partial=True))
        spread(text, title, Text(need, quiet), width)
        pointer = sign("▸") if self.has_focus else " "
        if self.filled:
            name = Text(f"{pointer} {visible(self.filled)}")
            if self.news:
                name.append(
                    f"  {mark('staged')} {self.news}", self.get_component_rich_style("slot--staged", partial=True)
                )
            spread(text, name, Text("enter open  d remove", quiet), width)
            for said in self.wrong:
                spread(text, Text(f"  ! {visible(said)}", wrong), Text(), width)
        else:
            line = Text(f"{pointer} ").append(f"! {self.slot.title} is Required", wrong)
            spread(text, line, Text("a Add Component", quiet), width)
        return text

    def _empty(self, quiet: Style, width: int) -> Text:
        """One line for what may be empty and is, so that a form of several such still fits a small terminal."""
        title = self.get_component_rich_style("slot--title", partial=True)
        left = Text(no_wrap=True).append(self.slot.title, title)
        left.append(f"  {sign('▸') if self.has_focus else ' '} none", quiet)
        right = "optional  a Add Component"
        left.truncate(max(1, width - len(right) - 1), overflow="ellipsis", pad=True)
        return left.append(f" {right}", quiet)

    async def on_click(self, event: events.Click) -> None:
        if event.chain == 2:
            await self.screen.run_action("perform('open')")


def spread(text: Text, left: Text, right: Text, width: int) -> None:
    """Adds a line to `text`: `left` at the left edge, cut where it must be, and `right` at the right one."""
    left.truncate(max(1, width - right.cell_len - 1), overflow="ellipsis")
    text.append_text(left)
    text.append(" " * max(1, width - left.cell_len - right.cell_len)).append_text(right).append("\n")


class FoldRow(Widget, can_focus=True):
    """`Limits and more`: says how many settings are folded away, and how many are not at their defaults."""

    BINDINGS: ClassVar[list[BindingType]] = [*MOVES, Binding("enter,space,right,left", "turn", show=False)]

    class Turned(Message):
        """It was opened or closed."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = False
        self.count = self.changed = 0

    def show(self, count: int, changed: int) -> None:
        """`changed` of the `count` folded settings are not at their defaults."""
        self.count, self.changed = count, changed
        self.refresh()

    def render(self) -> RenderResult:
        off = "its default" if self.changed == 1 else "their defaults"
        said = f"{plural(self.count, 'setting')}, {self.changed} not at {off}"
        if not self.changed:
            said = f"{plural(self.count, 'setting')} at {'its default' if self.count == 1 else 'their defaults'}"
        return Text(f"{sign('▾') if self.opened else sign('▸')} Limits and more   ", no_wrap=True).append(said, "dim")

    def action_turn(self) -> None:
        self.opened = not self.opened
        self.refresh()
        self.post_message(self.Turned())

    def on_click(self) -> None:
        self.action_turn()
