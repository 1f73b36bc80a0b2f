"""What another decode changes about a request, event by event."""

from difflib import SequenceMatcher

import msgspec

from core.catalogue.received import Decoded
from core.control.replays import DecodedAs, EventChange, RequestChange
from core.journal.stored import Stored
from core.model.dates import date_text
from core.model.events import Event, event_type

MOST_EVENTS = 100
"""Changed events of one request that are told; further ones are only counted, in `before` and `after`."""

_EVENTS = msgspec.json.Decoder(list[Event])


def is_changed(stored: Stored, decoded: Decoded) -> bool:
    """Whether the request has another outcome, reason or other events."""
    row = stored.row
    if row.reason != decoded.reason:
        return True
    return row.encoded != decoded.events and _events(row.encoded) != _events(decoded.events)


def change_of(stored: Stored, decoded: Decoded) -> RequestChange:
    """The difference between a request's current decode and a new one."""
    row = stored.row
    before, after = _events(row.encoded), _events(decoded.events)
    return RequestChange(
        request=row.id,
        event_source=row.event_source,
        received_date=date_text(row.received),
        before=DecodedAs(outcome=row.outcome, reason=row.reason, events=len(before)),
        after=DecodedAs(
            outcome="decoded" if decoded.reason is None else "failed", reason=decoded.reason, events=len(after)
        ),
        events=event_changes(before, after)[:MOST_EVENTS],
        log=(decoded.log or b"").decode("utf-8", "replace"),
    )


def event_changes(before: list[Event], after: list[Event]) -> list[EventChange]:
    """What was removed, added and changed. One is changed where another of its device and type takes its place."""
    changes: list[EventChange] = []
    keys = [[msgspec.json.encode(event) for event in events] for events in (before, after)]
    matcher = SequenceMatcher(None, *keys, autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what != "equal":
            changes += _replaced(before[start:end], after[new_start:new_end])
    return changes


def _replaced(before: list[Event], after: list[Event]) -> list[EventChange]:
    changes: list[EventChange] = []
    left = list(after)
    for old in before:
        new = next((each for each in left if _same_kind(old, each)), None)
        if new is None:
            changes.append(EventChange(kind="removed", before=old))
        else:
            left.remove(new)
            changes.append(EventChange(kind="changed", before=old, after=new))
    return changes + [EventChange(kind="added", after=new) for new in left]


def _same_kind(one: Event, other: Event) -> bool:
    return (one.hardware_id, event_type(one)) == (other.hardware_id, event_type(other))


def _events(encoded: bytes | None) -> list[Event]:
    try:
        return _EVENTS.decode(encoded) if encoded else []
    except msgspec.MsgspecError:
        return []
