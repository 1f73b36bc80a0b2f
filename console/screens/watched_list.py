"""A list that the engine is asked for every second, under the names of its columns: connections, groups of failures."""

from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.widgets import Static

from console.screens.base import Kind, TidegateScreen
from console.widgets.rows import Line, Row, Rows
from core.errors import TidegateError

EVERY = 1.0
"""Seconds between two looks."""
MOST = 200
"""Rows that are shown."""
MORE = "+"
"""The id of the row that says how many are not shown; what is listed has no id that begins with a sign."""

A = TypeVar("A")
F = TypeVar("F")


class WatchedList(TidegateScreen, Generic[A, F]):
    """A subclass says what it asks for (`A`, which an operator may change meanwhile) and shows what was found (`F`)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: F | None = None
        self._asking = False
        self._wrong = ""

    # What subclasses say.

    def heading(self, width: int) -> Line:
        """The names of the columns."""
        raise NotImplementedError

    def asked(self) -> A:
        """What is asked for now."""
        raise NotImplementedError

    async def fetch(self, asked: A) -> F:
        """Asks the engine."""
        raise NotImplementedError

    def nothing(self) -> F:
        """What is shown where the engine cannot say."""
        raise NotImplementedError

    def rows_of(self, found: F) -> list[Row]:
        """The rows, `MOST` at the most."""
        raise NotImplementedError

    def left_out(self, found: F) -> str:
        """What is not among the rows, in words; empty where they are all."""
        raise NotImplementedError

    def when_empty(self) -> str:
        """Why there is no row."""
        raise NotImplementedError

    # The list.

    def compose_body(self) -> ComposeResult:
        head = Rows(id="columns")
        head.can_focus = False
        yield head
        yield Rows(id="list")
        yield Static("", id="empty", markup=False)

    def on_mount(self) -> None:
        self.query_one("#empty").display = False
        self.query_one("#columns", Rows).show([Row("", lambda width: [self.heading(width)], selectable=False)])
        self.rows.focus()
        self.set_interval(EVERY, self.look)
        self.look()

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one("#list", Rows)

    def standing(self) -> tuple[str, Kind]:
        return (self._wrong, "wrong") if self._wrong else ("", "done")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.look()

    def link_changed(self) -> None:
        self.look()

    def look(self) -> None:
        """Asks, unless that was done and is not answered yet."""
        if self.is_current and self.link.up and not self._asking:
            self._asking = True
            self.run_worker(self._fetch(self.asked()))

    def afresh(self) -> None:
        """What is asked for has changed: what was found before is not waited for."""
        self.found, self._asking = None, False
        self.refresh_frame()
        self.look()

    async def _fetch(self, asked: A) -> None:
        try:
            found = await self.fetch(asked)
            self._wrong = ""
        except TidegateError as error:
            found, self._wrong = self.nothing(), str(error)
        finally:
            self._asking = False
        if self.stands and asked == self.asked():
            self._show(found)

    def _show(self, found: F) -> None:
        before, self.found = self.found, found
        self.refresh_frame()
        if before is not None and before == found:
            return
        rows = self.rows_of(found)
        if left := self.left_out(found):
            rows.append(Row(MORE, lambda width: [[(left, "painted--quiet")]], selectable=False))
        self.query_one("#empty").display = not rows
        self.rows.display = bool(rows)
        if not rows:
            self.query_one("#empty", Static).update(self.when_empty())
        self.rows.show(rows)
        if self.focused is None and rows:
            self.rows.focus()
