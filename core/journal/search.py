"""A page of what a query asks for: the index's candidates, held one by one against the filter.

A page does bounded work. One that ends before it is full says how far it looked, and the next goes on from there.
"""

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypedDict

import msgspec

from core.control.received import Query
from core.journal.candidates import Candidate, Passed, candidates
from core.journal.query import Kind, Statement, statement
from core.journal.request_id import id_milliseconds, id_text
from core.journal.segment_reader import Place, SegmentReader
from core.journal.taken import TakenRow
from core.model.dates import date_text
from core.model.filter import Check

SCANNED_AT_ONCE: Final = 500
MOST_SCANNED: Final = 20_000
"""Rows that one call reads from segments for the sake of a filter: about a fifth of a second."""
UNSEEN: Final = 10
"""How many times as many rows may be looked at of which most are passed over unseen: those of other addresses, and
those in whose payload something is not found."""
LEAST_SCANNED: Final = 2000
SEARCH_SECONDS: Final = 0.5
"""A call that has looked for so long ends with what it has found, but not before it has looked at `LEAST_SCANNED`."""


class Progress(TypedDict):
    """How far a page looked, as the control protocol says it."""

    looked: int
    reached: str | None


class Found(msgspec.Struct):
    """A candidate that met the query."""

    place: Place
    row: TakenRow
    event: int


class Page(msgspec.Struct):
    """What a search gave, oldest first. `next` is how far it looked, where there is `more`."""

    found: list[Found]
    more: bool
    next: str | None
    looked: int
    """How many rows were held against the filter."""
    reached: int | None
    """When what was looked at last was received, about, in milliseconds since the epoch; None where that is all."""

    def progress(self) -> Progress:
        return {"looked": self.looked, "reached": None if self.reached is None else date_text(self.reached)}


class _Block(NamedTuple):
    candidates: list[Candidate]
    passed: bytes | None
    """All up to this id was looked at in the index."""
    last: bool


class _Payload(NamedTuple):
    """As much of a subject as a filter's words about the payload look at."""

    payload: bytes


def search(
    index: sqlite3.Connection, segments: SegmentReader, query: Query, kind: Kind, remote: str | None = None
) -> Page:
    """Candidates in order, each held against the filter, until the page is full or enough was looked at. With `remote`
    only rows from that address are found."""
    asked = statement(index, query, kind)
    return _Search(index, segments, asked, kind, remote).page()


class _Search:
    def __init__(
        self, index: sqlite3.Connection, segments: SegmentReader, asked: Statement, kind: Kind, remote: str | None
    ) -> None:
        self._index = index
        self._segments = segments
        self._asked = asked
        self._kind: Kind = kind
        self._remote = remote
        self._payload = _payload_check(asked.filter.payload)
        self._matches = asked.filter.beside_payload
        self._found: list[Found] = []
        self._looked = 0
        self._source = _once(candidates(index, asked), kind)

    def page(self) -> Page:
        asked = self._asked
        chosen = bool(asked.filter) or self._remote is not None
        unseen = self._remote is not None or self._payload is not None
        most = MOST_SCANNED * UNSEEN if unseen else MOST_SCANNED
        deadline = time.monotonic() + SEARCH_SECONDS
        while True:
            wanted = SCANNED_AT_ONCE if chosen else min(asked.limit - len(self._found), SCANNED_AT_ONCE)
            block = _next_block(self._source, wanted)
            self._looked += len(block.candidates)
            for number, candidate in enumerate(self._matching(block.candidates)):
                if candidate is not None:
                    self._found.append(candidate)
                    if len(self._found) == asked.limit:
                        more = number + 1 < len(block.candidates) or not (block.last or self._is_over())
                        return self._page(self._position(block.candidates[number]) if more else None)
            if block.last:
                return self._page(None)
            if not chosen and block.passed is None:
                continue  # every candidate is found
            late = time.monotonic() > deadline and (block.passed is not None or self._looked >= LEAST_SCANNED)
            if self._looked >= most or late:
                if block.passed is not None:
                    return self._page(id_text(block.passed))
                return self._page(None if self._is_over() else self._position(block.candidates[-1]))

    def _is_over(self) -> bool:
        return next(self._source, None) is None

    def _matching(self, some: list[Candidate]) -> Iterator[Found | None]:
        """Each candidate, where it meets the filter."""
        numbers = {(segment, seq): number for _, segment, seq, _, number in some}
        rows = self._segments.rows(
            list(numbers), payloads=self._asked.filter.needs_payload, remote=self._remote, payload=self._payload
        )
        self._segments.make_current(self._index, rows, numbers)
        for _, segment, seq, event, _ in some:
            row = rows.get((segment, seq))
            if row is None:
                yield None
                continue
            subject = row.of_event(event) if self._kind == "events" and self._asked.filter else row
            yield Found((segment, seq), row, event) if self._matches(subject) else None

    def _position(self, candidate: Candidate) -> str:
        request = id_text(candidate[0])
        return f"{request}.{candidate[3]}" if self._kind == "events" else request

    def _page(self, next: str | None) -> Page:
        found = self._found if self._asked.ascending else self._found[::-1]
        reached = None if next is None else id_milliseconds(bytes.fromhex(next[:8] + next[9:13]))
        return Page(found, next is not None, next, self._looked, reached)


def _payload_check(check: Check | None) -> Callable[[bytes], bool] | None:
    if check is None:
        return None
    return lambda payload: check(_Payload(payload))  # type: ignore[arg-type]  # it reads the payload alone


def _once(source: Iterator[Candidate | Passed], kind: Kind) -> Iterator[Candidate | Passed]:
    """Where events lead to requests, a request that has several comes several times in a row: it is given once."""
    if kind == "events":
        return source
    return (next(same) for _, same in itertools.groupby(source, key=lambda each: (type(each), each[0])))


def _next_block(source: Iterator[Candidate | Passed], most: int) -> _Block:
    """The next candidates, `most` of them, or as many as there are up to where the index was looked through."""
    some: list[Candidate] = []
    for each in source:
        if isinstance(each, Passed):
            return _Block(some, each.request, last=False)
        some.append(each)
        if len(some) == most:
            return _Block(some, None, last=False)
    return _Block(some, None, last=True)
