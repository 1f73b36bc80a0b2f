"""What was received and decoded, and is kept: lists, page by page, and one request."""

from typing import Literal

import msgspec

from core.model.events import Event
from core.model.requests import Request, TrafficRow


class Query(msgspec.Struct, kw_only=True):
    """Which rows a list shows. Newest last; `before` and `after` are cursors (request ids)."""

    tenant: str | None = None
    source: str | None = None
    device: str | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None
    """RFC 3339 dates."""
    outcome: Literal["decoded", "failed", "refused"] | None = None
    filter: str = ""
    limit: int = 100
    before: str | None = None
    after: str | None = None


class Requests(msgspec.Struct, kw_only=True):
    """A page of requests, oldest first. `behind` counts rows that the index has not taken yet."""

    requests: list[Request]
    behind: int = 0
    more: bool = False
    next: str | None = None
    """Where there is more: the id to go on from (`before`, or `after`). A filter may leave a page short or empty."""
    looked: int = 0
    """How many kept rows were held against the filter for this page."""
    reached: str | None = None
    """Where there is more: how far it looked, a date about which these rows were received."""


class Traffic(msgspec.Struct, kw_only=True):
    """A page of live-feed rows, oldest first."""

    rows: list[TrafficRow]
    behind: int = 0
    more: bool = False
    next: str | None = None
    looked: int = 0
    reached: str | None = None


class Events(msgspec.Struct, kw_only=True):
    """A page of events, oldest first."""

    events: list[Event]
    behind: int = 0
    more: bool = False
    next: str | None = None
    looked: int = 0
    reached: str | None = None


class OfRequest(msgspec.Struct):
    id: str
