"""The lines around every screen: where one stands, the places, what the console says, which keys matter."""

from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import RenderResult
from textual.widget import Widget

from console.actions import Action
from console.places import Place
from console.session import session_of
from console.text import mark, rate_text, sign, since_text, visible
from core.control.states import Status


class Heading(Widget):
    """Row 1: the breadcrumb on the left; the engine and its rate on the right."""

    DEFAULT_CSS = """
    Heading { height: 1; padding: 0 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"heading--crumb", "heading--here", "heading--note", "heading--wrong"}

    trail: tuple[str, ...] = ()
    note: str = ""

    def show(self, trail: tuple[str, ...], note: str = "") -> None:
        """Names the way here, outermost first, and what the screen adds (`following`)."""
        self.trail, self.note = trail, note
        self.refresh()

    def render(self) -> RenderResult:
        engine = self._engine()
        note = f"{self.note}   " if self.note else ""
        right = Text.assemble((note, self.get_component_rich_style("heading--note", partial=True)), engine)
        room = self.size.width - right.cell_len - 2
        head, here = _cut(self.trail, room)
        crumb = self.get_component_rich_style("heading--crumb", partial=True)
        text = Text(no_wrap=True, end="")
        text.append(head, crumb)
        text.append(here, self.get_component_rich_style("heading--here", partial=True))
        text.append(" " * max(1, self.size.width - text.cell_len - right.cell_len))
        return text.append_text(right)

    def _engine(self) -> Text:
        link, wrong = session_of(self).link, self.get_component_rich_style("heading--wrong", partial=True)
        if link.gone_since is not None:
            session = session_of(self)
            since = since_text(link.gone_since.isoformat(), session.now(), session.zone)
            return Text(f"engine {mark('error')} gone since {since}, reconnecting", wrong)
        if link.welcome is None:
            return Text(f"engine {mark('starting')} connecting")
        lock = "locked  " if session_of(self).locked else ""
        name = link.welcome.mode if link.welcome.mode != "serve" else visible(link.welcome.host)
        rate = rate_text(link.status.rate) if link.status else ""
        return Text(f"{lock}engine {mark('started')} {name}  {rate:>7}")


def _cut(trail: tuple[str, ...], room: int) -> tuple[str, str]:
    """The way here and where one stands, without the outermost steps where they don't fit."""
    arrow = f" {sign('›')} "
    *way, here = [visible(part) for part in trail]
    parts = list(way)
    while parts and cell_len(arrow.join([*parts, here])) + (0 if parts == way else 2) > room:
        parts = ["…", *parts[2:]] if parts[0] == "…" else ["…", *parts[1:]]
        if parts == ["…"]:
            break
    return arrow.join([*parts, ""]), here


class PlacesLine(Widget):
    """Row 2: the places with their digits, and how much is wrong in each."""

    DEFAULT_CSS = """
    PlacesLine { height: 1; padding: 0 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"places--place", "places--here", "places--wrong"}

    places: tuple[Place, ...] = ()
    here: str = ""

    def render(self) -> RenderResult:
        status = session_of(self).link.status
        text = Text(no_wrap=True, end="")
        for place in self.places:
            kind = "places--here" if place.name == self.here else "places--place"
            text.append(f"{place.digit} {place.short}", self.get_component_rich_style(kind, partial=True))
            text.append_text(self._wrong(place, status))
            text.append("   ")
        return text

    def _wrong(self, place: Place, status: Status | None) -> Text:
        count = place.wrong(status) if status else 0
        return Text(f" {count:,}" if count else "", self.get_component_rich_style("places--wrong", partial=True))


class Saying(Widget):
    """The row above the footer: what just happened, what waits, what is wrong; empty when all is well."""

    DEFAULT_CSS = """
    Saying { height: 1; padding: 0 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"saying--done", "saying--waits", "saying--wrong"}

    text: str = ""
    kind: str = "done"

    def say(self, text: str, kind: str = "done") -> None:
        """`kind` is `done`, `waits` or `wrong`."""
        self.text, self.kind = text, kind
        self.refresh()

    def render(self) -> RenderResult:
        style = self.get_component_rich_style(f"saying--{self.kind}", partial=True)
        signs = {"wrong": f"{mark('error')} ", "waits": f"{mark('staged')} "}
        words = f"{signs.get(self.kind, '')}{visible(self.text)}" if self.text else ""
        text = Text(words, style, no_wrap=True, end="")
        text.truncate(self.size.width, overflow="ellipsis")
        return text


class KeyLine(Widget):
    """The last row: at most six keys that matter here."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--title"}

    actions: tuple[Action, ...] = ()

    def show(self, actions: tuple[Action, ...]) -> None:
        """Shows these, as far as there is room."""
        self.actions = actions
        self.refresh()

    def render(self) -> RenderResult:
        text = Text(no_wrap=True, end="")
        shown = list(self.actions)
        while len(shown) > 1 and sum(len(f"{row.shown_key} {row.title}") + 3 for row in shown) - 3 > self.size.width:
            del shown[-2]  # help, the last one, is never left out
        for action in shown:
            text.append(action.shown_key, self.get_component_rich_style("keys--key", partial=True))
            text.append(f" {action.title}   ", self.get_component_rich_style("keys--title", partial=True))
        return text
