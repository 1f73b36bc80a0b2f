"""The plan: what is staged against what is active, meaning first and text below; and what comes of applying it."""

from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from console.actions import ACTIONS
from console.link import ApplyProgress
from console.screens.base import Kind
from console.screens.dialogs import Answer, Question
from console.screens.of_tenant import OfTenantScreen
from console.text import fault_words, mark, plural
from console.widgets.diff import DiffView
from console.widgets.rows import Line, Row, Rows, spread, wrapped
from core.control.configurations import Applied, Apply, Change, Configuration, Discard, Plan
from core.control.named import OfTenant

WIDE = 130
"""From this many columns on meaning and text stand side by side."""
APART = Row("", lambda width: [[]], selectable=False)
APPLY_LIMIT = 120.0
"""Seconds that new workers, drains and disks may take altogether before the console says that it is still going on."""
EDITED_BY_HAND = """tenant.toml was edited by hand and differs from what the engine runs.

enter applies the file as it is."""
WORDS = {"preparing": "preparing", "prepared": "ready", "applied": "applied", "failed": "failed"}
STYLES = {
    "staged": "painted--quiet",
    "preparing": "rows--changing",
    "prepared": "rows--changing",
    "applied": "rows--started",
    "failed": "rows--error",
}
SIGNS = {"+": "rows--started", "-": "rows--error", "~": "rows--changing"}


class PlanScreen(OfTenantScreen):
    """A tenant's plan."""

    TITLE = "Plan"
    ABOUT = (
        "What is staged against what is active: what each change means for devices, and below it the text that "
        "changes. Applying is all or nothing: everything is prepared first, and where anything fails, nothing has "
        "changed."
    )
    ACTIONS = (
        ACTIONS["apply"],
        ACTIONS["take_back"],
        ACTIONS["discard"],
        ACTIONS["other_pane"].titled("Meaning/Text", "goes from the meaning to the text and back"),
    )

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant)
        self.plan: Plan | None = None
        self.applied: Applied | None = None
        self.applying = False

    def compose_body(self) -> ComposeResult:
        with Container(id="panes"):
            yield Rows(id="changes")
            yield DiffView(id="diff")
        yield Static("", id="empty", markup=False)

    def on_mount(self) -> None:
        self.query_one("#changes").focus()
        self._show()

    def on_screen_resume(self) -> None:
        self.work(self._fetch)

    def on_resize(self) -> None:
        self.query_one("#panes").set_class(self.size.width >= WIDE, "-wide")

    async def may_leave(self) -> bool:
        if self.applying:
            self.say("applying: it is seen to its end first", "waits")
        return not self.applying

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.name_shown, "Plan")

    def standing(self) -> tuple[str, Kind]:
        if self.applying:
            return f"applying{self._waits_for()}", "waits"
        if self.applied is not None and self.applied.applied:
            return "applied: this is what runs now", "done"
        if self.applied is not None:
            return f"nothing has changed: {self._why(self.applied)}", "wrong"
        if self.plan and self.plan.faults:
            return f"cannot be applied yet: {fault_words(self.plan.faults[0])}", "wrong"
        if self.draft.changed:
            return "this draft is not staged: ^s Stage Updates keeps it", "waits"
        return "", "done"

    def _waits_for(self) -> str:
        """`: starting Groovy…`, where that takes its time: sources that need it wait for it."""
        nodes = self.link.status.tree.children if self.link.status else []
        return next((f": {node.reason}" for node in nodes if node.kind == "groovy" and node.state == "starting"), "")

    def _why(self, applied: Applied) -> str:
        failed = next((change for change in applied.changes if change.state == "failed"), None)
        if failed is not None:
            return f"{failed.subject}: {failed.reason}"
        return applied.reason or (fault_words(applied.faults[0]) if applied.faults else "it was refused")

    # Showing.

    async def _fetch(self) -> None:
        self.plan = await self.link.call("configuration.plan", OfTenant(self.tenant), Plan)
        self._show()

    def draft_changed(self) -> None:
        if not self.applying and self.applied is None:
            self.work(self._fetch)

    @property
    def changes(self) -> list[Change]:
        """What is shown: the plan's changes, or what has become of them."""
        if self.applied is not None:
            return self.applied.changes
        return self.plan.changes if self.plan else []

    def _show(self) -> None:
        plan = self.plan
        rows: list[Row] = []
        if plan is not None:
            count = len(self.changes)
            rows.append(Row("count", lambda width: [[(plural(count, "change"), "rows--title")], []], selectable=False))
        for change in self.changes:
            rows += [Row(change.id, lambda width, change=change: _lines(change, width)), APART]
        for number, fault in enumerate(self._faults_elsewhere()):
            rows.append(
                Row(
                    f"fault{number}",
                    lambda width, fault=fault: wrapped(f"! {fault}", "rows--error", width),
                    selectable=False,
                )
            )
        nothing = plan is not None and not self.changes
        self.query_one("#changes", Rows).show(rows)
        self.query_one("#panes").display = not nothing
        self.query_one(DiffView).show(plan.diff if plan else "")
        self.query_one(DiffView).display = bool(plan and plan.diff)
        empty = self.query_one("#empty", Static)
        empty.display = nothing
        empty.update(self._nothing() if nothing else "")
        self.refresh_frame()

    def _faults_elsewhere(self) -> list[str]:
        """Faults that stand at no change of their own."""
        shown = {fault_words(fault) for change in self.changes for fault in change.faults}
        faults = self.applied.faults if self.applied else self.plan.faults if self.plan else []
        return [words for words in map(fault_words, faults) if words not in shown]

    def _nothing(self) -> str:
        if self.plan and self.plan.file_differs:
            return EDITED_BY_HAND
        return "Nothing is staged: what is active is what is meant."

    # Doing.

    async def action_apply(self) -> None:
        plan = self.plan
        if self.applying or plan is None:
            return
        if self.applied is not None and self.applied.applied:
            await self.action_back()
        elif plan.changes:
            self.applying = True
            self.work(self._apply, "configuration.apply", Apply(tenant=self.tenant, staged=plan.staged))
        elif plan.file_differs:
            self.applying = True
            self.work(self._apply, "configuration.reload", OfTenant(self.tenant))
        else:
            self.say("nothing is staged")

    async def _apply(self, method: str, params: Apply | OfTenant) -> None:
        self.applied = None
        self.refresh_frame()
        try:
            self.applied = await self.link.call(method, params, Applied, timeout=APPLY_LIMIT)
            self.draft.applied = self.applied
        finally:
            self.applying = False
            if self.applied is None or not self.applied.applied:
                await self._fetch()
            self._show()
        await self.draft.load()
        await self.link.refresh()

    def on_apply_progress(self, message: ApplyProgress) -> None:
        message.stop()
        if message.applied.tenant == self.tenant and self.applying:
            self.applied = message.applied if message.applied.changes else self.applied
            self._show()

    def action_take_back(self) -> None:
        current = self.query_one("#changes", Rows).current
        if current and self.plan and any(change.id == current for change in self.plan.changes):
            self.work(self._discard, current)

    async def action_discard(self) -> None:
        if not self.plan or not self.plan.changes:
            self.say("nothing is staged")
            return
        question = Question(
            "Discard all?",
            f"{plural(len(self.plan.changes), 'staged change')} of {self.tenant} given up. What runs goes on as it is.",
            (Answer("discard", "Discard all", "d"), Answer("cancel", "Cancel", "c")),
        )

        async def answered(answer: str) -> None:
            if answer == "discard":
                await self._discard(None)

        await self.ask(question, answered)

    async def _discard(self, change: str | None) -> None:
        await self.link.call("configuration.discard", Discard(tenant=self.tenant, change=change), Configuration)
        self.applied = None
        await self.draft.load()
        await self._fetch()
        self.say("took it back" if change else "discarded all that was staged")

    def action_other_pane(self) -> None:
        self.focus_next()


def _lines(change: Change, width: int) -> list[Line]:
    said = change.lines or [""]
    head: Line = [(f"{change.sign} ", SIGNS[change.sign]), (f"{change.subject:<18} ", "rows--title"), (said[0], "")]
    state = WORDS.get(change.state, "")
    lines = [spread(head, [(state, STYLES[change.state])] if state else [], width)]
    for line in said[1:]:
        lines += wrapped(line, "", width, 21)
    lines += wrapped(change.effect, "painted--quiet", width, 21)
    for fault in change.faults:
        lines += wrapped(f"! {fault_words(fault)}", "rows--error", width, 21)
    if change.reason:
        lines += wrapped(f"{mark('error')} {change.reason}", "rows--error", width, 21)
    return lines
