"""What passes over the control protocol about replays: kept requests decoded again."""

from typing import Final, Literal

import msgspec

from core.model.events import Event
from core.model.requests import Outcome

MOST_NAMED: Final = 10_000
"""Requests that one replay may name by their ids."""
MOST_CHANGES: Final = 10_000
"""Changed requests whose differences a dry run keeps; further ones are only counted."""

ReplayState = Literal["running", "cancelled", "done", "failed", "undoing", "undone"]


class ReplayScript(msgspec.Struct, kw_only=True):
    """A decoder script that is used instead of the sources' own."""

    name: str
    """Of its file: its ending says what it is written in."""
    text: str


class Replay(msgspec.Struct, kw_only=True):
    """Which requests are decoded again, and how.

    Without any of the words that choose, all of a tenant's kept requests are, up to the moment at which it begins. What
    was refused never reached a decoder and is left out.
    """

    tenant: str
    source: str | None = None
    outcome: Literal["decoded", "failed"] | None = None
    since: str | None = None
    until: str | None = None
    """RFC 3339 dates."""
    filter: str = ""
    requests: list[str] = []
    """Ids of requests: these alone."""
    script: ReplayScript | None = None
    """Null: each source's active decoder."""
    rate: float | None = None
    """Requests a second at the most; null: 1,000."""
    dry_run: bool = False
    """Nothing is stored; `replays.changes` tells what would be another."""


class OfReplay(msgspec.Struct):
    id: str


class ReplayQuery(msgspec.Struct, kw_only=True):
    """Which replays are listed: all, or a tenant's."""

    tenant: str | None = None


class ReplayStatus(msgspec.Struct, kw_only=True):
    """How far a replay has come.

    `running` and `undoing` go on by themselves, also with the next engine. `cancelled` and `failed` (`reason` says why)
    can be resumed. What a replay has decoded counts, however it ends, until it is undone.
    """

    id: str
    """A UUIDv7."""
    tenant: str
    state: ReplayState
    dry_run: bool
    asked: Replay
    """As it was asked for, without the script's text and with the first of the requests that it names."""
    named: int = 0
    """How many requests it names."""
    created: str
    ended: str | None = None
    reason: str | None = None
    source: str | None = None
    """The event source whose requests are decoded now."""
    total: int | None = None
    """Requests that are to be decoded: at the most so many where there is a filter; null while they are counted."""
    done: int = 0
    decoded: int = 0
    failed: int = 0
    changed: int = 0
    """Requests that have another outcome, reason or other events now."""
    mended: int = 0
    """Requests that had failed and are decoded now."""
    broken: int = 0
    """Requests that had been decoded and have failed now."""
    undone: int = 0
    """Decodes that were undone."""
    rate: float = 0.0
    """Requests a second of late."""
    pid: int | None = None
    skipped: list[str] = []
    """Event sources with requests that cannot be decoded again, each with the reason."""


class Replays(msgspec.Struct):
    """Replays, the newest first."""

    replays: list[ReplayStatus]


class EventChange(msgspec.Struct, kw_only=True):
    """One event that a decode has and the other has not, or has differently."""

    kind: Literal["added", "removed", "changed"]
    before: Event | None = None
    after: Event | None = None


class DecodedAs(msgspec.Struct, kw_only=True):
    """What came of one decode, without its events."""

    outcome: Outcome
    reason: str | None
    events: int


class RequestChange(msgspec.Struct, kw_only=True):
    """What a replay changes about one request."""

    request: str
    event_source: str
    received_date: str
    before: DecodedAs
    after: DecodedAs
    events: list[EventChange]
    log: str = ""
    """What the script printed."""


class ChangesOf(msgspec.Struct, kw_only=True):
    """Which of a dry run's changes are asked for: those after the first `after`."""

    id: str
    after: int = 0
    limit: int = 100
    """At most 500."""


class Changes(msgspec.Struct, kw_only=True):
    """Changes of a dry run, in the order of the requests. `more`: further ones are there already."""

    changes: list[RequestChange]
    more: bool = False
