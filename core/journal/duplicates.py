"""Events that are already known by their alternate id.

Of a tenant's kept events with the same alternate id the one with the least id is the original; any other is a duplicate
of it if its source has the alternate-id deduplicator, which its segment says. That is a matter of which rows there are
and not of when they were taken, so an index that is built again says the same.

Two events of one alternate id that different workers commit at about the same time may be taken the later one first:
then both were original when they were published, and only the index, from then on, calls the later a duplicate.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from typing import Final

from core.journal.request_id import event_id, id_text
from core.journal.taken import TakenRow

_FIRST: Final = """
SELECT e.request, e.n, coalesce(r.number, 0) FROM events e LEFT JOIN requests r ON r.id = e.request
WHERE e.alternate = ? ORDER BY e.request, e.n LIMIT 1
"""


def alternate_key(tenant: str, alternate_id: str | None) -> bytes | None:
    """What an event is looked up by, in few bytes whatever a device calls it; None where it has no alternate id."""
    if not alternate_id:
        return None
    return hashlib.blake2b(f"{tenant}/{alternate_id}".encode(), digest_size=16).digest()


def mark_duplicates(index: sqlite3.Connection, rows: Iterable[TakenRow]) -> None:
    """Notes in rows of deduplicated segments which of their events are duplicates, and of which event."""
    for row in rows:
        for place, key in enumerate(row.keys):
            alternate = alternate_key(row.tenant, key.alternate_id)
            if alternate is None:
                continue
            request, n, number = index.execute(_FIRST, (alternate,)).fetchone() or (row.request, place, 0)
            if (request, n) < (row.request, place):
                row.duplicates = {**(row.duplicates or {}), place: event_id(id_text(request), number, n)}
