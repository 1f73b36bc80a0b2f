"""Event Sources: where device data comes in; each listed with what it is, how it does and what it still needs."""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from console.actions import ACTIONS
from console.draft import Placed
from console.screens.adding import add_component, move_component, remove_component
from console.screens.component import component_screen, scripts_below
from console.screens.connections import ConnectionsScreen
from console.screens.of_tenant import OfTenantScreen
from console.screens.power import power
from console.text import count_text, mark, rate_text, state_words, visible
from console.widgets.rows import STATE_STYLES, Line, Row, Rows, cells, spread, wrapped
from core.catalogue.settings import Setting
from core.catalogue.tenant import DEVICE_COMMUNICATION_SLOTS
from core.catalogue.values import shown_text
from core.control.states import Node

SLOT = next(slot for slot in DEVICE_COMMUNICATION_SLOTS if slot.key == "event_sources")
ADD = "+"
"""The id of the last row, which is a button; no source's id begins with a sign."""
GONE = "-"
"""What begins the ids of rows of sources that run and are not in the draft."""
FAULTS_SHOWN = 3
WIDE = 130
"""From this many columns on a second pane shows the current source's TOML."""
APART = Row("", lambda width: [[]], selectable=False)


class EventSources(OfTenantScreen):
    """A tenant's event sources as the draft has them, with the states of those that run."""

    TITLE = "Event Sources"
    ABOUT = (
        "Where device data comes in. Each source listens alone and fails alone. a adds one; what it still needs is "
        "said under it. Order is for people: it changes nothing for devices."
    )
    ACTIONS = (
        ACTIONS["open"],
        ACTIONS["add"].titled("Add Component", "adds an event source"),
        ACTIONS["remove"],
        ACTIONS["move_down"],
        ACTIONS["stage"],
        ACTIONS["move_up"],
        ACTIONS["connections"].titled("Connections", "shows the connections of the current source"),
        ACTIONS["plan"],
        ACTIONS["power"].titled("Start/Stop", "starts or stops the current source, after a question"),
    )

    def compose_body(self) -> ComposeResult:
        said = "Where device data comes in. Each source listens alone and fails alone."
        yield Static(said, classes="banner", markup=False)
        with Horizontal():
            yield Rows(id="sources")
            with VerticalScroll(id="toml-pane", can_focus=False):
                yield Static(id="toml", markup=False)

    def on_mount(self) -> None:
        self.query_one(Rows).focus()
        self.draft_changed()

    def trail(self) -> tuple[str, ...]:
        return ("Tenant Configuration", "Device Communication", "Event Sources")

    # Showing.

    def status_changed(self) -> None:
        super().status_changed()
        self.draft_changed()

    def draft_changed(self) -> None:
        catalogue = self.session.catalogue
        listed = self.draft.listed(catalogue, SLOT.key)
        rows: list[Row] = []
        for placed in listed:
            rows += [Row(placed.path, lambda width, placed=placed: self._lines(placed, width)), APART]
        here = {placed.path for placed in listed}
        for placed in self.draft.listed(catalogue, SLOT.key, active=True):
            if placed.path not in here:
                rows += [Row(GONE + placed.path, lambda width, placed=placed: self._gone(placed, width)), APART]
        rows.append(Row(ADD, lambda width: [[("[ + Add Component ]", "rows--key")]]))
        self.query_one(Rows).show(rows)

    def show_draft(self) -> None:
        super().show_draft()
        self._show_toml()

    def on_resize(self) -> None:
        self.query_one("#toml-pane").display = self.size.width >= WIDE
        self._show_toml()

    @on(Rows.Moved)
    def _show_toml(self) -> None:
        if self.size.width >= WIDE:
            self.run_worker(partial(self.tried, self._fetch_toml), group="toml", exclusive=True)

    async def _fetch_toml(self) -> None:
        current = self._current()
        shown = await self.draft.component_text(current.path) if current else ""
        self.query_one("#toml", Static).update(visible(shown, lines=True))

    def _lines(self, placed: Placed, width: int) -> list[Line]:
        node = self.node(f"{self.tenant}/{placed.id}")
        news = self.draft.news(self.session.catalogue, placed.path)
        lines = [spread([(placed.title, "rows--title")], _state(node, news), width)]
        said, counts = self._about(placed, width - 2), _failures(node)
        for number, line in enumerate(said):
            right = counts if number == len(said) - 1 else []
            lines.append(spread([("  ", ""), *line], right, width))
        return lines + self._wrong(placed, node, width)

    def _about(self, placed: Placed, width: int) -> list[Line]:
        """Its settings and first slot on one line where that fits, then a line a slot."""
        lines: list[Line] = [[("   ".join(_settings(placed)), "")]]
        for slot in placed.component.slots if placed.component else ():
            inner = self.draft.placed(self.session.catalogue, f"{placed.path}/{slot.key}")
            if inner is None:
                continue
            name: Line = [
                ("  ".join([inner.title, *scripts_below(self.draft, self.session.catalogue, inner)]), "painted--quiet")
            ]
            if len(lines) == 1 and cells(lines[0]) + 3 + cells(name) < width:
                lines[0] = [*lines[0], ("   ", ""), *name]
                lines.append([])
            elif lines[-1]:
                lines.append(name)
            else:
                lines[-1] = name
        return [line for line in lines if line]

    def _wrong(self, placed: Placed, node: Node | None, width: int) -> list[Line]:
        faults = self.draft.faults_at(placed.path)
        reason = node.reason if node else None
        said = [reason] if reason and not any(fault.message in reason for fault in faults) else []
        said += [refused] if (refused := self.draft.refused(placed.path)) else []
        for fault in faults:
            inner = fault.path.removeprefix(placed.path).strip("/").replace("/", ".")
            where = ".".join(part for part in (inner if fault.key else "", fault.key) if part)
            said.append(f"{where}: {fault.message}" if where else fault.message)
        lines = [line for reason in said[:FAULTS_SHOWN] for line in wrapped(f"! {reason}", "rows--error", width, 2)]
        more = len(said) - FAULTS_SHOWN
        return [*lines, [(f"  ! and {more} more", "rows--error")]] if more > 0 else lines

    def _gone(self, placed: Placed, width: int) -> list[Line]:
        node = self.node(f"{self.tenant}/{placed.id}")
        right: Line = [*_state(node, ""), (f"  {mark('staged')} removed, not applied", "rows--staged")]
        return [spread([(placed.title, "painted--quiet")], right, width)]

    # Doing.

    def _current(self) -> Placed | None:
        """The current source; None on the button and on one that the draft has not."""
        return self.draft.placed(self.session.catalogue, self.query_one(Rows).current or "-")

    async def action_open(self) -> None:
        await self.drafted()
        current = self._current()
        if current is not None:
            await self.app.push_screen(component_screen(self, current.path))
        elif self.query_one(Rows).current == ADD:
            await self.action_perform("add")
        else:
            self.say("it is removed in this draft: p shows that, and x there takes it back")

    async def action_add(self) -> None:
        await add_component(self, SLOT, lambda: SLOT.key, self._added)

    async def _added(self, path: str) -> None:
        self.query_one(Rows).go_to(path)
        await self.app.push_screen(component_screen(self, path, "id"))

    async def action_remove(self) -> None:
        current = self._current()
        if current is not None:
            await remove_component(self, current)

    def action_move_down(self) -> None:
        self.work_first(self._move, 1)

    def action_move_up(self) -> None:
        self.work_first(self._move, -1)

    async def _move(self, by: int) -> None:
        current = self._current()
        if current is not None:
            await move_component(self, current, by)

    async def action_connections(self) -> None:
        id = (self.query_one(Rows).current or "").rpartition("/")[2]
        if self.node(f"{self.tenant}/{id}") is None:
            self.say("it does not run yet: ^s stages it, p applies it")
        else:
            await self.app.push_screen(ConnectionsScreen(self.tenant, id))

    async def action_power(self) -> None:
        id = (self.query_one(Rows).current or "").rpartition("/")[2]
        node = self.node(f"{self.tenant}/{id}")
        if node is None:
            self.say("it does not run yet: ^s stages it, p applies it")
        else:
            await power(self, node.path, node.state, "Source", id)

    async def follow(self, path: str, filter: str) -> None:
        """Opens the source of that id."""
        self.query_one(Rows).go_to(f"{SLOT.key}/{path}")
        if self.draft.placed(self.session.catalogue, f"{SLOT.key}/{path}"):
            await self.app.push_screen(component_screen(self, f"{SLOT.key}/{path}"))
        else:
            self.say(f"{self.tenant} has no source {path}", "wrong")


def _state(node: Node | None, news: str) -> Line:
    line: Line = []
    if node is not None:
        rate = f"  {rate_text(node.rate)}" if node.state == "started" else ""
        line += [(state_words(node.state), STATE_STYLES[node.state]), (rate, "")]
    if news:
        line.append((f"{'  ' if line else ''}{mark('staged')} {news}, not applied", "rows--staged"))
    return line


def _failures(node: Node | None) -> Line:
    counts = (("failed", node.failed), ("dropped", node.dropped)) if node else ()
    said = ", ".join(f"{count_text(count)} {word}" for word, count in counts if count)
    return [(f"{said} in 10 min", "rows--error")] if said else []


def _settings(placed: Placed) -> list[str]:
    """What an operator wants to know of it at a glance: its numbers, and what is not at its default."""
    described = placed.component.described().items() if placed.component else ()
    rows = [(key, row) for key, row in described if key != "id" and (key in placed.table or _telling(row))]
    return [_said(row, placed.table.get(key, row.default)) for key, row in rows if row.kind != "script"]


def _telling(setting: Setting) -> bool:
    return setting.kind == "integer" and not setting.folded and setting.default is not None


def _said(setting: Setting, value: object) -> str:
    text = shown_text(setting, value)
    counted, _, noun = setting.title.partition(" of ")
    if counted == "Number" and isinstance(value, int):
        return f"{text} {noun.removesuffix('s') if value == 1 else noun}"
    return f"{setting.title[:1].lower()}{setting.title[1:]} {text}"
