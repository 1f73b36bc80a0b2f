"""The connections of an event source: those that are open, and the last that have ended."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult

from console.actions import ACTIONS, Action
from console.screens.base import Kind
from console.screens.closing import ask_to_close
from console.screens.connection import OneConnection
from console.screens.watched_list import MOST, WatchedList
from console.text import plural
from console.widgets.connection_row import connection_lines, heading
from console.widgets.filter_bar import FilterBar
from console.widgets.rows import Line, Row
from core.control.connections import ConnectionQuery, Connections
from core.control.states import Node
from core.model.connections import Connection


class ConnectionsScreen(WatchedList[str, Connections]):
    """One row a connection, fresh every second."""

    TITLE = "Connections"
    PLACE = "tenants"
    ABOUT = (
        "The connections of one event source, the most active lately first; below them the last that have ended, each "
        "with the reason. enter shows one: its frames in both directions, what scripts remember of it, and what is "
        "here of an unfinished frame. x closes one.\n\n"
        "/ finds those with a text in their address, device, reason or id. The device is that of the last events, or "
        "the `device` that a script keeps in the connection's state."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["open"].titled("Open", "shows the current connection with its frames"),
        ACTIONS["close"],
        ACTIONS["filter"].titled("Find", "shows only connections with a text in address, device, reason or id"),
    )

    def __init__(self, tenant: str, source: str, place: str = PLACE) -> None:
        super().__init__()
        self.tenant = tenant
        self.source = source
        self.place = place

    def compose_body(self) -> ComposeResult:
        yield FilterBar("every connection; / finds some, by address, device, reason or id", _anything, id="filter")
        yield from super().compose_body()

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.tenant, self.source, "Connections")

    def standing(self) -> tuple[str, Kind]:
        if not self._wrong and self.found is not None and self.found.unanswered:
            return self.found.unanswered[0], "wrong"
        return super().standing()

    # The list.

    def heading(self, width: int) -> Line:
        return heading(width)

    def asked(self) -> str:
        return self.query_one(FilterBar).entered

    async def fetch(self, asked: str) -> Connections:
        query = ConnectionQuery(tenant=self.tenant, source=self.source, text=asked, limit=MOST)
        return await self.link.call("connections.list", query, Connections)

    def nothing(self) -> Connections:
        return Connections(connections=[], open=0, ended=0)

    def rows_of(self, found: Connections) -> list[Row]:
        self.query_one(FilterBar).tell(f"{found.open:,} open, {found.ended:,} closed")
        return [Row(each.id, partial(connection_lines, each)) for each in found.connections]

    def left_out(self, found: Connections) -> str:
        left = found.open + found.ended - len(found.connections)
        return f"{plural(left, 'more connection')}: / finds some of them" if left > 0 else ""

    def when_empty(self) -> str:
        if self.query_one(FilterBar).entered:
            return "no connection has this in its address, device, reason or id; an empty / shows all"
        node = self._node()
        if node is None or node.state == "stopped":
            return f"{self.source} does not run, so that no device can connect: S on Event Sources starts it"
        port = node.detail.get("port")
        return f"no device has connected yet: {self.source} listens on port {port}"

    def _node(self) -> Node | None:
        tree = self.link.status.tree if self.link.status else None
        path = f"{self.tenant}/{self.source}"
        tenant = next((child for child in tree.children if child.path == self.tenant), None) if tree else None
        return next((child for child in tenant.children if child.path == path), None) if tenant else None

    @property
    def current(self) -> Connection | None:
        """The current row's."""
        known = self.found.connections if self.found else []
        return next((each for each in known if each.id == self.rows.current), None)

    # Doing.

    async def action_open(self) -> None:
        current = self.current
        if current is not None:
            await self.app.push_screen(OneConnection(self.tenant, self.source, current, self.place))

    async def action_close(self) -> None:
        current = self.current
        if current is None:
            return
        if current.closed_date is not None:
            self.say(f"it is closed already: {current.reason}", "wrong")
            return
        await ask_to_close(self, self.tenant, self.source, current, self.look)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    @on(FilterBar.Entered)
    def _entered(self) -> None:
        self.rows.focus()
        self.afresh()

    @on(FilterBar.Left)
    def _left_filter(self) -> None:
        self.rows.focus()

    async def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.entered:
            bar.show("")
            self._entered()
            return
        await super().action_back()


def _anything(text: str) -> None:
    """What is looked for is no filter: nothing is wrong with any of it."""
