"""What a query asks of index.db: the statement that gives the candidate rows in order.

What the index knows is asked of it; the whole filter is applied to each candidate all the same, so that what is left
out here costs time and never a wrong answer.

One index leads: what it is of is in order of time within a segment, so the statement is put to each segment that may
have such rows, and `core.journal.candidates` merges what they give.
"""

import math
import re
import sqlite3
from collections.abc import Sequence
from typing import Final, Literal, cast

import msgspec

from core.control.received import Query
from core.errors import TidegateError
from core.journal.event_rows import TYPE_CODES, type_bit
from core.journal.failures import PREFIX
from core.journal.request_id import id_after, id_at, id_before, id_bytes
from core.journal.rows import OUTCOMES
from core.journal.spans import Span, apart, spans, statuses
from core.model.dates import date_milliseconds, parse_date
from core.model.filter import Filter, FilterSubject, Term, parse_filter

MOST_ROWS: Final = 10_000
"""Rows of one page, whatever the limit asked for."""

Value = str | int | float | bytes
Kind = Literal["requests", "events"]

APART_MILLISECONDS: Final = 60_000
"""Where received dates and ids differ by more between segments, each segment is asked with its own bounds."""

_LEAST: Final = bytes(16)
_GREATEST: Final = b"\xff" * 16
_NOT_SUCCESS: Final = 300


class QueryError(TidegateError):
    """A query that can't be answered as it was put."""


class Piece(msgspec.Struct):
    """A run of the index in order of ids: what leads the search within one segment, or within all of them."""

    first: bytes
    last: bytes
    values: tuple[Value, ...]


class Statement(msgspec.Struct):
    """SQL for candidates, each (request id, segment, seq, place of the event, number of the current decode), nearest
    first. It takes a piece's values, the least and the greatest id, and `values`."""

    sql: str
    values: list[Value]
    pieces: list[Piece]
    filter: Filter
    limit: int
    ascending: bool
    """Nearest first is oldest first: the page goes on from `after`."""
    sifts: bool
    """Rows are passed over that the leading index has: there may be any number between two candidates."""


class _Lead(msgspec.Struct):
    """The index that gives the order. `variants` are values of which each has a run of its own."""

    table: Literal["r", "e"]
    hint: str
    condition: str = ""
    variants: tuple[tuple[Value, ...], ...] = ((),)
    by_segment: bool = True


def statement(connection: sqlite3.Connection, query: Query, kind: Kind) -> Statement:
    """The statement for `query`; FilterError or QueryError says what is wrong with it."""
    filter = parse_filter(query.filter)
    return _Conditions(kind, query, filter).statement(connection)


class _Conditions:
    def __init__(self, kind: Kind, query: Query, filter: Filter) -> None:
        self.kind = kind
        self.query = query
        self.filter = filter
        self.where: list[str] = []
        self.values: list[Value] = []
        self.by_event = kind == "events"
        self.sifts = False
        self.first, self.last = _LEAST, _GREATEST
        self.since = _moment(query.since) if query.since is not None else None
        self.until = _moment(query.until) if query.until is not None else None
        self.types: frozenset[int] | None = None
        """Codes of which an event must have one."""
        self.nothing = False
        """Nothing can meet it."""
        self.statuses: tuple[float, float] | None = None
        """Between which statuses lead."""

    def statement(self, connection: sqlite3.Connection) -> Statement:
        every = spans(connection)
        lead = self._lead()
        ascending = self.query.after is not None
        self._cursors()
        some = [] if self.nothing else [span for span in every if self._may_have(span)]
        dated = self.since is not None or self.until is not None
        if lead is None:
            if len(some) < len(every) or (dated and apart(some) > APART_MILLISECONDS):
                lead = _Lead("r", "INDEXED BY requests_by_segment")
            else:
                lead = _Lead("e" if self.by_event else "r", "NOT INDEXED", by_segment=False)
        elif not lead.by_segment and len(some) < len(every):
            self._sift(f"r.segment IN ({', '.join(str(span.segment) for span in some)})")
        if self.statuses is not None:
            found = statuses(connection, some, *self.statuses)
            lead = msgspec.structs.replace(lead, variants=tuple((status,) for status in found))
            if self.by_event:
                self._sift("r.events > 0")
        self.sifts = self.sifts or (dated and apart(some) > APART_MILLISECONDS)
        sql = self._sql(lead, ascending)
        limit = min(max(self.query.limit, 1), MOST_ROWS)
        return Statement(sql, self.values, self._pieces(lead, some), self.filter, limit, ascending, self.sifts)

    def _sql(self, lead: _Lead, ascending: bool) -> str:
        """CROSS JOIN keeps SQLite from reordering: the table on the left gives the order."""
        order = "ASC" if ascending else "DESC"
        id, place, joined = "r.id", "0", f"requests r {lead.hint}"
        if lead.table == "e":
            id, place = "e.request", "e.n"
            joined = f"events e {lead.hint} CROSS JOIN requests r ON r.id = e.request"
        elif self.by_event:
            place = "e.n"
            joined = f"requests r {lead.hint} CROSS JOIN events e ON e.request = r.id"
        led = [f"{lead.table}.segment = ?"] if lead.by_segment else []
        led += [lead.condition] if lead.condition else []
        where = " AND ".join([*led, f"{id} BETWEEN ? AND ?", *self.where])
        ordered = f"{id} {order}" if place == "0" else f"{id} {order}, e.n {order}"
        return f"SELECT {id} AS id, r.segment, r.seq, {place}, r.number FROM {joined} WHERE {where} ORDER BY {ordered}"

    def _pieces(self, lead: _Lead, some: list[Span]) -> list[Piece]:
        if not lead.by_segment:
            if not some:
                return []
            first = max(self.first, min(self._bounds(span)[0] for span in some))
            last = min(self.last, max(self._bounds(span)[1] for span in some))
            return [Piece(first, last, values) for values in lead.variants]
        pieces: list[Piece] = []
        for span in some:
            first, last = self._bounds(span)
            first, last = max(self.first, first), min(self.last, last)
            if first <= last:
                pieces += [Piece(first, last, (span.segment, *values)) for values in lead.variants]
        return pieces

    def _bounds(self, span: Span) -> tuple[bytes, bytes]:
        """Between which ids a segment's rows may be found; what is left of the dates is held against each."""
        first, last = span.first, span.last
        if self.since is not None:
            first = max(first, id_at(self.since + span.ahead_least))
        if self.until is not None:
            last = min(last, id_at(self.until + span.ahead_most))
        return first, last

    def _may_have(self, span: Span) -> bool:
        if self.query.tenant not in (None, span.tenant) or self.query.source not in (None, span.event_source):
            return False
        if not self.filter.of_place(cast("FilterSubject", span)):
            return False
        return self.types is None or any(span.types & type_bit(code) for code in self.types)

    def _sift(self, condition: str, *values: Value) -> None:
        self.where.append(condition)
        self.values += values
        self.sifts = True

    def _cursors(self) -> None:
        """What a page goes on from, and the dates."""
        for text, sign in ((self.query.before, "<"), (self.query.after, ">")):
            if text is None:
                continue
            request, place = _cursor(text)
            if place is not None and self.kind == "events":
                self.where.append(f"(e.request, e.n) {sign} (?, ?)")
                self.values += (request, place)
            elif sign == "<":
                request = id_before(request)
            else:
                request = id_after(request)
            if sign == "<":
                self.last = request
            else:
                self.first = request
        if self.since is not None:
            self.where.append("r.received >= ?")
            self.values.append(self.since)
        if self.until is not None:
            self.where.append("r.received < ?")
            self.values.append(self.until)

    # What leads. What does not lead sifts.

    def _lead(self) -> _Lead | None:
        """The index that finds the fewest rows, as far as can be told; None where none is of what is asked for."""
        failure = self._failure()
        device = self._device()
        types = self._types(leads=failure is None and device is None)
        outcome = self._outcome(leads=not (failure or device or types))
        status = self._numbers(leads=not (failure or device or types or outcome))
        return failure or device or types or outcome or status

    def _failure(self) -> _Lead | None:
        lead = None
        for (id,) in _demanded(self.filter, "failure"):
            condition = f"r.failure = (SELECT id FROM failures WHERE {PREFIX} LIMIT 1) AND r.failure IS NOT NULL"
            if lead is None:
                hint = "INDEXED BY requests_by_failure"
                lead = _Lead("r", hint, condition, ((id, id),), by_segment=False)
            else:
                self._sift(condition, id, id)
        return lead

    def _device(self) -> _Lead | None:
        """Of a request's events each may meet another of the filter's words, so that of those only one is asked of the
        index; about an event they all hold."""
        devices = [self.query.device] if self.query.device is not None else []
        named = [term.values[0] for term in _positive(self.filter, "device")]
        devices += named if self.kind == "events" else named[:1] if not devices else []
        if not devices:
            return None
        self.by_event = True
        for device in devices[1:]:
            self._sift("e.device = ?", device)
        return _Lead("e", "INDEXED BY events_by_device", "e.device = ?", ((devices[0],),))

    def _types(self, *, leads: bool) -> _Lead | None:
        codes: frozenset[int] | None = None
        if self.query.type is not None:
            codes = frozenset({TYPE_CODES[_known_type(self.query.type)]})
        if self.kind == "events" or not (self.by_event or codes):
            for term in [term for field in ("level", "type") for term in _positive(self.filter, field)]:
                some = frozenset({TYPE_CODES["Alert"]} if term.field == "level" else map(TYPE_CODES.get, term.values))
                codes = frozenset(code for code in some if code is not None and (codes is None or code in codes))
                if term.field == "level":
                    self._sift(f"e.level IN ({_marks(term.values)})", *term.values)
                if self.kind == "requests":
                    break
        if codes is None:
            return None
        self.types, self.by_event = codes, True
        if leads and codes and min(codes) > 0:
            variants = tuple((code,) for code in sorted(codes))
            return _Lead("e", "INDEXED BY events_by_type", "e.type = ? AND e.type > 0", variants)
        self._sift(f"e.type IN ({_marks([*codes])})", *codes)
        return None

    def _outcome(self, *, leads: bool) -> _Lead | None:
        codes = set(range(len(OUTCOMES)))
        if self.query.outcome is not None:
            codes &= {OUTCOMES.index(self.query.outcome)}
        for term in self.filter.terms:
            if _lists(term, "outcome"):
                codes = {code for code in codes if (OUTCOMES[code] in term.values) is not term.negated}
        if len(codes) == len(OUTCOMES):
            return None
        if self.kind == "events" and 0 not in codes:
            codes = set[int]()  # only what was decoded has events
        if leads and codes and min(codes) > 0:
            variants = tuple((code,) for code in sorted(codes))
            return _Lead("r", "INDEXED BY requests_not_decoded", "r.outcome = ? AND r.outcome > 0", variants)
        self.nothing = not codes
        self._sift(f"r.outcome IN ({_marks([*codes])})", *codes)
        return None

    def _numbers(self, *, leads: bool) -> _Lead | None:
        columns = {"status": "r.status", "ms": "r.micros / 1000.0", "bytes": "r.size", "events": "r.events"}
        lead = None
        for term in self.filter.terms:
            if term.negated or not (term.compare or term.starts):
                continue
            least, most = _range(term)
            if term.field == "status" and leads and lead is None and least >= _NOT_SUCCESS:
                condition = f"r.status = ? AND r.status >= {_NOT_SUCCESS}"
                lead = _Lead("r", "INDEXED BY requests_by_status", condition)
                self.statuses = least, most
            elif term.compare:
                self._sift(f"{columns[term.field]} {term.compare} ?", term.number)
            elif term.field == "status":
                self._sift("r.status BETWEEN ? AND ?", least, most)
        return lead


def _range(term: Term) -> tuple[float, float]:
    """Between which numbers, both of them included, what a term demands must be. A status has three digits."""
    if term.starts:
        return float(term.starts.ljust(3, "0")), float(term.starts.ljust(3, "9"))
    number = term.number
    least = {"=": number, ">=": number, ">": math.nextafter(number, math.inf)}.get(term.compare, -math.inf)
    return least, {"=": number, "<=": number, "<": math.nextafter(number, -math.inf)}.get(term.compare, math.inf)


def _lists(term: Term, field: str) -> bool:
    return term.field == field and bool(term.values)


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
