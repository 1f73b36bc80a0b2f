"""The connections of an event source, as its workers tell of them when somebody asks."""

import asyncio
import re
from typing import Final

from core.control.connections import ConnectionQuery, Connections, OfConnection
from core.engine.source import SourceRunner
from core.engine.worker_process import ASK_TIMEOUT, WorkerProcess
from core.errors import NotFound, TidegateError
from core.model.connections import Connection, ConnectionDetail, parse_connection_id
from core.worker.lifeline import (
    CloseConnection,
    ConnectionPlace,
    ListConnections,
    ListedConnections,
    ShowConnection,
    ShownConnection,
)

MOST_LISTED: Final = 1000
"""Connections of one page, whatever the limit asked for."""
_CURSOR = re.compile(r"([01])\.([0-9]{1,15})\.([0-9]{1,10})\.([0-9]{1,16})", re.ASCII)


async def list_connections(source: SourceRunner, asked: ConnectionQuery) -> Connections:
    """A page: those that are open, the most active lately first, then those that have ended."""
    after = _place(asked.after) if asked.after is not None else None
    most = min(max(asked.limit, 1), MOST_LISTED)
    question = ListConnections(text=asked.text, after=after, most=most + 1)
    workers = source.every_worker
    answers = await asyncio.gather(*(worker.ask(question) for worker in workers))
    told = [answer for answer in answers if isinstance(answer, ListedConnections)]
    rows = sorted((row for answer in told for row in answer.rows), key=lambda row: row[0], reverse=True)
    silent = [worker for worker, answer in zip(workers, answers, strict=True) if answer is None]
    return Connections(
        connections=[connection for _, connection in rows[:most]],
        open=sum(answer.open for answer in told),
        ended=sum(answer.ended for answer in told),
        next=_cursor(rows[most - 1]) if len(rows) > most else None,
        unanswered=[_silent(worker) for worker in silent if not worker.gone.is_set()],
    )


async def show_connection(source: SourceRunner, asked: OfConnection) -> ConnectionDetail:
    """One connection whole."""
    return await _ask_of(source, asked.id, ShowConnection)


async def close_connection(source: SourceRunner, asked: OfConnection) -> ConnectionDetail:
    """Ends one, for an operator; as it is then."""
    return await _ask_of(source, asked.id, CloseConnection)


async def _ask_of(
    source: SourceRunner, id: str, question: type[ShowConnection] | type[CloseConnection]
) -> ConnectionDetail:
    place = parse_connection_id(id)
    if place is None:
        raise NotFound(f"{id!r} is no connection's id: it has the form 3-17, as `tidegate connections` lists them")
    worker = next((worker for worker in source.every_worker if worker.number == place[0]), None)
    answer = await worker.ask(question(place[1])) if worker is not None else None
    if worker is not None and answer is None and not worker.gone.is_set():
        raise TidegateError(_silent(worker))
    if not isinstance(answer, ShownConnection) or answer.connection is None:
        raise NotFound(f"{source.path} knows no connection {id} any more; the requests that it kept are there still")
    return answer.connection


def _silent(worker: WorkerProcess) -> str:
    return (
        f"worker process {worker.pid} did not answer within {ASK_TIMEOUT:g} s, so its connections are not known now: "
        "a script may hold it up"
    )


def _place(cursor: str) -> ConnectionPlace:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise TidegateError(f"{cursor!r} is no place to go on from: give the `next` of the page before")
    return int(match[1]), int(match[2]), int(match[3]), int(match[4])


def _cursor(row: tuple[ConnectionPlace, Connection]) -> str:
    return ".".join(str(part) for part in row[0])
