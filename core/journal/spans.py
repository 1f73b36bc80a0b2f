"""Between which ids the requests of each segment are, as the index knows it."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

_FIRST_STATUS: Final = """
SELECT status FROM requests INDEXED BY requests_by_status
WHERE segment = ? AND status >= 300 AND status {} ? AND status <= ? ORDER BY status LIMIT 1
"""


class Span(msgspec.Struct):
    """A segment of requests that has rows."""

    segment: int
    tenant: str
    event_source: str
    first: bytes
    last: bytes
    ahead_least: int
    ahead_most: int
    """By how many milliseconds its ids are ahead of the received dates."""
    types: int
    """Which types its events have or had: a sum of core.journal.event_rows.type_bit."""


def spans(index: sqlite3.Connection) -> list[Span]:
    """All segments of requests; decode segments have none of their own."""
    rows = index.execute(
        "SELECT id, tenant, source, first, last, ahead_least, ahead_most, types FROM segments"
        " WHERE first IS NOT NULL AND name NOT LIKE '%/%'"
    )
    return [Span(*row) for row in rows]


def apart(some: Sequence[Span]) -> int:
    """By how many milliseconds ids tell other times than received dates do, within these and between them."""
    if not some:
        return 0
    return max(span.ahead_most for span in some) - min(span.ahead_least for span in some)


def statuses(index: sqlite3.Connection, some: Sequence[Span], least: float, most: float) -> list[int]:
    """The statuses between two that requests of these segments have, of those that no success has."""
    found: set[int] = set()
    for span in some:
        after = least
        query = _FIRST_STATUS.format(">=")
        while (status := index.execute(query, (span.segment, after, most)).fetchone()) is not None:
            found.add(status[0])
            after, query = status[0], _FIRST_STATUS.format(">")
    return sorted(found)
