"""The rows of the index's `events` table."""

from collections.abc import Iterable
from typing import Final

from core.journal.duplicates import alternate_key
from core.journal.taken import TakenRow
from core.model.events import EVENT_TYPES

TYPE_CODES: Final = {name: code for code, name in enumerate(EVENT_TYPES)}

TAKE_EVENT: Final = "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

EventRow = tuple[bytes, int, int, str, int, str | None, bytes | None, str | None]


def event_rows(rows: Iterable[TakenRow], segment: int) -> list[EventRow]:
    """The events of these requests of a segment, as `TAKE_EVENT` takes them."""
    codes = TYPE_CODES
    return [
        (
            row.request,
            place,
            segment,
            key.hardware_id,
            codes.get(key.event_type, -1),
            (key.level or "Info") if key.event_type == "Alert" else None,
            alternate_key(row.tenant, key.alternate_id),
            (key.specification_token or None) if key.event_type == "Registration" else None,
        )
        for row in rows
        for place, key in enumerate(row.keys)
    ]


def type_bit(code: int) -> int:
    """What stands for a type, by its code, in `segments.types`; the lowest bit is for types that nobody knows."""
    return 1 << (code + 1)


def type_bits(events: Iterable[EventRow]) -> int:
    """Which types these events have."""
    return sum(type_bit(code) for code in {event[4] for event in events})
