"""Device Communication: how devices reach a tenant; it holds the lists of components that do that."""

from textual.app import ComposeResult
from textual.widgets import Static

from console.actions import ACTIONS
from console.screens.event_sources import EventSources
from console.screens.of_tenant import OfTenantScreen
from console.text import plural
from console.widgets.rows import Line, Row, Rows
from core.catalogue.tenant import DEVICE_COMMUNICATION_SLOTS


class DeviceCommunication(OfTenantScreen):
    """The step between a tenant and its event sources, as SiteWhere has it."""

    TITLE = "Device Communication"
    ABOUT = "How devices reach this tenant, and what they say. Event Sources are where device data comes in."
    ACTIONS = (ACTIONS["open"], ACTIONS["plan"], ACTIONS["stage"])

    def compose_body(self) -> ComposeResult:
        yield Static("How devices reach this tenant, and what they say.", classes="banner", markup=False)
        yield Rows(id="parts")

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.draft_changed()

    def trail(self) -> tuple[str, ...]:
        return ("Tenant Configuration", "Device Communication")

    def draft_changed(self) -> None:
        rows = [
            Row(slot.key, lambda width, slot=slot: [self._line(slot.key, slot.title)])
            for slot in DEVICE_COMMUNICATION_SLOTS
        ]
        self.query_one(Rows).show(rows)

    def _line(self, key: str, title: str) -> Line:
        listed = self.draft.listed(self.session.catalogue, key)
        names = ", ".join(placed.id for placed in listed)
        said = f"{plural(len(listed), 'source')}: {names}" if listed else "where device data comes in; none yet"
        return [(f"{title:<28}", "rows--title"), (said, "painted--quiet")]

    async def action_open(self) -> None:
        await self.drafted()
        await self.app.push_screen(EventSources(self.tenant))
