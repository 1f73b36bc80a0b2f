"""What a query asks of index.db: the statement that gives the candidate rows in order.

What the index knows is asked of it; the whole filter is applied to each candidate all the same, so that what is left
out here costs time and never a wrong answer.
"""

import re
import sqlite3
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from core.control.messages import Query
from core.errors import TidegateError
from core.journal.event_rows import TYPE_CODES
from core.journal.failures import PREFIX
from core.journal.request_id import id_bytes
from core.journal.rows import OUTCOMES
from core.model.dates import date_milliseconds, parse_date
from core.model.filter import Filter, Term, parse_filter

MOST_ROWS: Final = 10_000
"""Rows of one page, whatever the limit asked for."""

Value = str | int | float | bytes
Kind = Literal["requests", "events"]

_LAST_ID_MILLISECONDS: Final = (1 << 48) - 1


class QueryError(TidegateError):
    """A query that can't be answered as it was put."""


class Statement(msgspec.Struct):
    """SQL for candidates, each (request id, segment, seq, place of the event, number of the current decode), nearest
    first."""

    sql: str
    values: list[Value]
    filter: Filter
    limit: int
    ascending: bool
    """Nearest first is oldest first: the page goes on from `after`."""


def statement(connection: sqlite3.Connection, query: Query, kind: Kind) -> Statement:
    """The statement for `query`; FilterError or QueryError says what is wrong with it."""
    filter = parse_filter(query.filter)
    conditions = _Conditions(kind)
    conditions.scope(query, filter)
    conditions.cursors(query)
    conditions.dates(query, connection)
    conditions.failure(filter)
    conditions.outcome(query, filter)
    conditions.numbers(filter)
    conditions.events(query, filter)
    ascending = query.after is not None
    return Statement(
        conditions.sql(ascending), conditions.values, filter, min(max(query.limit, 1), MOST_ROWS), ascending
    )


class _Conditions:
    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.where: list[str] = []
        self.values: list[Value] = []
        self.by_event = kind == "events"
        self.by_failure = False

    def sql(self, ascending: bool) -> str:
        """CROSS JOIN keeps SQLite from reordering: the table on the left gives the order."""
        where = f" WHERE {' AND '.join(self.where)}" if self.where else ""
        order = "ASC" if ascending else "DESC"
        if not self.by_event:
            where = where.replace("%id", "r.id")
            return f"SELECT r.id AS id, r.segment, r.seq, 0, r.number FROM requests r{where} ORDER BY r.id {order}"
        where = where.replace("%id", "e.request")
        return (
            "SELECT e.request AS id, r.segment, r.seq, e.n, r.number"
            " FROM events e CROSS JOIN requests r ON r.id = e.request"
            f"{where} ORDER BY e.request {order}, e.n {order}"
        )

    def add(self, condition: str, *values: Value) -> None:
        self.where.append(condition)
        self.values += values

    def scope(self, query: Query, filter: Filter) -> None:
        tenants = _demanded(filter, "tenant") + ([(query.tenant,)] if query.tenant is not None else [])
        sources = _demanded(filter, "source") + ([(query.source,)] if query.source is not None else [])
        demands = [("tenant", values) for values in tenants] + [("source", values) for values in sources]
        if demands:
            each = " AND ".join(f"{column} IN ({_marks(values)})" for column, values in demands)
            self.add(
                f"r.segment IN (SELECT id FROM segments WHERE {each})",
                *(value for _, some in demands for value in some),
            )

    def cursors(self, query: Query) -> None:
        for text, sign in ((query.before, "<"), (query.after, ">")):
            if text is None:
                continue
            request, place = _cursor(text)
            if place is None or self.kind == "requests":
                self.add(f"%id {sign} ?", request)
            else:
                self.add(f"(e.request, e.n) {sign} (?, ?)", request, place)

    def dates(self, query: Query, connection: sqlite3.Connection) -> None:
        """Bounds on the received date, and the bounds on ids that follow from them, which the order can use."""
        if query.since is None and query.until is None:
            return
        ahead = connection.execute("SELECT min(ahead_least), max(ahead_most) FROM segments").fetchone()
        least, most = (value or 0 for value in ahead)
        if query.since is not None:
            since = _moment(query.since)
            self.add("r.received >= ? AND %id >= ?", since, _id_at(since + least))
        if query.until is not None:
            until = _moment(query.until)
            self.add("r.received < ? AND %id < ?", until, _id_at(until + most))

    def failure(self, filter: Filter) -> None:
        """A group's requests in order, by the index of them: no other may lead then."""
        for (id,) in _demanded(filter, "failure"):
            self.by_failure = True
            self.add(f"r.failure = (SELECT id FROM failures WHERE {PREFIX} LIMIT 1) AND r.failure IS NOT NULL", id, id)

    def outcome(self, query: Query, filter: Filter) -> None:
        demands = _demanded(filter, "outcome") + ([(query.outcome,)] if query.outcome is not None else [])
        for values in demands:
            codes = [code for code, word in enumerate(OUTCOMES) if word in values]
            if self.by_failure:
                self.add(f"+r.outcome IN ({_marks(codes)})", *codes)
            elif len(codes) == 1 and codes[0] > 0:
                # The second half is what lets SQLite use the partial index.
                self.add("r.outcome = ? AND r.outcome > 0", codes[0])
            elif len(codes) < len(OUTCOMES):
                self.add(f"r.outcome IN ({_marks(codes)})", *codes)

    def numbers(self, filter: Filter) -> None:
        columns = {"status": "r.status", "ms": "r.micros / 1000.0", "bytes": "r.size", "events": "r.events"}
        for term in filter.terms:
            if term.compare and not term.negated:
                self.add(f"{columns[term.field]} {term.compare} ?", term.number)

    def events(self, query: Query, filter: Filter) -> None:
        """What is demanded of an event. A filter's words about a request may each be met by another of its events, so
        that of those only one can lead the search; about an event they all hold."""
        if query.device is not None:
            self._event("e.device = ?", query.device)
        if query.type is not None:
            self._event_types((_known_type(query.type),))
        terms = [term for name in ("device", "level", "type") for term in _positive(filter, name)]
        for term in terms:
            if self.kind == "events" or not self.by_event:
                self._event_term(term)

    def _event_term(self, term: Term) -> None:
        if term.field == "device":
            self._event("e.device = ?", term.values[0])
        elif term.field == "type":
            self._event_types(term.values)
        else:
            self._event_types(("Alert",))
            self._event(f"e.level IN ({_marks(term.values)})", *term.values)

    def _event_types(self, types: Sequence[str]) -> None:
        codes = [TYPE_CODES[name] for name in types]
        if len(codes) == 1 and codes[0] > 0:
            self._event("e.type = ? AND e.type > 0", codes[0])
        else:
            self._event(f"e.type IN ({_marks(codes)})", *codes)

    def _event(self, condition: str, *values: Value) -> None:
        self.by_event = True
        self.add(condition, *values)


def _positive(filter: Filter, field: str) -> list[Term]:
    return [term for term in filter.terms if term.field == field and term.values and not term.negated]


def _demanded(filter: Filter, field: str) -> list[tuple[str, ...]]:
    return [term.values for term in _positive(filter, field)]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _known_type(name: str) -> str:
    for known in TYPE_CODES:
        if known.lower() == name.lower():
            return known
    raise QueryError(f"no event type is called {name}: there are {', '.join(TYPE_CODES)}")


def _cursor(text: str) -> tuple[bytes, int | None]:
    """A request's id, or an event's: the request's, a dot and a place, behind the number of a replay's decode."""
    request, _, place = text.partition(".")
    if re.fullmatch(r"r[0-9]{1,9}\.[0-9]+", place):
        place = place.partition(".")[2]
    identity = id_bytes(request)
    if identity is None or not ((place.isascii() and place.isdigit()) or not place) or len(place) > 9:
        raise QueryError(f"{text!r} is no id to go on from: give the id of a request or of an event")
    return identity, int(place) if place else None


def _moment(text: str) -> int:
    try:
        return date_milliseconds(parse_date(text))
    except (ValueError, OverflowError) as error:
        raise QueryError(f"{text!r} is no RFC 3339 time, as 2026-08-01T14:02:11Z is") from error


def _id_at(milliseconds: int) -> bytes:
    """What sorts before every id made at or after `milliseconds`."""
    return min(max(milliseconds, 0), _LAST_ID_MILLISECONDS).to_bytes(6, "big")
