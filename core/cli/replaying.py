"""What `tidegate replay` does with an engine, and how it tells of it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from datetime import datetime

from rich.text import Text

from core.cli.lines import change_lines, time_text
from core.cli.output import columns, print_json, terminal
from core.cli.reach import Engine
from core.control.replay_words import chosen, outcome_words, progress_words
from core.control.replays import Changes, ChangesOf, OfReplay, Replay, ReplayQuery, Replays, ReplayStatus, RequestChange
from core.errors import TidegateError
from core.model.text import count_text, plural, visible

LOOK_EVERY = 0.25
_COLOURS = {"running": "green", "undoing": "green", "done": "", "undone": "dim", "cancelled": "yellow", "failed": "red"}


async def start_replay(engine: Engine, asked: Replay, as_json: bool) -> int:
    """Begins a replay and stays with it to its end; of a dry run it prints what would change."""
    status = await engine.call("replays.start", asked, ReplayStatus)
    return await _stay(engine, status, as_json)


async def resume_replay(engine: Engine, id: str, as_json: bool) -> int:
    return await _stay(engine, await engine.call("replays.resume", OfReplay(id), ReplayStatus), as_json)


async def undo_replay(engine: Engine, id: str, as_json: bool) -> int:
    return await _stay(engine, await engine.call("replays.undo", OfReplay(id), ReplayStatus), as_json)


async def cancel_replay(engine: Engine, id: str, as_json: bool) -> int:
    """Stops a replay that runs."""
    status = await engine.call("replays.cancel", OfReplay(id), ReplayStatus, timeout=30.0)
    print_json(status) if as_json else _say(_outcome(status))
    return 0


async def list_replays(engine: Engine, tenant: str | None, as_json: bool) -> int:
    """Prints replays, the newest first."""
    found = (await engine.call("replays.list", ReplayQuery(tenant=tenant), Replays)).replays
    if as_json:
        for status in found:
            print_json(status)
        return 0
    if not found:
        _say("there has been no replay" + (f" of {tenant}" if tenant else ""))
        return 0
    counted = ("Done", "Failed", "Changed")
    table = columns("Id", "Tenant", "Begun", "State", *counted, "", right=counted)
    now = datetime.now().astimezone()
    for status in found:
        table.add_row(
            status.id,
            status.tenant,
            time_text(status.created, now),
            Text("dry run" if status.dry_run and status.state == "done" else status.state, _COLOURS[status.state]),
            progress_words(status),
            count_text(status.failed),
            count_text(status.changed),
            Text(visible(status.reason or chosen(status.asked, status.named)), "dim"),
        )
    terminal().print(table)
    return 0


async def _stay(engine: Engine, status: ReplayStatus, as_json: bool) -> int:
    """Follows a replay to its end. Ctrl+C stops it."""
    shown = 0
    try:
        async with _progress(as_json) as tell:
            while True:
                status = await engine.call("replays.get", OfReplay(status.id), ReplayStatus)
                tell(status)
                if status.dry_run:
                    shown = await _print_changes(engine, status, shown, as_json)
                if status.state not in ("running", "undoing"):
                    break
                await asyncio.sleep(LOOK_EVERY)
    except asyncio.CancelledError:
        with contextlib.suppress(TidegateError):
            await asyncio.shield(engine.call("replays.cancel", OfReplay(status.id), ReplayStatus, timeout=30.0))
            _say(f"stopped: tidegate replay --resume {status.id} goes on")
        raise
    if as_json and not status.dry_run:
        print_json(status)
    elif not as_json:
        _say(_outcome(status), *(f"left out: {visible(each)}" for each in status.skipped))
    if status.state == "failed":
        raise TidegateError(f"{status.reason}; tidegate replay --resume {status.id} goes on once that is mended")
    return 0


async def _print_changes(engine: Engine, status: ReplayStatus, shown: int, as_json: bool) -> int:
    """Prints what a dry run found since the last look; how many it printed in all."""
    now = datetime.now().astimezone()
    more = True
    while more:
        page = await engine.call("replays.changes", ChangesOf(id=status.id, after=shown, limit=500), Changes)
        for change in page.changes:
            _print_change(change, now, as_json)
        shown += len(page.changes)
        more = page.more
    return shown


def _print_change(change: RequestChange, now: datetime, as_json: bool) -> None:
    if as_json:
        print_json(change)
    else:
        terminal().print(change_lines(change, now))


@contextlib.asynccontextmanager
async def _progress(as_json: bool) -> AsyncGenerator[Progress]:
    """A line on stderr that says how far it is, where somebody looks at it."""
    progress = Progress(on=sys.stderr.isatty() and not as_json)
    try:
        yield progress
    finally:
        progress.clear()


class Progress:
    """Writes over its own line."""

    def __init__(self, *, on: bool) -> None:
        self._on = on
        self._written = 0

    def __call__(self, status: ReplayStatus) -> None:
        if not self._on:
            return
        self.clear()
        rate = f", {status.rate:,.0f} a second" if status.rate else ""
        text = f"{visible(status.source or '')}  {progress_words(status)}  {plural(status.failed, 'failure')}{rate}"
        sys.stderr.write(text)
        sys.stderr.flush()
        self._written = len(text)

    def clear(self) -> None:
        """Leaves the line empty."""
        if self._written:
            sys.stderr.write(f"\r{' ' * self._written}\r")
            sys.stderr.flush()
            self._written = 0


def _outcome(status: ReplayStatus) -> str:
    """How it ended, in one line."""
    said = outcome_words(status)
    if status.state == "cancelled":
        return f"stopped: {said}; tidegate replay --resume {status.id} goes on"
    if status.dry_run or status.state != "done" or not status.done:
        return said
    return f"{said}; tidegate replay --undo {status.id} takes it back"


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
