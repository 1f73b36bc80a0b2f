"""A run of frames as people follow it, and what it came to."""

import asyncio

from core.cli.output import print_json, terminal
from core.cli.simulator.framed.course import FramePlan
from core.cli.simulator.framed.exchange import Source
from core.cli.simulator.framed.run import FrameRun
from core.cli.simulator.framed.tally import AnswerFault, FrameSummary
from core.cli.simulator.line import Target
from core.cli.simulator.report import followed
from core.model.text import bytes_text, count_text, milliseconds_text, plural, rate_text, visible

MOST_HEX = 64
"""Digits of an answer that a line shows; --json has more."""


def run_frames(target: Target, source: Source, plan: FramePlan) -> FrameSummary:
    """Runs to the end of the plan, or to ctrl+c, with a progress bar where stderr is a terminal."""
    return asyncio.run(_run(target, source, plan))


async def _run(target: Target, source: Source, plan: FramePlan) -> FrameSummary:
    run = FrameRun(target, source, plan)
    with followed(run.stop, run.tally, plan.count, plan.seconds):
        tally = await run.run()
    return tally.frames_summary(tally.opened if plan.renew else plan.connections)


def report_frames(summary: FrameSummary, *, as_json: bool) -> None:
    """The summary on stdout."""
    if as_json:
        print_json(summary)
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    counts = {"right": summary.right, "wrong": summary.wrong, "missing": summary.missing}
    counts |= {"unexpected": summary.unexpected, "unsent": summary.unsent} | summary.errors
    for word, count in counts.items():
        if count:
            table.add_row(count_text(count), word, style="green" if word == "right" else "red")
    if summary.unchecked:
        table.add_row(count_text(summary.unchecked), f"came back unchecked, {bytes_text(summary.unchecked_bytes)}")
    over = f"in {summary.seconds:.1f} s, {rate_text(summary.rate)}, over {plural(summary.connections, 'connection')}"
    table.add_row(count_text(summary.sent), f"sent {over}", style="" if summary.sent else "red")
    if summary.hung_up:
        table.add_row(count_text(summary.hung_up), "connections that the other side ended")
    if summary.reconnects:
        table.add_row(count_text(summary.reconnects), "connections made again")
    if summary.right:
        times = (("p50", summary.p50), ("p99", summary.p99), ("most", summary.most))
        table.add_row("", "   ".join(f"{name} {milliseconds_text(each)}" for name, each in times))
    terminal().print(table)
    for fault in summary.faults:
        terminal().print(visible(_sentence(fault)))


def _sentence(fault: AnswerFault) -> str:
    match fault.kind:
        case "wrong":
            return f"wrong: frame {fault.frame} expected {_short(fault.expected)} got {_short(fault.got)}"
        case "missing":
            return f"missing: frame {fault.frame} expected {_short(fault.expected)}"
        case _:
            return f"unexpected: after frame {fault.frame} got {_short(fault.got)}"


def _short(digits: str) -> str:
    return digits if len(digits) <= MOST_HEX else f"{digits[:MOST_HEX]}… ({len(digits) // 2} bytes)"
