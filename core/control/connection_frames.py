"""What was kept of a connection, asked for page by page."""

from typing import Final, Protocol, TypeVar

import msgspec

from core.control.connections import ConnectionFrames, FramesOf
from core.model.connections import Connection
from core.model.dates import date_milliseconds, date_text, parse_date

R = TypeVar("R")

MOST_PAGES: Final = 50
"""Pages that are asked for at the most: a busy source may have very many rows between two of one device."""


class Caller(Protocol):
    """Whoever answers calls."""

    async def call(self, name: str, params: object, kind: type[R], /) -> R: ...


def frames_of(tenant: str, source: str, connection: Connection) -> FramesOf:
    """What to ask for: the source's requests from its remote for as long as it was open."""
    closed = connection.closed_date
    until = None if closed is None else date_text(date_milliseconds(parse_date(closed)) + 1)
    return FramesOf(tenant=tenant, source=source, remote=connection.remote, since=connection.opened_date, until=until)


async def newest_frames(engine: Caller, asked: FramesOf, most: int) -> ConnectionFrames:
    """The newest `most`, before `asked.before` where that is given; `more` says whether there are earlier ones."""
    kept = ConnectionFrames(frames=[])
    for _ in range(MOST_PAGES):
        asked = msgspec.structs.replace(asked, limit=most - len(kept.frames))
        page = await engine.call("connections.frames", asked, ConnectionFrames)
        kept = msgspec.structs.replace(page, frames=page.frames + kept.frames)
        if len(kept.frames) >= most or page.next is None:
            break
        asked.before = page.next
    return kept
