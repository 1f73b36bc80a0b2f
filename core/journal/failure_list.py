"""Groups of failed requests (`core.journal.failures`), read from the index: each with its first, last and a sample."""

import sqlite3
from collections.abc import Mapping
from typing import Final

import msgspec

from core.control.failures import FailureQuery, Failures
from core.errors import NotFound, TidegateError
from core.journal.failures import PREFIX
from core.journal.segment_reader import Place, SegmentReader
from core.model.dates import date_text
from core.model.failures import Dismissal, FailureGroup

MOST_LISTED: Final = 1000

_EDGE: Final = """
SELECT segment, seq, received, number FROM requests WHERE failure = ? AND failure IS NOT NULL ORDER BY id {} LIMIT 1
"""
_LIST: Final = """
SELECT id, key, tenant, source, reason, count,
  (SELECT r.id FROM requests r WHERE r.failure = f.id AND r.failure IS NOT NULL ORDER BY r.id DESC LIMIT 1) AS last
FROM failures f WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR source = ?2) ORDER BY last DESC
"""


_Edge = tuple[int, int, int, int]
"""Segment, seq, received date and number of the current decode."""


class _Listed(msgspec.Struct):
    number: int
    key: str
    tenant: str
    source: str
    reason: str
    count: int
    last: bytes | None


def list_failures(
    index: sqlite3.Connection, segments: SegmentReader, asked: FailureQuery, dismissed: Mapping[str, Dismissal]
) -> Failures:
    """The groups that are open, or those that were dismissed, the one that grew last first."""
    if asked.id is not None:
        listed = [_found(index, asked.id)]
        wanted = listed
    else:
        rows = index.execute(_LIST, (asked.tenant, asked.source))
        listed = [_Listed(*row) for row in rows if row[5] > 0]
        wanted = [each for each in listed if (each.key in dismissed) is asked.dismissed]
    shown = wanted[: min(max(asked.limit, 1), MOST_LISTED)]
    edges = {each.number: _edges(index, each.number) for each in shown}
    numbers: dict[Place, int] = {(segment, seq): number for _, (segment, seq, _, number) in edges.values()}
    samples = segments.rows(list(numbers), payloads=False)
    segments.make_current(index, samples, numbers)
    groups: list[FailureGroup] = []
    for each in shown:
        first, (segment, seq, received, _) = edges[each.number]
        sample = samples.get((segment, seq))
        groups.append(
            FailureGroup(
                id=each.key,
                tenant=each.tenant,
                source=each.source,
                reason=each.reason,
                count=each.count,
                first=date_text(first[2]),
                last=date_text(received),
                sample=None if sample is None else sample.traffic(),
                dismissed=dismissed.get(each.key),
            )
        )
    number = sum(each.key in dismissed for each in listed)
    return Failures(groups=groups, open=len(listed) - number, dismissed=number)


def open_failures(index: sqlite3.Connection, dismissed: Mapping[str, Dismissal]) -> int:
    """How many groups there are that nobody dismissed."""
    return sum(key not in dismissed for (key,) in index.execute("SELECT key FROM failures WHERE count > 0"))


def _found(index: sqlite3.Connection, id: str) -> _Listed:
    """The group whose id begins so."""
    query = f"SELECT id, key, tenant, source, reason, count, NULL FROM failures WHERE {PREFIX} LIMIT 2"
    found = [_Listed(*row) for row in index.execute(query, (id, id))]
    if not found:
        raise NotFound(f"no failed request is in a group {id}: `tidegate requests --failed --group` lists them")
    if len(found) > 1:
        raise TidegateError(f"more than one group's id begins with {id}: give more of it")
    return found[0]


def _edges(index: sqlite3.Connection, group: int) -> tuple[_Edge, _Edge]:
    """A group's first and last request."""
    first, last = (index.execute(_EDGE.format(order), (group,)).fetchone() for order in ("ASC", "DESC"))
    return first, last
