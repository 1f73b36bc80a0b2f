"""Failures: failed requests as a list of work, those with the same reason as one row."""

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Input, Static

from console.actions import ACTIONS, Action
from console.screens.base import Kind, TidegateScreen
from console.screens.dialogs import Dialog
from console.screens.request import OneRequest
from console.session import console_of
from console.text import mark, plural
from console.widgets.failure_row import failure_lines, heading
from console.widgets.rows import Row, Rows
from core.control.messages import Dismiss, FailureQuery, Failures, OfFailure
from core.errors import TidegateError
from core.model.failures import Dismissal, FailureGroup
from core.model.requests import TrafficRow

EVERY = 1.0
"""Seconds between two looks at the groups."""
MOST = 200
"""Groups that are shown; those that grew last."""
MORE = "+"
"""The id of the row that says how many are not shown; no group's id begins with a sign."""


class FailuresScreen(TidegateScreen):
    """One row a group, fresh every second: those that are open, or those that were dismissed."""

    TITLE = "Failures"
    PLACE = "failures"
    ABOUT = (
        "Failed requests as a list of work. Those of a source that failed with the same message at the same line of "
        "the same script are one row, with how many they are and when the first and the last came; numbers and "
        "addresses in the message are left out as *.\n\n"
        "enter lists a group's requests, v shows the last of them with its bytes. A group goes when none of its "
        "requests is kept as failed any more. One that needs no work is dismissed (x) with a word why, also for those "
        "that come later; f shows the dismissed ones, and there x opens one again."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["open"].titled("Requests", "lists the requests of the current group, in Live Traffic"),
        ACTIONS["view"].titled("Sample", "shows the last request of the current group, with its bytes"),
        ACTIONS["dismiss_group"],
        ACTIONS["failed"].titled("Dismissed/Open", "shows the groups that were dismissed, or the open ones again"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.tenant: str | None = None
        self.dismissed = False
        self.found: Failures | None = None
        self._asking = False
        self._wrong = ""

    def compose_body(self) -> ComposeResult:
        head = Rows(id="columns")
        head.can_focus = False
        yield head
        yield Rows(id="failures")
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
        return self.query_one("#failures", Rows)

    @property
    def current(self) -> FailureGroup | None:
        """The current row's."""
        known = self.found.groups if self.found else []
        return next((each for each in known if each.id == self.rows.current), None)

    def trail(self) -> tuple[str, ...]:
        way = ("Tidegate",) if self.tenant is None else ("Tidegate", self.tenant)
        return (*way, "Failures", "Dismissed") if self.dismissed else (*way, "Failures")

    def standing(self) -> tuple[str, Kind]:
        if self._wrong:
            return self._wrong, "wrong"
        if self.found is not None and not self.dismissed and self.found.dismissed:
            return f"{plural(self.found.dismissed, 'group')} dismissed: f shows them", "done"
        return "", "done"

    async def follow(self, path: str, filter: str) -> None:
        """Shows a tenant's failures alone."""
        self.tenant = path.partition("/")[0] or None
        self._afresh()

    # Fetching.

    def _look(self) -> None:
        """Asks for the groups, unless that was asked and not answered yet."""
        if self.is_current and self.link.up and not self._asking:
            self._asking = True
            self.run_worker(self._fetch(self.dismissed, self.tenant))

    async def _fetch(self, dismissed: bool, tenant: str | None) -> None:
        asked = FailureQuery(tenant=tenant, dismissed=dismissed, limit=MOST)
        try:
            found = await self.link.call("failures.query", asked, Failures)
            self._wrong = ""
        except TidegateError as error:
            found, self._wrong = Failures(groups=[], open=0, dismissed=0), str(error)
        finally:
            self._asking = False
        if self.stands and (dismissed, tenant) == (self.dismissed, self.tenant):
            self._show(found)

    def _afresh(self) -> None:
        self.found, self._asking = None, False
        self.refresh_frame()
        self._look()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look()

    def link_changed(self) -> None:
        self._look()

    # Showing.

    def _show(self, found: Failures) -> None:
        before, self.found = self.found, found
        self.refresh_frame()
        if before is not None and before == found:
            return
        rows = [Row(each.id, partial(failure_lines, each)) for each in found.groups]
        left = (found.dismissed if self.dismissed else found.open) - len(found.groups)
        if left > 0:
            said = f"{plural(left, 'more group')}: `tidegate requests --failed --group` lists them"
            rows.append(Row(MORE, lambda width: [[(said, "painted--quiet")]], selectable=False))
        self.query_one("#empty").display = not rows
        self.rows.display = bool(rows)
        if not rows:
            self.query_one("#empty", Static).update(self._empty())
        self.rows.show(rows)
        if self.focused is None and rows:
            self.rows.focus()

    def _empty(self) -> str:
        if self.dismissed:
            return "no group was dismissed: f shows those that are open"
        return "no failure is open: what was received was decoded, or dismissed"

    # Doing.

    async def action_open(self) -> None:
        group = self.current
        if group is not None:
            await console_of(self).go_to("traffic", path=group.tenant, filter=f"failure:{group.id}")

    async def action_view(self) -> None:
        group = self.current
        if group is None:
            return
        if group.sample is None:
            self.say("its segment of the journal cannot be read", "wrong")
            return
        screen = OneRequest(group.sample, self._step)
        screen.place = self.PLACE
        await self.app.push_screen(screen)

    def _step(self, by: int) -> TrafficRow | None:
        """The sample of the next group, or of the one before."""
        before = self.rows.current
        self.rows.action_move(by)
        return None if self.rows.current == before or self.current is None else self.current.sample

    async def action_dismiss_group(self) -> None:
        group = self.current
        if group is None:
            return
        if group.dismissed is not None:
            self.work_first(self._restore, group)
        else:
            await self.ask(WhyDialog(group), partial(self._dismiss, group))

    async def _dismiss(self, group: FailureGroup, why: str) -> None:
        await self.link.call("failures.dismiss", Dismiss(id=group.id, why=why), Dismissal)
        self.say("dismissed: f shows those that are")
        self._afresh()

    async def _restore(self, group: FailureGroup) -> None:
        await self.link.call("failures.restore", OfFailure(group.id), Dismissal)
        self.say("open again")
        self._afresh()

    def action_failed(self) -> None:
        self.dismissed = not self.dismissed
        self._afresh()

    async def action_back(self) -> None:
        if self.dismissed:
            self.action_failed()
        elif self.tenant is not None:
            self.tenant = None
            self._afresh()
        else:
            await super().action_back()


class WhyDialog(Dialog[str]):
    """Asks why a group needs no work."""

    heading = "Dismiss"
    keys = "escape Cancel   enter Dismiss"

    def __init__(self, group: FailureGroup) -> None:
        super().__init__()
        self.group = group

    def compose_dialog(self) -> ComposeResult:
        said = f"{self.group.tenant}/{self.group.source}: {self.group.reason}"
        yield Static(said, classes="dialog-text", markup=False)
        yield Static(
            f"{plural(self.group.count, 'request')}, and those that fail so later, need no work. Why?",
            classes="dialog-text",
            markup=False,
        )
        field = Input(placeholder="such as: firmware 1.2, known to the maker")
        field.cursor_blink = False
        yield field
        yield Static("", classes="problem", markup=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if message.value.strip():
            self.answer(message.value.strip())
        else:
            said = "say why: whoever sees it next will want to know"
            self.query_one(".problem", Static).update(f"{mark('error')} {said}")
