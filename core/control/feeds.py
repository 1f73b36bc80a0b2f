"""Live feeds."""

import msgspec

from core.model.events import Event
from core.model.refusals import RefusedGroup
from core.model.requests import TrafficRow


class Subscribe(msgspec.Struct, kw_only=True):
    """A live feed of the rows that match; `rows` notifications carry `Frame`s until `unsubscribe`."""

    filter: str = ""
    tenant: str | None = None
    events: bool = False
    """Frames carry whole events besides the rows (`tidegate events --follow`)."""


class Subscription(msgspec.Struct):
    subscription: int


class Frame(msgspec.Struct, kw_only=True):
    """What a live feed shows in one tenth of a second."""

    subscription: int
    rows: list[TrafficRow]
    events: list[Event] = []
    left_out: int = 0
    """Rows that matched and are not in this frame; exact."""
    rate: float = 0.0
    """Matching rows a second."""
    refused: list[RefusedGroup] = []
    """Refused requests that match as far as can be told and were only counted: once a second for a source and reason.
    `left_out` has none of them."""
    redecoded: list[TrafficRow] = []
    """Requests of before that have another current decode, by a replay or its undoing, whatever the filter: for who
    shows them already. A feed of events has none of them, but the events of those that match."""
