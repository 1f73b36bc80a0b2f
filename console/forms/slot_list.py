"""A slot that takes many, in a form: what is in it row by row, and a last row that adds one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Region
from textual.widget import Widget

from console.forms.slots import spread
from console.text import mark, sign, visible
from core.catalogue.component import Slot


@dataclass(frozen=True, slots=True)
class Listed:
    """One component of the list, as its row tells of it."""

    path: str
    title: str
    news: str = ""
    wrong: list[str] = field(default_factory=list[str])


class SlotList(Widget, can_focus=True):
    """The rows of one slot. Up and down go through them, and at the ends to the neighbouring fields."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "slot--title",
        "slot--quiet",
        "slot--wrong",
        "slot--staged",
        "slot--current",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Previous", show=False),
        Binding("down,j", "move(1)", "Next", show=False),
    ]

    def __init__(self, slot: Slot) -> None:
        super().__init__(id=f"slot-{slot.key}")
        self.slot = slot
        self.listed: Sequence[Listed] = ()
        self._index = 0
        self._wanted = ""

    @property
    def current(self) -> Listed | None:
        """The current component; None on the row that adds one."""
        return self.listed[self._index] if self._index < len(self.listed) else None

    def show(self, listed: Sequence[Listed]) -> None:
        """Shows these. What was current stays so while it is there, wherever it stands."""
        before = self._wanted or (self.current.path if self.current else "")
        paths = [row.path for row in listed]
        self.listed = listed
        self._index = paths.index(before) if before in paths else min(self._index, len(listed))
        self._wanted = "" if self._wanted in paths else self._wanted
        self.styles.height = len(self._lines(0))
        self.refresh()

    def go_to(self, path: str) -> None:
        """Makes a component the current one, now or as soon as it is there."""
        self._wanted = path
        self.show(self.listed)

    # Painting.

    def render(self) -> RenderResult:
        text = Text(no_wrap=True, overflow="ellipsis")
        for line, place in self._lines(self.size.width):
            if self.has_focus and place == self._index:
                line.stylize_before(self._style("slot--current"))
            text.append_text(line)
        return text

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _lines(self, width: int) -> list[tuple[Text, int]]:
        """Each line with the row that it belongs to; -1 for the title."""
        need = "required" if self.slot.required else "optional"
        keys = "enter open  d remove  J/K move  " if self.listed else ""  # here, for the rows have long names
        title = Text(self.slot.title, self._style("slot--title"))
        lines = [(self._line(title, f"{keys}{need}", width), -1)]
        for place, row in enumerate(self.listed):
            name = Text(f"{self._pointer(place)} {visible(row.title)}")
            if row.news:
                name.append(f"  {mark('staged')} {row.news}", self._style("slot--staged"))
            lines.append((self._line(name, "", width), place))
            for said in row.wrong:
                wrong = Text(f"  ! {visible(said)}", self._style("slot--wrong"))
                lines.append((self._line(wrong, "", width), place))
        add = Text(f"{self._pointer(len(self.listed))} ").append_text(self._add_row())
        lines.append((self._line(add, "a Add Component", width), len(self.listed)))
        return lines

    def _add_row(self) -> Text:
        if self.listed:
            return Text("[ + Add Component ]")
        if self.slot.required:
            return Text(f"! {self.slot.title} is Required", self._style("slot--wrong"))
        return Text("none", self._style("slot--quiet"))

    def _pointer(self, place: int) -> str:
        return sign("▸") if self.has_focus and place == self._index else " "

    def _line(self, left: Text, right: str, width: int) -> Text:
        line = Text()
        spread(line, left, Text(right, self._style("slot--quiet")), width)
        return line

    # Moving.

    def action_move(self, by: int) -> None:
        if 0 <= self._index + by <= len(self.listed):
            self._go(self._index + by)
        elif by > 0:
            self.app.action_focus_next()
        else:
            self.app.action_focus_previous()

    def _go(self, index: int) -> None:
        self._index = index
        self.refresh()
        if isinstance(self.parent, ScrollableContainer):
            mine = [y for y, (_, place) in enumerate(self._lines(0)) if place == index]
            area = self.virtual_region
            self.parent.scroll_to_region(Region(area.x, area.y + mine[0], area.width, len(mine)), animate=False)

    async def on_click(self, event: events.Click) -> None:
        places = [place for _, place in self._lines(0)]
        if event.y < len(places) and places[event.y] >= 0:
            self._go(places[event.y])
            if event.chain == 2:
                await self.screen.run_action("perform('open')")
