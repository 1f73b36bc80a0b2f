"""Says what the engine asks of a worker's connections, and ends one where an operator wants that."""

import operator
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from core.catalogue.connections import ConnectionRecord, Connections, OpenConnection
from core.model.connections import Connection, ConnectionDetail, connection_id
from core.model.dates import date_text
from core.scripting.state import state_json
from core.worker.lifeline import (
    CloseConnection,
    ConnectionPlace,
    ListConnections,
    ListedConnections,
    ShowConnection,
    ShownConnection,
)

TAIL_SHOWN: Final = 4096
"""Bytes of an unfinished request that are shown."""
BY_OPERATOR: Final = "closed by the operator"


class ConnectionDesk:
    """The connections of worker `worker`."""

    def __init__(self, worker: int, connections: Connections) -> None:
        self._worker = worker
        self._connections = connections

    def answer(
        self, question: ListConnections | ShowConnection | CloseConnection
    ) -> ListedConnections | ShownConnection:
        """The answer to one question of the engine."""
        match question:
            case ListConnections():
                return self._list(question)
            case ShowConnection(number):
                return self._show(number)
            case CloseConnection(number):
                found = self._connections.find(number)
                if found is not None and not isinstance(found, ConnectionRecord):
                    found.shut(BY_OPERATOR)
                return self._show(number)

    def _list(self, asked: ListConnections) -> ListedConnections:
        places: list[tuple[ConnectionPlace, ConnectionRecord, OpenConnection | None]] = []
        counts = [0, 0]
        for record, connection in self._all():
            if asked.text and not self._holds(record, asked.text.lower()):
                continue
            place = self._place(record)
            counts[place[0]] += 1
            if asked.after is None or place < asked.after:
                places.append((place, record, connection))
        places.sort(key=operator.itemgetter(0), reverse=True)
        first = places[: asked.most]
        rows = [(place, Connection(**self._facts(record, connection))) for place, record, connection in first]
        return ListedConnections(open=counts[1], ended=counts[0], rows=rows)

    def _all(self) -> Iterator[tuple[ConnectionRecord, OpenConnection | None]]:
        for connection in self._connections:
            yield connection.record, connection
        for record in self._connections.ended:
            yield record, None

    def _place(self, record: ConnectionRecord) -> ConnectionPlace:
        return int(record.closed is None), record.activity, self._worker, record.number

    def _holds(self, record: ConnectionRecord, text: str) -> bool:
        id = connection_id(self._worker, record.number)
        return any(text in each.lower() for each in (record.remote, record.device or "", record.reason, id))

    def _facts(self, record: ConnectionRecord, connection: OpenConnection | None) -> dict[str, Any]:
        return {
            "id": connection_id(self._worker, record.number),
            "remote": record.remote,
            "device": record.device,
            "opened_date": date_text(record.opened),
            "last_date": None if record.last is None else date_text(record.last),
            "requests": record.requests,
            "bytes_in": record.bytes_in,
            "bytes_out": record.bytes_out,
            "unfinished": 0 if connection is None else connection.unfinished(),
            "closed_date": None if record.closed is None else date_text(record.closed),
            "reason": record.reason or None,
        }

    def _show(self, number: int) -> ShownConnection:
        found = self._connections.find(number)
        if found is None:
            return ShownConnection(None)
        if isinstance(found, ConnectionRecord):
            record, connection, tail = found, None, b""
        else:
            record, connection, tail = found.record, found, found.tail(TAIL_SHOWN)
        state, wrong = state_json(record.state)
        return ShownConnection(
            ConnectionDetail(
                **self._facts(record, connection),
                state=msgspec.json.decode(state) if state is not None else {},
                state_reason=wrong,
                facts=record.facts or {},
                tail=tail,
            )
        )
