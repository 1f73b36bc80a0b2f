"""A row of a segment as the follower and queries take it: cheap to build, its words made only when asked for."""

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from core.journal.decodes import DecodeRow
from core.journal.request_id import event_id, id_text
from core.journal.rows import DECODED, FAILED, OUTCOMES, REFUSED
from core.model.dates import date_text
from core.model.events import Event, event_brief, event_type
from core.model.filter_fields import PAYLOAD_LOOKED_AT
from core.model.refusals import reason_kind
from core.model.requests import Brief, Outcome, TrafficRow

BRIEFS: Final = 4
"""Events of a request that a line of Live Traffic has room for."""

BRIEF_CHARACTERS: Final = 200

TAKE_WITHOUT_PAYLOAD: Final = (
    "SELECT r.seq, r.id, r.received, r.remote, h.method, h.target, x'', r.outcome,"
    " r.events, r.reason, r.status, r.script, r.micros, r.size"
    " FROM requests r LEFT JOIN heads h ON h.id = r.head"
)
"""The columns of a `TakenRow` in order; a WHERE is to follow."""

TAKE: Final = TAKE_WITHOUT_PAYLOAD.replace("x''", f"coalesce(substr(r.payload, 1, {PAYLOAD_LOOKED_AT}), x'')")

Columns = tuple[
    int, bytes, int, str, str | None, str | None, bytes, int, bytes | None, str | None, int | None, str | None,
    int, int,
]  # fmt: skip


class EventKey(msgspec.Struct, rename="camel", gc=False):
    """What an event is looked up by; the rest of its JSON is passed over."""

    hardware_id: str
    event_type: str
    event_date: str = ""
    alternate_id: str | None = None
    level: str | None = None
    specification_token: str | None = None


_KEYS = msgspec.json.Decoder(list[EventKey])
_EVENTS = msgspec.json.Decoder(list[Event])


_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_OUTCOME = operator.attrgetter("outcome_code")


def decode_keys(encoded: bytes | None) -> list[EventKey]:
    """The keys of a row's events; msgspec.MsgspecError where the column holds something else."""
    return _KEYS.decode(encoded) if encoded else []


def _decode_events(encoded: bytes | None) -> list[Event]:
    try:
        return _EVENTS.decode(encoded) if encoded else []
    except msgspec.MsgspecError:
        return []


class TakenRow(msgspec.Struct, gc=False):
    """One request of a segment, with what a filter looks at (it is a `FilterSubject`).

    `payload` holds its first 4 KiB, `size` all its bytes.
    """

    tenant: str
    event_source: str
    seq: int
    request: bytes
    received: int
    remote: str
    method: str | None
    target: str | None
    payload: bytes
    outcome_code: int
    encoded: bytes | None
    reason: str | None
    status: int | None
    script: str | None
    micros: int
    size: int
    keys: list[EventKey]
    event_count: int
    duplicates: dict[int, str] | None = None
    """Which of its events are duplicates: place, and the id of the event that was there first."""
    number: int = 0
    """The number of the decode that it tells of (core.journal.decodes); 0 is the worker's own."""
    decoded_in: int | None = None
    """The number of the decode segment that holds it, in the index; None for the worker's own."""

    @property
    def id(self) -> str:
        return id_text(self.request)

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES[self.outcome_code]

    @property
    def milliseconds(self) -> float:
        return self.micros / 1000

    @property
    def devices(self) -> list[str]:
        return [key.hardware_id for key in self.keys]

    @property
    def types(self) -> list[str]:
        return [key.event_type for key in self.keys]

    @property
    def levels(self) -> list[str]:
        return [key.level or "Info" for key in self.keys if key.event_type == "Alert"]

    def of_event(self, place: int) -> "TakenRow":
        """The same request with one of its events alone: what a filter of events looks at."""
        return msgspec.structs.replace(self, keys=self.keys[place : place + 1])

    def events(self) -> list[Event]:
        """The row's events whole, with what they need to stand alone; none where the row's are unreadable."""
        request, received = self.id, date_text(self.received)
        events = _decode_events(self.encoded)
        duplicates = self.duplicates or {}
        for place, event in enumerate(events):
            event.id = event_id(request, self.number, place)
            event.tenant, event.event_source = self.tenant, self.event_source
            event.request, event.received_date = request, received
            event.duplicate_of = duplicates.get(place)
        return events

    def take_decode(self, decode: DecodeRow, segment: int | None) -> None:
        """Tells of another decode from now on; `segment` is the one that holds it."""
        self.number, self.decoded_in = decode.number, segment
        self.outcome_code, self.reason, self.script = decode.outcome_code or 0, decode.reason, decode.script
        self.encoded, self.duplicates = decode.encoded, None
        try:
            self.keys = decode_keys(decode.encoded)
        except msgspec.MsgspecError:
            self.keys = []
        self.event_count = len(self.keys)

    def traffic(self) -> TrafficRow:
        """The row as a live feed carries it; its metadata is fetched by id."""
        return TrafficRow(
            id=self.id,
            tenant=self.tenant,
            event_source=self.event_source,
            received_date=date_text(self.received),
            remote=self.remote,
            method=self.method,
            target=self.target,
            outcome=self.outcome,
            reason=self.reason,
            status=self.status,
            events=self.event_count,
            bytes=self.size,
            milliseconds=self.milliseconds,
            script=self.script,
            replayed=self.number,
            decoded=[_brief(event) for event in self._first_events()],
        )

    def _first_events(self) -> list[Event]:
        if len(self.keys) <= BRIEFS or self.encoded is None:
            events = _decode_events(self.encoded)
        else:
            first = _RAW.decode(self.encoded)[:BRIEFS]
            events = _decode_events(b"[" + b",".join(first) + b"]")
        for place, original in (self.duplicates or {}).items():
            if place < len(events):
                events[place].duplicate_of = original
        return events


def outcomes(rows: Sequence[TakenRow]) -> tuple[int, int, int]:
    """How many of `rows` were decoded, failed, refused."""
    counts = Counter(map(_OUTCOME, rows))
    return counts[DECODED], counts[FAILED], counts[REFUSED]


def refused(rows: Sequence[TakenRow]) -> Counter[str]:
    """How many of `rows` were refused, by the kind of their reason."""
    return Counter(reason_kind(row.reason or "no reason given") for row in rows if row.outcome_code == REFUSED)


def taken_row(tenant: str, source: str, columns: Columns) -> TakenRow:
    """A row from the columns of `TAKE`. Events that can't be read count as none: the request is kept all the same."""
    try:
        keys = decode_keys(columns[8])
    except msgspec.MsgspecError:
        keys = []
    return TakenRow(tenant, source, *columns, keys, len(keys))


def _brief(event: Event) -> Brief:
    return Brief(event.hardware_id, event_type(event), event_brief(event)[:BRIEF_CHARACTERS])
