"""`tidegate demo`: the tutorial's tenant on a throw-away home, with live traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import Front

if TYPE_CHECKING:
    from core.cli.throwaway import Demo

RATE = 20.0


def demo(
    ctx: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="No console: run, then print what arrived, as JSON.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0, metavar="N", help="Headless: end after so long, else ctrl+c.")] = 0,
    rate: Annotated[float, typer.Option(min=0.1, max=10000, metavar="N", help="Requests a second.")] = RATE,
) -> int:
    """Show a working tenant with live traffic in the console.

    It stands on a throw-away home: everything is gone when it ends.
    """
    from core.cli.throwaway import start_demo

    if seconds and not headless:
        raise typer.BadParameter("only a demo without a console ends by itself: add --headless", param_hint="--seconds")
    front: Front = ctx.obj
    if not headless:
        front.check_terminal("`tidegate demo --headless --seconds 10` does without")
    running = start_demo(rate)
    try:
        return _headless(running, seconds) if headless else front.open_console(running.home, demo=True, readonly=False)
    finally:
        running.stop()


def _headless(running: Demo, seconds: float) -> int:
    import signal
    import threading
    import time

    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.cli.throwaway import count_events

    ended = threading.Event()

    def end(number: int, frame: object) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    began = time.monotonic()
    ended.wait(seconds or None)
    running.traffic.stop()
    took = time.monotonic() - began
    sent = running.traffic.tally.summary(0)
    events = with_engine(running.home, count_events, offline_ok=False)
    print_json(
        {
            "seconds": round(took, 1),
            "sent": sent.sent,
            "accepted": sent.accepted,
            "statuses": sent.statuses,
            "errors": sent.errors,
            "events": events,
        }
    )
    return 0 if events else 1
