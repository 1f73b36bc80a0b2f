"""SiteWhere's power button: starts what is stopped, and asks before it stops what runs."""

from console.screens.base import TidegateScreen
from console.screens.dialogs import Answer, Question
from core.control.named import Target
from core.control.states import State

STOP_LIMIT = 60.0
"""Seconds that a drain, and all else that stopping does, may take until the console says that it is still going on."""


async def power(screen: TidegateScreen, path: str, state: State, kind: str, name: str) -> None:
    """Starts or stops the tenant or source at `path`; `kind` is `Tenant` or `Source`."""
    if state in ("stopped", "error"):
        screen.work(_start, screen, path, name)
        return
    question = Question(
        f"Stop {kind}?",
        f"{name}: what devices send is not taken until it is started again. "
        "What is being answered is finished first. The engine's next start starts it again.",
        (
            Answer("stop", f"Stop {kind}", "s"),
            Answer("restart", "Stop and start again", "r"),
            Answer("cancel", "Cancel", "c"),
        ),
    )

    async def answered(answer: str) -> None:
        if answer != "cancel":
            screen.work(_end, screen, answer, path, name)

    await screen.ask(question, answered)


async def _start(screen: TidegateScreen, path: str, name: str) -> None:
    screen.say(f"starting {name}", "waits")
    node = await screen.link.call("lifecycle.start", Target(path), timeout=STOP_LIMIT)
    await screen.link.refresh()
    if node.state == "error":
        screen.say(f"{name}: {node.reason}", "wrong")
    else:
        screen.say(f"{name} is {node.state}")


async def _end(screen: TidegateScreen, verb: str, path: str, name: str) -> None:
    screen.say(f"stopping {name}", "waits")
    node = await screen.link.call(f"lifecycle.{verb}", Target(path), timeout=STOP_LIMIT)
    await screen.link.refresh()
    screen.say(
        f"{name} is {node.state}" + (f": {node.reason}" if node.reason else ""),
        "wrong" if node.state == "error" else "done",
    )
