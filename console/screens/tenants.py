"""Manage Tenants: the tenants of this engine, with their states and rates; new ones are made here."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from console.actions import ACTIONS
from console.screens.base import Kind, TidegateScreen
from console.screens.dialogs import Answer, Question
from console.screens.importing import ImportDialog, ImportScreen, Wanted, look
from console.screens.new_tenant import NewTenantDialog
from console.screens.of_tenant import waiting
from console.screens.power import power
from console.screens.tenant import TenantScreen
from console.session import console_of
from console.text import count_text, mark, sign, state_words
from console.widgets.rows import STATE_STYLES, Line, Row, Rows, wrapped
from core.control.configurations import NewTenant
from core.control.importing import Imported
from core.control.named import OfTenant
from core.control.states import Node, TenantRow

WIDE = 130
"""From this many columns on a second pane shows the current tenant's sources."""
WHAT = "A tenant is one group of devices with its own event sources, scripts and data."
EMPTY = f"""{WHAT}

a makes one, I imports one from SiteWhere, or `tidegate demo` shows a working one"""


class ManageTenants(TidegateScreen):
    """The first screen: one row a tenant."""

    TITLE = "Manage Tenants"
    PLACE = "tenants"
    ABOUT = (
        "The tenants of this engine. Each has its own event sources, scripts and kept data; each is started, stopped "
        "and configured alone. A row in error says why, under itself."
    )
    ACTIONS = (
        ACTIONS["open"],
        ACTIONS["add"].titled("New Tenant", "makes a tenant"),
        ACTIONS["power"],
        ACTIONS["plan"],
        ACTIONS["filter"].titled("Filter", "shows only the tenants whose name or id holds what is typed"),
        ACTIONS["remove"].titled("Remove", "stops a tenant and puts its folder aside, after a question"),
        ACTIONS["import"],
    )

    offered = False
    """An empty home was offered its first tenant, or was not empty when it was opened."""

    def compose_body(self) -> ComposeResult:
        yield Input(placeholder="filter by name or id", compact=True, id="filter")
        with Horizontal():
            yield Rows(id="tenants")
            sources = Rows(id="sources")
            sources.can_focus = False
            yield sources
        yield Static(EMPTY, id="empty", markup=False)

    def on_mount(self) -> None:
        self.query_one("#filter").display = False
        self.query_one("#empty").display = False
        self.query_one("#tenants").focus()

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", "Manage Tenants")

    def standing(self) -> tuple[str, Kind]:
        if self.link.status is None:
            return "", "done"
        edited = [row.name for row in self.link.status.tenants if row.file_differs]
        if edited:
            return f"{', '.join(edited)}: tenant.toml was edited by hand; p shows it", "waits"
        staged = sum(row.staged for row in self.link.status.tenants)
        return (waiting(staged), "waits") if staged else ("", "done")

    # Showing.

    def status_changed(self) -> None:
        status = self.link.status
        if status is None:
            return
        self.query_one("#empty").display = not status.tenants
        self.query_one(Horizontal).display = bool(status.tenants)
        shown = self._filtered(status.tenants)
        rows = [Row("", _head, selectable=False)]
        rows += [Row(row.id, lambda width, row=row: _lines(row, self._reasons(row), width)) for row in shown]
        self.query_one("#tenants", Rows).show(rows)
        self._show_sources()
        if status.tenants:
            self.offered = True
        elif not self.offered and self.is_current and not self.session.locked:
            self.offered = True
            self.call_later(self._offer_first)

    def _filtered(self, tenants: list[TenantRow]) -> list[TenantRow]:
        wanted = self.query_one("#filter", Input).value.strip().lower()
        return [row for row in tenants if wanted in row.name.lower() or wanted in row.id.lower()]

    def _node(self, tenant: str) -> Node | None:
        tree = self.link.status.tree if self.link.status else None
        return next((node for node in tree.children if node.path == tenant), None) if tree else None

    def _reasons(self, row: TenantRow) -> list[str]:
        """Why it, or a source of it, is in error."""
        node = self._node(row.id)
        below = (
            [f"{child.path.rpartition('/')[2]}: {child.reason}" for child in node.children if child.reason]
            if node
            else []
        )
        return ([row.reason] if row.reason and not below else []) + below

    @on(Rows.Moved, "#tenants")
    def _show_sources(self) -> None:
        pane = self.query_one("#sources", Rows)
        node = self._node(self.query_one("#tenants", Rows).current or "")
        rows = [Row("", lambda width: [[("Sources", "painted--quiet")]], selectable=False)]
        for child in node.children if node else ():
            rows.append(Row(child.path, lambda width, child=child: _source_lines(child), selectable=False))
        pane.show(rows)

    def on_resize(self) -> None:
        self.query_one("#sources").display = self.size.width >= WIDE

    # Doing.

    def _current(self) -> TenantRow | None:
        return self.session.tenant(self.query_one("#tenants", Rows).current or "")

    async def action_open(self) -> None:
        if self.focused is self.query_one("#filter"):
            self.query_one("#tenants").focus()
            return
        row = self._current()
        if row is not None:
            await self.app.push_screen(TenantScreen(row.id))

    async def action_add(self) -> None:
        await self._ask_new("", "")

    async def _offer_first(self) -> None:
        await self._ask_new("default", "Default Tenant", f"{WHAT} There is none yet; this makes the first.")

    async def _ask_new(self, id: str, name: str, said: str = "") -> None:
        taken = {row.id for row in self.link.status.tenants} if self.link.status else set[str]()
        await self.ask(NewTenantDialog(taken, id, name, said), self._create)

    async def _create(self, made: NewTenant) -> None:
        await self.link.call("tenants.create", made)
        self.query_one("#tenants", Rows).go_to(made.id)
        await self.link.refresh()
        self.status_changed()
        self.say(f"made {made.name}; enter opens it")

    async def action_import(self) -> None:
        await self.ask(ImportDialog(), self._look)

    async def _look(self, wanted: Wanted) -> None:
        asked, looked = await look(self, wanted)
        await self.app.push_screen(ImportScreen(asked, looked, self._imported))

    async def _imported(self, done: Imported) -> None:
        self.query_one("#tenants", Rows).go_to(done.tenant)
        await self.link.refresh()
        self.status_changed()
        self.say(f"{'made' if done.makes else 'staged for'} {done.name}; p shows what waits to be applied")

    async def action_power(self) -> None:
        row = self._current()
        if row is not None:
            await power(self, row.id, row.state, "Tenant", row.name)

    async def action_plan(self) -> None:
        row = self._current()
        if row is not None:
            await console_of(self).show_plan(row.id)

    async def action_remove(self) -> None:
        row = self._current()
        if row is None:
            return
        question = Question(
            "Remove Tenant?",
            f"{row.name} ({row.id}) is stopped and its folder moved to tenants/.removed. "
            "Its devices are no longer answered. What it kept stays in data/journal.",
            (Answer("cancel", "Cancel", "c"), Answer("remove", f"Remove {row.id}", "r")),
        )
        await self.ask(question, lambda answer: self._remove(row, answer))

    async def _remove(self, row: TenantRow, answer: str) -> None:
        if answer == "remove":
            await self.link.call("tenants.remove", OfTenant(row.id))
            await self.link.refresh()
            self.say(f"removed {row.name}")

    # The filter.

    def action_filter(self) -> None:
        line = self.query_one("#filter", Input)
        line.display = True
        line.focus()

    @on(Input.Changed, "#filter")
    def _narrow(self) -> None:
        self.status_changed()

    @on(Input.Submitted, "#filter")
    def _narrowed(self) -> None:
        self.query_one("#tenants").focus()

    async def action_back(self) -> None:
        line = self.query_one("#filter", Input)
        line.value, line.display = "", False
        self.query_one("#tenants").focus()

    async def follow(self, path: str, filter: str) -> None:
        tenant, _, source = path.partition("/")
        if self.session.tenant(tenant) is None:
            self.say(f"there is no tenant {tenant}", "wrong")
            return
        self.query_one("#tenants", Rows).go_to(tenant)
        screen = TenantScreen(tenant)
        await self.app.push_screen(screen)
        if source:
            await screen.follow(source, filter)


def _columns(width: int) -> tuple[int, int]:
    """The widths of name and id; the other columns take 46 cells."""
    free = min(70, max(24, width - 47))
    return (free * 3 + 2) // 5, free - (free * 3 + 2) // 5


def _cell(text: str, width: int) -> str:
    return (text if len(text) < width else text[: width - 2] + "…").ljust(width)


def _head(width: int) -> list[Line]:
    name, id = _columns(width)
    words = f"{'Tenant':<{name}}{'Id':<{id}}{'State':<12}{'Sources':<9}{'Req/s':>7}{'Failed':>9}  Staged"
    return [[(words, "painted--quiet")]]


def _lines(row: TenantRow, reasons: list[str], width: int) -> list[Line]:
    name, id = _columns(width)
    running = row.state != "stopped"
    rate = count_text(round(row.rate)) if running else sign("–")
    failed = (count_text(row.failed) if row.failed else "") if running else sign("–")
    staged = f"{mark('staged')} {row.staged}" if row.staged else f"{mark('staged')} file" if row.file_differs else ""
    line: Line = [
        (_cell(row.name, name), "rows--title"),
        (_cell(row.id, id), ""),
        (f"{state_words(row.state):<12}", STATE_STYLES[row.state]),
        (f"{f'{row.started} of {row.sources}':<9}", ""),
        (f"{rate:>7}", ""),
        (f"{failed:>9}", "painted--error" if row.failed else ""),
        (f"  {staged}", "rows--staged"),
    ]
    below = [line for reason in reasons for line in wrapped(reason, "painted--error", width, name + id)]
    return [line, *below]


def _source_lines(node: Node) -> list[Line]:
    name = node.path.rpartition("/")[2]
    port = f"port {node.detail['port']}" if "port" in node.detail else ""
    lines: list[Line] = [
        [
            (f"{mark(node.state)} ", STATE_STYLES[node.state]),
            (f"{name:<20} ", "rows--title"),
            (f"{port:<12}", "painted--quiet"),
        ],
        [(f"  {node.title}   {count_text(round(node.rate))} req/s", "painted--quiet")],
    ]
    return [*lines, *wrapped(node.reason, "painted--error", 60, 2)] if node.reason else lines
