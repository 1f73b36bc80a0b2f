"""Engine State: the tree of the lifecycle, and what can be started and stopped in it."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal

from console.actions import ACTIONS, Action
from console.screens.base import Kind, TidegateScreen
from console.screens.connections import ConnectionsScreen
from console.screens.dialogs import Answer, Notice, Question
from console.screens.power import power
from console.session import console_of
from console.text import plural, visible
from console.widgets.document import Document
from console.widgets.rows import Rows
from console.widgets.state_tree import StateTree, described
from core.control.reindexing import ReindexStatus, reindex_words
from core.control.states import Node

WIDE = 130
"""From here on all that is known of the current component stands beside the tree."""


class EngineState(TidegateScreen):
    """The whole tree of states."""

    TITLE = "Engine State"
    PLACE = "state"
    ABOUT = (
        "What runs in this engine: tenants, their event sources, and in each its handler, its decoder and its workers. "
        "Each has a state, since when it has it, and where something is wrong the reason.\n\n"
        "A source that cannot start is tried again by itself. Failed and refused requests are counted over ten "
        "minutes; details of a source (v) count what it refused by reason, and say what its requests cost by step: "
        "half of them at most p50 milliseconds, 95 % p95, 99 % p99. Details of a tenant, and of Tidegate at the top, "
        "say what is kept and since when, how fast it grows, and when it will be full at this rate.\n\n"
        "The index finds requests in the journal. It can be built anew from it at any time (R): meanwhile the one of "
        "before answers, and everything goes on.\n\n"
        "A backup (B) is this home in one file, made while the engine runs; `tidegate restore` makes a home of it. It "
        "goes on while you look at other things, and ends with this console."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["open"].titled("Open", "shows the traffic of a tenant or source; of anything else, what is known"),
        ACTIONS["power"],
        ACTIONS["view"].titled("Details", "shows all that is known of the current component"),
        ACTIONS["connections"].titled("Connections", "shows the connections of the current event source"),
        ACTIONS["next"].titled("Next error", "goes to the next component in error"),
        ACTIONS["previous"].titled("Previous", "goes to the previous component in error"),
        ACTIONS["reindex"],
        ACTIONS["backup"],
    )

    _reindexing = False
    """The index was being built anew when the state was looked at last."""
    _opened: tuple[str, Notice] | None = None
    """Whose details were opened last, and the dialog that they stand in."""

    def compose_body(self) -> ComposeResult:
        with Horizontal():
            yield StateTree()
            yield Document(id="details")

    @property
    def states(self) -> StateTree:
        """The tree."""
        return self.query_one(StateTree)

    def on_mount(self) -> None:
        self.query_one("#details", Document).can_focus = False
        self.states.rows.focus()
        self.status_changed()

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", "Engine State")

    def standing(self) -> tuple[str, Kind]:
        status = self.link.status
        if status is None or not self.link.up:
            return "", "done"
        if status.reindex is not None and status.reindex.state == "running":
            return reindex_words(status.reindex), "waits"
        if status.reindex is not None and status.reindex.state == "failed":
            return reindex_words(status.reindex), "wrong"
        backup = self.session.backup
        if backup is not None and backup.state == "running":
            return f"{backup.words()}: B cancels", "waits"
        if backup is not None and backup.state == "failed":
            return backup.words(), "wrong"
        if status.behind:
            return f"the index is {plural(status.behind, 'request')} behind the journal", "waits"
        return "", "done"

    def status_changed(self) -> None:
        if self.link.status is not None:
            self.states.show(self.link.status)
            self._show_details()
            self._show_opened()
            self._tell_reindexed(self.link.status.reindex)

    def _tell_reindexed(self, now: ReindexStatus | None) -> None:
        """Says once how one ended that was seen running."""
        before, self._reindexing = self._reindexing, now is not None and now.state == "running"
        if before and now is not None and now.state == "done":
            self.say(reindex_words(now))

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")
        self._show_details()

    def on_rows_moved(self, message: Rows.Moved) -> None:
        self._show_details()

    def _show_details(self) -> None:
        node = self.states.current
        if node is None or not self.has_class("-wide"):
            return
        known = described(node, self.session.now())
        width = max(len(name) for name, _ in known)
        lines = [node.title, "", *(f"{name:<{width}}  {value}" for name, value in known)]
        self.query_one("#details", Document).show(lines)

    async def follow(self, path: str, filter: str) -> None:
        """Puts the cursor on a tenant or source."""
        self.states.rows.go_to(f"/{path}")

    # Actions

    async def action_open(self) -> None:
        node = self.states.current
        if node is None:
            return
        if node.kind in ("instance", "tenant", "event_source"):
            await console_of(self).go_to("traffic", path=node.path)
        else:
            await self.action_view()

    async def action_view(self) -> None:
        node = self.states.current
        if node is not None:
            self._opened = node.path, Notice(node.title, self._described(node))
            await self.app.push_screen(self._opened[1])

    def _described(self, node: Node) -> Text:
        text = Text()
        for name, value in described(node, self.session.now()):
            text.append(f"{name:<14}", "bold").append(f"{visible(value)}\n")
        return text

    def _show_opened(self) -> None:
        """Details that stand open go on with the state; of a component that has gone they stay as they were."""
        if self._opened is None:
            return
        path, notice = self._opened
        if not notice.is_attached:
            self._opened = None
        elif (node := self.states.node(path)) is not None:
            notice.show(self._described(node))

    async def action_connections(self) -> None:
        node = self._powered()
        if node is None or node.kind != "event_source":
            self.say("connections are an event source's: go to one", "wrong")
            return
        tenant, _, source = node.path.partition("/")
        await self.app.push_screen(ConnectionsScreen(tenant, source, self.PLACE))

    async def action_power(self) -> None:
        node = self._powered()
        if (current := self.states.current) is not None and current.kind == "groovy":
            self.say("Groovy starts with the first event source that needs it, and ends with the last", "wrong")
            return
        if node is None:
            self.say("the engine itself is ended with `q`, or by ending `tidegate serve`", "wrong")
            return
        kind = "Tenant" if node.kind == "tenant" else "Source"
        await power(self, node.path, node.state, kind, node.title)

    def _powered(self) -> Node | None:
        """The current tenant or source, or the source that the current component is in."""
        node, status = self.states.current, self.link.status
        if node is None or status is None or node.kind == "instance":
            return None
        path = "/".join(node.path.split("/")[:2])
        return self.states.node(path)

    async def action_reindex(self) -> None:
        status = self.link.status
        running = status is not None and status.reindex is not None and status.reindex.state == "running"
        if running:
            question = Question(
                "Reindex", "The index is built anew. Give that up?", (Answer("cancel", "Give up", "g"),)
            )
        else:
            said = "Build the index anew from the journal? Everything goes on meanwhile; the one of before answers."
            question = Question("Reindex", said, (Answer("start", "Reindex", "r"),))
        await self.ask(question, self._reindex)

    async def _reindex(self, answer: str) -> None:
        status = await self.link.call(f"reindex.{answer}", None, ReindexStatus)
        if answer == "cancel":
            self.say(reindex_words(status))
        await self.link.refresh()

    async def action_backup(self) -> None:
        await console_of(self).show_backup()

    def action_next(self) -> None:
        self._to_error(1)

    def action_previous(self) -> None:
        self._to_error(-1)

    def _to_error(self, step: int) -> None:
        if not self.states.find_error(step):
            self.say("no component is in error")
