"""From a request to the connection that it came on."""

from datetime import timedelta

from console.screens.base import TidegateScreen
from console.screens.connection import OneConnection
from core.control.client import ControlError
from core.control.codes import NOT_FOUND
from core.control.connections import ConnectionQuery, Connections, FramesOf
from core.model.connections import Connection
from core.model.dates import date_milliseconds, date_text, parse_date
from core.model.requests import TrafficRow

AROUND = timedelta(hours=12)
"""How far from a request the others of its connection are looked for where nothing more is known of that."""


async def open_connection_of(screen: TidegateScreen, row: TrafficRow) -> None:
    """Shows the connection that a request came on: its frames alone, where the engine knows it no more."""
    asked = ConnectionQuery(tenant=row.tenant, source=row.event_source, text=row.remote, limit=1000)
    try:
        known = (await screen.link.call("connections.list", asked, Connections)).connections
    except ControlError as error:
        if error.code != NOT_FOUND:
            raise
        known = []
    at = row.received_date
    met = [each for each in known if each.remote == row.remote and each.opened_date <= at <= (each.closed_date or at)]
    place = screen.place or screen.PLACE
    if met:
        await screen.app.push_screen(OneConnection(row.tenant, row.event_source, met[0], place))
        return
    since, until = (date_text(date_milliseconds(parse_date(at) + by)) for by in (-AROUND, AROUND))
    nothing = Connection(
        id="",
        remote=row.remote,
        device=None,
        opened_date=since,
        last_date=None,
        requests=0,
        bytes_in=0,
        bytes_out=0,
        unfinished=0,
        closed_date=until,
        reason="the engine knows this connection no more: these are the requests kept from its address at that time",
    )
    frames = FramesOf(tenant=row.tenant, source=row.event_source, remote=row.remote, since=since, until=until)
    await screen.app.push_screen(OneConnection(row.tenant, row.event_source, nothing, place, frames))
