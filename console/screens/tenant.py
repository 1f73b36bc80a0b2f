"""One tenant: its id, name and state, and the tabs Engine Configuration and Engine State."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ContentSwitcher

from console.actions import ACTIONS, Action
from console.editor import edit_text
from console.screens.device_communication import DeviceCommunication
from console.screens.event_sources import EventSources
from console.screens.of_tenant import OfTenantScreen
from console.screens.power import power
from console.screens.tenant_settings import RetentionScreen, TenantSettingsScreen
from console.session import console_of
from console.text import mark, state_words
from console.widgets.rows import STATE_STYLES, Line, Row, Rows
from console.widgets.state_tree import StateTree
from console.widgets.tab_line import TabLine
from core.catalogue.retention import RETENTION
from core.catalogue.tenant import TENANT


class TenantScreen(OfTenantScreen):
    """A tenant's page, as SiteWhere's: header, power button, tabs."""

    TITLE = "Tenant"
    ABOUT = (
        "One tenant. Engine Configuration leads to Device Communication and its Event Sources; Engine State shows what "
        "runs, and why something does not. tab goes from one to the other; S is the power button."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "turn", "Next tab", show=False),
        Binding("shift+tab,left", "turn", "Previous tab", show=False),
    ]
    ACTIONS = (
        ACTIONS["open"],
        ACTIONS["power"].titled("Start/Stop Tenant"),
        ACTIONS["plan"],
        ACTIONS["edit"].titled("Edit TOML", "edits this tenant's configuration in $EDITOR, as a draft"),
        ACTIONS["stage"],
    )

    def compose_body(self) -> ComposeResult:
        head = Rows(gutter=1, id="head")
        head.can_focus = False
        yield head
        yield TabLine("Engine Configuration", "Engine State")
        with ContentSwitcher(initial="configuration"):
            yield Rows(id="configuration")
            yield StateTree(self.tenant, id="state")

    def on_mount(self) -> None:
        self.query_one("Rows#configuration").focus()
        self.draft_changed()

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.name_shown)

    def shown_actions(self) -> tuple[Action, ...]:
        running = self.row is not None and self.row.state not in ("stopped", "error")
        word = ACTIONS["power"].titled("Stop Tenant" if running else "Start Tenant")
        return tuple(word if action.name == "power" else action for action in self.ACTIONS)

    # Showing.

    def status_changed(self) -> None:
        self.query_one("#head", Rows).show([Row("head", lambda width: [self._head()], selectable=False)])
        if self.link.status is not None:
            self.query_one(StateTree).show(self.link.status)
        self.draft_changed()

    def _head(self) -> Line:
        row = self.row
        state = row.state if row else "stopped"
        return [
            ("Tenant Id  ", "painted--quiet"),
            (f"{self.tenant}     ", "rows--title"),
            ("Tenant Name  ", "painted--quiet"),
            (f"{self.name_shown}     ", "rows--title"),
            ("Tenant State  ", "painted--quiet"),
            (state_words(state), STATE_STYLES[state]),
            (f"  {row.reason}" if row and row.reason else "", "rows--error"),
        ]

    def draft_changed(self) -> None:
        rows = [
            Row("device_communication", lambda width: [_entry("Device Communication", [], DEVICE_COMMUNICATION, 0)]),
            Row("event_sources", lambda width: [_entry("Event Sources", self._sources(), "", 4)]),
            Row("tenant", lambda width: [_entry("Tenant", self._news(TENANT), TENANT_SAYS, 0)]),
            Row("retention", lambda width: [_entry("Retention", self._news(RETENTION), RETENTION_SAYS, 0)]),
        ]
        self.query_one("Rows#configuration", Rows).show(rows)

    def _sources(self) -> Line:
        line: Line = []
        for source in self.draft.listed(self.session.catalogue, "event_sources"):
            node = self.node(f"{self.tenant}/{source.id}")
            news = self.draft.news(self.session.catalogue, source.path)
            line.append((f"{source.id} ", ""))
            if node:
                line.append((f"{mark(node.state)} ", STATE_STYLES[node.state]))
            if news:
                line.append((f"{mark('staged')} {news} ", "rows--staged"))
            line.append((" ", ""))
        return line or [("none yet", "painted--quiet")]

    def _news(self, path: str) -> Line:
        news = self.draft.news(self.session.catalogue, path) if self.draft.loaded.is_set() else ""
        return [(f"{mark('staged')} {news}  ", "rows--staged")] if news else []

    # Doing.

    def action_turn(self) -> None:
        self.query_one(TabLine).move(1)

    @on(TabLine.Switched)
    def _turned(self, event: TabLine.Switched) -> None:
        self.query_one(ContentSwitcher).current = ("configuration", "state")[event.active]
        if self.is_current:
            (self.query_one(StateTree).rows if event.active else self.query_one("Rows#configuration")).focus()

    async def action_open(self) -> None:
        if self.query_one(TabLine).active:
            await self._show_traffic()
            return
        await self.drafted()
        match self.query_one("Rows#configuration", Rows).current:
            case "device_communication":
                await self.app.push_screen(DeviceCommunication(self.tenant))
            case "event_sources":
                await self.app.push_screen(EventSources(self.tenant))
            case "tenant":
                await self.app.push_screen(TenantSettingsScreen(self.tenant))
            case "retention":
                await self.app.push_screen(RetentionScreen(self.tenant))
            case _:
                pass

    async def _show_traffic(self) -> None:
        """What the component under the cursor of Engine State receives."""
        node = self.query_one(StateTree).current
        source = node.path.split("/")[1:2] if node else []
        terms = [f"tenant:{self.tenant}", *(f"source:{id}" for id in source)]
        await console_of(self).go_to("traffic", filter=" ".join(terms))

    async def follow(self, path: str, filter: str) -> None:
        """Opens the source `path` of this tenant."""
        if await self.drafted():
            sources = EventSources(self.tenant)
            await self.app.push_screen(sources)
            await sources.follow(path, filter)

    async def action_power(self) -> None:
        if self.row:
            await power(self, self.tenant, self.row.state, "Tenant", self.name_shown)

    def action_edit(self) -> None:
        self.work(self._edit)

    async def _edit(self) -> None:
        await self.drafted()
        edited = await edit_text(self.app, self.draft.view.text, "tenant.toml")
        if edited is None:
            self.say("tenant.toml was left as it was")
            return
        await self.draft.rewrite(edited)
        self.say("what was saved is this draft; ^s stages it", "waits")
        self.show_draft()

    async def may_leave(self) -> bool:
        if not self.draft.changed:
            return True
        await self.ask_before_loss()
        return False


DEVICE_COMMUNICATION = "how devices reach this tenant, and what they say"
TENANT_SAYS = "name, start with the engine"
RETENTION_SAYS = "how long what it received is kept"


def _entry(title: str, pieces: Line, says: str, indent: int) -> Line:
    return [(" " * indent + f"{title:<{28 - indent}}", "rows--title"), *pieces, (says, "painted--quiet")]
