"""A simulation as people follow it: a progress bar while it runs, a summary when it is over."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Generator

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from core.cli.output import print_json, terminal
from core.cli.simulator.devices import Payloads
from core.cli.simulator.line import Target
from core.cli.simulator.simulation import MakeLine, Plan, Simulation
from core.cli.simulator.tally import Summary, Tally
from core.model.text import count_text, milliseconds_text, rate_text

REFRESH = 0.2
"""Seconds between two pictures of the progress."""


def run_shown(target: Target, make_line: MakeLine, payloads: Payloads, plan: Plan) -> Summary:
    """Runs to the end of the plan, or to ctrl+c, with a progress bar where stderr is a terminal."""
    return asyncio.run(_run_shown(target, make_line, payloads, plan))


async def _run_shown(target: Target, make_line: MakeLine, payloads: Payloads, plan: Plan) -> Summary:
    simulation = Simulation(target, make_line, payloads, plan)
    with followed(simulation.stop, simulation.tally, plan.count, plan.seconds):
        tally = await simulation.run()
    return tally.summary(plan.connections)


@contextlib.contextmanager
def followed(stop: Callable[[], None], tally: Tally, count: int, seconds: float) -> Generator[None]:
    """Around a run: ctrl+c stops it, and a terminal on stderr sees how far it is towards `count` or `seconds`."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with _progress(tally, count, seconds, loop) if sys.stderr.isatty() else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _progress(tally: Tally, count: int, seconds: float, loop: asyncio.AbstractEventLoop) -> Generator[None]:
    begin = BarColumn() if count or seconds else SpinnerColumn()
    words = TextColumn("{task.fields[words]}", markup=False)
    with Progress(begin, words, TimeElapsedColumn(), console=terminal(stderr=True), auto_refresh=False) as shown:
        task = shown.add_task("", total=count or seconds or None, words="")
        before = (0, loop.time())

        def refresh() -> None:
            nonlocal before, timer
            before = _refresh(shown, task, tally, before, loop.time(), count, seconds)
            timer = loop.call_later(REFRESH, refresh)

        timer = loop.call_later(REFRESH, refresh)
        try:
            yield
        finally:
            timer.cancel()
            _refresh(shown, task, tally, before, loop.time(), count, seconds)


def _refresh(
    shown: Progress,
    task: TaskID,
    tally: Tally,
    before: tuple[int, float],
    now: float,
    count: int,
    seconds: float,
) -> tuple[int, float]:
    done, at = before
    speed = (tally.done - done) / (now - at) if now > at else 0.0
    lost = sum(tally.errors.values())
    words = [f"{count_text(tally.done)} sent", rate_text(speed)]
    words += [f"{status} {count_text(number)}" for status, number in sorted(tally.statuses.items())]
    words += [f"{count_text(lost)} errors"] if lost else []
    completed = tally.done if count else min(seconds, tally.elapsed)
    shown.update(task, completed=completed, words="   ".join(words), refresh=True)
    return tally.done, now


def report(summary: Summary, *, as_json: bool) -> None:
    """The summary on stdout."""
    if as_json:
        print_json(summary)
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for status, count in summary.statuses.items():
        good = status.startswith("2")
        table.add_row(count_text(count), f"answered {status}", style="green" if good else "yellow")
    if not summary.statuses:
        table.add_row(count_text(summary.accepted), "taken", style="green" if summary.accepted else "")
    for kind, count in summary.errors.items():
        table.add_row(count_text(count), kind, style="red")
    table.add_row(count_text(summary.sent), f"sent in {summary.seconds:.1f} s, {rate_text(summary.rate)}")
    if summary.reconnects:
        table.add_row(count_text(summary.reconnects), "connections made again")
    times = (("p50", summary.p50), ("p99", summary.p99), ("most", summary.most))
    table.add_row("", "   ".join(f"{name} {milliseconds_text(each)}" for name, each in times))
    terminal().print(table)
