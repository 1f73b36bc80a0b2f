"""Closing a connection, after a question."""

from collections.abc import Callable

from console.screens.base import TidegateScreen
from console.screens.dialogs import Answer, Question
from core.control.connections import OfConnection
from core.model.connections import Connection, ConnectionDetail


async def ask_to_close(
    screen: TidegateScreen, tenant: str, source: str, connection: Connection, then: Callable[[], None]
) -> None:
    """Asks, closes, says what came of it, and does `then`."""
    who = f"{connection.remote}" + (f" ({connection.device})" if connection.device else "")
    question = Question(
        "Close Connection?",
        f"{who}: the frames that were taken are answered first; what is here of another is refused and kept. "
        "The device may connect again at once.",
        (Answer("close", "Close Connection", "x"), Answer("cancel", "Cancel", "c")),
    )

    async def answered(answer: str) -> None:
        if answer != "close":
            return
        asked = OfConnection(tenant=tenant, source=source, id=connection.id)
        closed = await screen.link.call("connections.close", asked, ConnectionDetail)
        screen.say(f"{connection.remote}: {closed.reason}")
        then()

    await screen.ask(question, answered)
