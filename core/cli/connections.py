"""`tidegate connections`: the connections of an event source, one of them with its frames, and closing one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, source_paths

if TYPE_CHECKING:
    from rich.text import Text

    from core.cli.reach import Engine
    from core.control.connections import ConnectionFrames, OfConnection
    from core.model.connections import Connection, ConnectionDetail

DEFAULT_LISTED = 100
DEFAULT_FRAMES = 20


def connections(
    source: Annotated[str, typer.Argument(metavar="TENANT/SOURCE", autocompletion=source_paths)],
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One of them: its facts, state and frames.")] = None,
    home: HomeOption = None,
    close: Annotated[bool, typer.Option("--close", help="Close the connection of that id.")] = False,
    find: Annotated[str, typer.Option(metavar="TEXT", help="Those with it in remote, device, reason or id.")] = "",
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help=f"So many connections (else {DEFAULT_LISTED}), or newest frames of one (else {DEFAULT_FRAMES}).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Print an event source's connections, the most active first; or one, with its bytes in both directions."""
    from core.cli.reach import with_engine
    from core.control.connections import OfConnection

    tenant, slash, name = source.partition("/")
    if not (tenant and slash and name):
        raise typer.BadParameter("an event source is TENANT/SOURCE", param_hint="TENANT/SOURCE")
    if id is None and close:
        raise typer.BadParameter("give the id of the connection, too", param_hint="--close")
    if id is None:
        most = limit or DEFAULT_LISTED
        return with_engine(home, lambda engine: _list(engine, tenant, name, find, most, as_json), offline_ok=False)
    if find:
        raise typer.BadParameter("it finds connections, not what is in one", param_hint="--find")
    one = OfConnection(tenant=tenant, source=name, id=id)
    if close:
        return with_engine(home, lambda engine: _close(engine, one, as_json), offline_ok=False)
    return with_engine(home, lambda engine: _show(engine, one, limit or DEFAULT_FRAMES, as_json), offline_ok=False)


async def _list(engine: Engine, tenant: str, source: str, text: str, most: int, as_json: bool) -> int:
    from core.cli.output import print_json
    from core.control.connections import ConnectionQuery, Connections
    from core.model.text import plural, visible

    query = ConnectionQuery(tenant=tenant, source=source, text=text)
    found: list[Connection] = []
    while True:
        query.limit = most - len(found)
        page = await engine.call("connections.list", query, Connections)
        found += page.connections
        query.after = page.next
        if page.next is None or len(found) >= most:
            break
    if as_json:
        for connection in found:
            print_json(connection)
    else:
        _print_table(found)
        left = page.open + page.ended - len(found)
        if left > 0:
            sys.stderr.write(f"tidegate: {plural(left, 'more connection')}: --limit shows more, --find some of them\n")
        elif not found:
            sys.stderr.write(f"tidegate: {tenant}/{source} has no connection{' of that kind' if text else ''}\n")
    for said in page.unanswered:
        sys.stderr.write(f"tidegate: {visible(said)}\n")
    return 1 if page.unanswered else 0


def _print_table(found: list[Connection]) -> None:
    from datetime import datetime

    from rich.text import Text

    from core.cli.lines import time_text
    from core.cli.output import columns, terminal
    from core.model.text import bytes_text, count_text, sign, visible

    if not found:
        return
    counted = ("Requests", "In", "Out")
    table = columns("Id", "Remote", "Device", "Opened", "Last", *counted, "State", "", right=counted)
    now = datetime.now().astimezone()
    for each in found:
        table.add_row(
            each.id,
            visible(each.remote),
            visible(each.device) if each.device else sign("–"),
            time_text(each.opened_date, now),
            time_text(each.last_date, now) if each.last_date else sign("–"),
            count_text(each.requests),
            bytes_text(each.bytes_in),
            bytes_text(each.bytes_out),
            _state(each),
            Text(_about(each), "dim"),
        )
    terminal().print(table)


def _state(connection: Connection) -> Text:
    from rich.text import Text

    from core.model.text import sign

    open = connection.closed_date is None
    return Text(f"{sign('●' if open else '○')} {'open' if open else 'closed'}", "green" if open else "dim")


def _about(connection: Connection) -> str:
    from core.model.text import bytes_text, visible

    unfinished = f"{bytes_text(connection.unfinished)} of an unfinished frame" if connection.unfinished else ""
    return "; ".join(part for part in (visible(connection.reason or ""), unfinished) if part)


async def _close(engine: Engine, one: OfConnection, as_json: bool) -> int:
    from core.cli.output import print_json
    from core.errors import TidegateError
    from core.model.connections import ConnectionDetail
    from core.model.text import visible

    before = await engine.call("connections.get", one, ConnectionDetail)
    if before.closed_date is not None:
        raise TidegateError(f"{one.id} is closed already: {visible(before.reason or '')}")
    closed = await engine.call("connections.close", one, ConnectionDetail)
    if as_json:
        print_json(closed)
    else:
        sys.stdout.write(f"{one.id} ({visible(closed.remote)}): {visible(closed.reason or 'closed')}\n")
    return 0


async def _show(engine: Engine, one: OfConnection, most: int, as_json: bool) -> int:
    import msgspec

    from core.cli.output import print_json
    from core.control.connection_frames import frames_of, newest_frames
    from core.model.connections import ConnectionDetail

    detail = await engine.call("connections.get", one, ConnectionDetail)
    kept = await newest_frames(engine, frames_of(one.tenant, one.source, detail), most)
    if as_json:
        print_json({**msgspec.to_builtins(detail, builtin_types=(bytes,)), "frames": kept.frames})
        return 0
    _print_facts(detail)
    _print_frames(kept, detail)
    return 0


def _print_facts(detail: ConnectionDetail) -> None:
    import json

    from rich.text import Text

    from core.cli.output import terminal
    from core.model.text import bytes_text, count_text, sign, visible

    state = json.dumps(detail.state, ensure_ascii=False) if detail.state else detail.state_reason or sign("–")
    rows = {
        "remote": detail.remote,
        "device": detail.device or sign("–"),
        "opened": detail.opened_date,
        "last": detail.last_date or sign("–"),
        "closed": f"{detail.closed_date}: {detail.reason}" if detail.closed_date else sign("–"),
        "requests": count_text(detail.requests),
        "bytes": f"{bytes_text(detail.bytes_in)} in, {bytes_text(detail.bytes_out)} out",
        "state": state,
        **{name: str(value) for name, value in detail.facts.items()},
    }
    terminal().print(Text.assemble((f"Connection {detail.id}  ", "bold"), _state(detail)))
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        terminal().print(Text.assemble((f"  {name:<{width}}  ", "dim"), visible(value)))


def _print_frames(kept: ConnectionFrames, detail: ConnectionDetail) -> None:
    from datetime import datetime

    from rich.text import Text

    from core.cli.lines import frame_lines, unfinished_lines
    from core.cli.output import terminal

    out, now = terminal(), datetime.now().astimezone()
    out.print()
    if kept.more:
        out.print(Text("… earlier ones: --limit shows more", "dim"))
    for frame in kept.frames:
        out.print(frame_lines(frame, now))
    if not kept.frames:
        out.print(Text("no frame of it is kept", "dim"))
    if detail.unfinished:
        out.print(unfinished_lines(detail))
    if kept.behind:
        sys.stderr.write(f"tidegate: {kept.behind:,} newer requests are not indexed yet\n")
