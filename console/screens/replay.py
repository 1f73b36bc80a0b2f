"""A replay: kept requests decoded again. What it would change comes first, then a question."""

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.widgets import Static

from console.actions import ACTIONS, Action
from console.link import ReplayProgress
from console.screens.base import Kind, TidegateScreen
from console.screens.dialogs import Answer, Question
from console.text import clock_text, plural, visible
from console.widgets.document import Document
from console.widgets.painted import Piece
from core.control.replay_words import change_words, chosen, outcome_words, progress_words
from core.control.replays import Changes, ChangesOf, OfReplay, Replay, ReplayStatus

PAGE = 200
MOST_SHOWN = 1_000
"""Changed requests that are shown; further ones are only counted."""
STOP_TIMEOUT = 30.0
GOING = ("running", "undoing")


class ReplayScreen(TidegateScreen):
    """One replay from its dry run to its end, or to its undoing."""

    TITLE = "Replay"
    PLACE = "traffic"
    ABOUT = (
        "A replay decodes kept requests again with today's decoder: each request gets another decode, the events of "
        "before stay on record and can be made current again.\n\nFirst a dry run shows what would change, a request at "
        "a time: lines that begin with - go, lines that begin with + come. Nothing is stored until you say so. A "
        "replay runs behind everything else and goes on when you leave this screen; `:replay --list` finds it again."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["begin_replay"],
        ACTIONS["stop_replay"],
        ACTIONS["undo"],
    )

    def __init__(self, asked: Replay | ReplayStatus, *, undo: bool = False) -> None:
        """One that is asked for, or one that there is: `undo` asks at once whether to take that back."""
        super().__init__()
        self.asked = asked if isinstance(asked, Replay) else asked.asked
        self.status: ReplayStatus | None = None
        self._known = None if isinstance(asked, Replay) else asked
        self._undo_first = undo
        self._lines: list[str] = []
        self._shown = 0
        self._fetching = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        yield Document(id="changes")

    def on_mount(self) -> None:
        self.changes.focus()
        if self._known is None:
            self._tell()
            self.work(self._begin, True)
        else:
            self._take(self._known)
            if self._undo_first:
                self.call_after_refresh(self.action_undo)

    @property
    def changes(self) -> Document:
        """What would change."""
        return self.query_one("#changes", Document)

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.asked.tenant, "Replay")

    def note(self) -> str:
        status = self.status
        return f"{status.state} {progress_words(status)}" if status is not None and status.state in GOING else ""

    def standing(self) -> tuple[str, Kind]:
        status = self.status
        if status is None or status.state in GOING:
            return "", "done"
        if status.state == "failed":
            return f"it could not go on: {status.reason}", "wrong"
        if status.dry_run:
            return ("enter decodes them again", "waits") if status.done else ("there is nothing to decode", "done")
        if status.state == "cancelled":
            return "enter goes on where it stopped", "waits"
        return "", "done"

    # What the engine tells

    def on_replay_progress(self, message: ReplayProgress) -> None:
        message.stop()
        if self.status is not None and message.status.id == self.status.id:
            self._take(message.status)

    def link_changed(self) -> None:
        if self.link.up and self.status is not None:
            self.work(self._look, self.status.id)

    async def _look(self, id: str) -> None:
        self._take(await self.link.call("replays.get", OfReplay(id), ReplayStatus))

    def _take(self, status: ReplayStatus) -> None:
        self.status = status
        self._tell()
        self.refresh_frame()
        if status.dry_run:
            self.work(self._fetch)

    async def _begin(self, dry_run: bool) -> None:
        asked = msgspec.structs.replace(self.asked, dry_run=dry_run)
        self.status = None
        status = await self.link.call("replays.start", asked, ReplayStatus)
        await self._look(status.id)

    async def _fetch(self) -> None:
        """What the dry run has found since the last look."""
        status = self.status
        if self._fetching or status is None or self._shown >= MOST_SHOWN:
            return
        self._fetching = True
        try:
            more = True
            while more and self._shown < MOST_SHOWN:
                asked = ChangesOf(id=status.id, after=self._shown, limit=PAGE)
                page = await self.link.call("replays.changes", asked, Changes)
                for change in page.changes:
                    heading = f"{clock_text(change.received_date)}  {change.event_source}  {change.request}"
                    self._lines += [heading, *(f"  {line}" for line in change_words(change)), ""]
                self._shown += len(page.changes)
                more = page.more
        finally:
            self._fetching = False
        self._show_changes(status)

    def _show_changes(self, status: ReplayStatus) -> None:
        lines = list(self._lines)
        left = status.changed - self._shown
        if left > 0 and self._shown >= MOST_SHOWN:
            lines.append(f"… and {plural(left, 'request')} more")
        if not lines and status.state not in GOING:
            lines = ["nothing would change" if status.done else "no kept request is meant by this"]
        self.changes.extend(lines, diff_colours)

    def _tell(self) -> None:
        status = self.status
        said = "asking the engine" if status is None else outcome_words(status)
        if status is not None and status.state in GOING:
            said = f"{progress_words(status)}: {said}"
        kind = "dry run: nothing is stored" if status is None or status.dry_run else status.state
        skipped = [f"left out: {each}" for each in status.skipped] if status is not None else []
        text = "\n".join(
            [
                f"{self.asked.tenant}: {chosen(self.asked, status.named if status is not None else None)}",
                kind,
                said,
                *skipped,
            ]
        )
        self.query_one("#about", Static).update(visible(text, lines=True))

    # Actions

    async def action_begin_replay(self) -> None:
        status = self.status
        if status is None or status.state in GOING:
            self.say("it runs: x stops it")
        elif not status.dry_run and status.state in ("cancelled", "failed"):
            self.work(self._call, "replays.resume")
        elif not status.dry_run:
            self.say("it has ended: r on Live Traffic begins another")
        elif status.state != "done":
            self.work(self._call, "replays.resume")
        elif not status.done:
            self.say("no kept request is meant by this")
        elif self._known is not None:  # not all of what it was asked for is known any more
            self.say("this dry run has ended: `:replay` begins another")
        else:
            answers = (Answer("replay", f"Decode {plural(status.done, 'request')} again", "r"),)
            question = Question("Replay", f"{outcome_words(status)}. The events of before stay on record.", answers)
            await self.ask(question, self._agreed)

    async def _agreed(self, answer: str) -> None:
        await self._begin(False)

    def action_stop_replay(self) -> None:
        if self.status is None or self.status.state not in GOING:
            self.say("it does not run")
        else:
            self.work(self._call, "replays.cancel")

    async def action_undo(self) -> None:
        status = self.status
        if status is None or status.dry_run or status.state in GOING or status.state == "undone":
            self.say("there is nothing to undo")
            return
        answers = (Answer("undo", f"Undo {plural(status.done, 'decode')}", "u"),)
        await self.ask(Question("Undo", "The decodes before this replay are current again.", answers), self._undo)

    async def _undo(self, answer: str) -> None:
        await self._call("replays.undo")

    async def _call(self, method: str) -> None:
        if self.status is not None:
            status = await self.link.call(method, OfReplay(self.status.id), ReplayStatus, timeout=STOP_TIMEOUT)
            self._take(status)

    async def may_leave(self) -> bool:
        """A dry run that nobody looks at is of no use."""
        status = self.status
        if status is not None and status.dry_run and status.state in GOING and self.link.up:
            await self.tried(self._call, "replays.cancel")
        return True


def diff_colours(line: str) -> list[Piece]:
    """What goes and what comes."""
    style = {"- ": "painted--error", "+ ": "painted--string"}.get(line[2:4] if line.startswith("  ") else "", "")
    return [(line, style or ("" if line.startswith("  ") else "painted--quiet"))]
