"""The connections of an event source: those that are open, and the last that have ended."""

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from console.actions import ACTIONS, Action
from console.screens.base import Kind, TidegateScreen
from console.screens.closing import ask_to_close
from console.screens.connection import OneConnection
from console.text import plural
from console.widgets.connection_row import connection_lines, heading
from console.widgets.filter_bar import FilterBar
from console.widgets.rows import Row, Rows
from core.control.messages import ConnectionQuery, Connections, Node
from core.errors import TidegateError
from core.model.connections import Connection

EVERY = 1.0
"""Seconds between two looks at the connections."""
MOST = 200
"""Connections that are shown; the filter finds the others."""
MORE = "+"
"""The id of the row that says how many are not shown; no connection's id begins with a sign."""


class ConnectionsScreen(TidegateScreen):
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
        self.found: Connections | None = None
        self._asking = False
        self._wrong = ""

    def compose_body(self) -> ComposeResult:
        yield FilterBar("every connection; / finds some, by address, device, reason or id", _anything, id="filter")
        head = Rows(id="columns")
        head.can_focus = False
        yield head
        yield Rows(id="connections")
        yield Static("", id="empty", markup=False)

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.query_one("#columns", Rows).show([Row("", lambda width: [heading(width)], selectable=False)])
        self.rows.focus()
        self.set_interval(EVERY, self._look)
        self._look()

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one("#connections", Rows)

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.tenant, self.source, "Connections")

    def standing(self) -> tuple[str, Kind]:
        if self._wrong:
            return self._wrong, "wrong"
        if self.found is not None and self.found.unanswered:
            return self.found.unanswered[0], "wrong"
        return "", "done"

    # Fetching.

    def _look(self) -> None:
        """Asks for the connections, unless that was asked and not answered yet."""
        if self.is_current and self.link.up and not self._asking:
            self._asking = True
            self.run_worker(self._fetch(self.query_one(FilterBar).entered))

    async def _fetch(self, text: str) -> None:
        asked = ConnectionQuery(tenant=self.tenant, source=self.source, text=text, limit=MOST)
        try:
            found = await self.link.call("connections.list", asked, Connections)
            self._wrong = ""
        except TidegateError as error:
            found, self._wrong = Connections(connections=[], open=0, ended=0), str(error)
        finally:
            self._asking = False
        if self.stands and text == self.query_one(FilterBar).entered:
            self._show(found)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    def link_changed(self) -> None:
        self._look()

    # Showing.

    def _show(self, found: Connections) -> None:
        before, self.found = self.found, found
        self.refresh_frame()
        if before is not None and before == found:
            return
        self.query_one(FilterBar).tell(f"{found.open:,} open, {found.ended:,} closed")
        rows = [Row(each.id, partial(connection_lines, each)) for each in found.connections]
        left = found.open + found.ended - len(found.connections)
        if left > 0:
            said = f"{plural(left, 'more connection')}: / finds some of them"
            rows.append(Row(MORE, lambda width: [[(said, "painted--quiet")]], selectable=False))
        empty = not rows
        self.query_one("#empty").display = empty
        self.rows.display = not empty
        if empty:
            self.query_one("#empty", Static).update(self._empty())
        self.rows.show(rows)
        if self.focused is None and not empty:
            self.rows.focus()

    def _empty(self) -> str:
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
        await ask_to_close(self, self.tenant, self.source, current, self._look)

    def action_filter(self) -> None:
        self.query_one(FilterBar).open()

    @on(FilterBar.Entered)
    def _entered(self) -> None:
        self.rows.focus()
        self.found, self._asking = None, False
        self._look()

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
