"""Groups of failed requests in the index: counted as rows are taken, so that a list of them asks for no row twice.

A request's group stands in its row, the group's count beside it, in one transaction. A source has `MOST_GROUPS` groups
at the most: a message may hold whatever a device sends, and what is new beyond them is one group more.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, cast

from core.journal.request_rows import request_row
from core.journal.rows import FAILED
from core.journal.taken import TakenRow
from core.model.failures import failure_id, failure_kind
from core.model.refusals import OTHER_REASONS

MOST_GROUPS: Final = 1000

TABLES: Final = """
CREATE TABLE failures(
  id INTEGER PRIMARY KEY, key TEXT UNIQUE, tenant TEXT, source TEXT, reason TEXT, count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX failures_by_source ON failures(tenant, source);
"""
"""`key`: core.model.failures.failure_id."""
INDEXES: Final = ("CREATE INDEX requests_by_failure ON requests(failure) WHERE failure IS NOT NULL",)

_OF_SOURCE: Final = "SELECT key, id FROM failures WHERE tenant = ? AND source = ?"
_ADD: Final = "INSERT INTO failures(key, tenant, source, reason) VALUES (?, ?, ?, ?)"
_COUNT: Final = "UPDATE failures SET count = count + ? WHERE id = ?"
_FORGET: Final = "DELETE FROM failures WHERE id = ? AND count <= 0"
PREFIX: Final = "key >= ? AND key < ? || 'g'"
"""Which group's id begins so, given twice: the digits of an id end at f."""


def take_failed(index: sqlite3.Connection, insert: str, rows: Sequence[TakenRow], segment: int) -> None:
    """Takes failed rows of one source, each into its group; a row that is there already changes nothing."""
    if not rows:
        return
    tenant, source = rows[0].tenant, rows[0].event_source
    known = dict(cast("list[tuple[str, int]]", index.execute(_OF_SOURCE, (tenant, source)).fetchall()))
    groups: dict[int, list[TakenRow]] = {}
    for row in rows:
        groups.setdefault(_group_of(index, known, tenant, source, failure_kind(row.reason)), []).append(row)
    for group, some in groups.items():
        taken = index.executemany(insert, [request_row(row, segment, group) for row in some])
        change_counts(index, {group: taken.rowcount})


def _group_of(index: sqlite3.Connection, known: dict[str, int], tenant: str, source: str, kind: str) -> int:
    key = failure_id(tenant, source, kind)
    if key not in known and len(known) >= MOST_GROUPS:
        kind = OTHER_REASONS
        key = failure_id(tenant, source, kind)
    if key not in known:
        known[key] = index.execute(_ADD, (key, tenant, source, kind)).lastrowid or 0
    return known[key]


def change_counts(index: sqlite3.Connection, by: Mapping[int, int]) -> None:
    """So many more (or fewer) requests are in these groups; an empty one goes."""
    index.executemany(_COUNT, [(count, group) for group, count in by.items()])
    index.executemany(_FORGET, [(group,) for group in by])


def regroup(index: sqlite3.Connection, row: TakenRow) -> None:
    """Puts a request that was decoded again into the group of what its current decode says, or into none."""
    found = index.execute("SELECT failure FROM requests WHERE id = ?", (row.request,)).fetchone()
    if found is None:
        return
    counts: Counter[int] = Counter()
    if found[0] is not None:
        counts[found[0]] -= 1
    group = None
    if row.outcome_code == FAILED:
        place = row.tenant, row.event_source
        known = dict(cast("list[tuple[str, int]]", index.execute(_OF_SOURCE, place).fetchall()))
        group = _group_of(index, known, *place, failure_kind(row.reason))
        counts[group] += 1
    index.execute("UPDATE requests SET failure = ? WHERE id = ?", (group, row.request))
    change_counts(index, counts)
