"""One request as its readers see it: a line of a list, and the whole of it."""

from typing import Any, Literal

import msgspec

from core.model.events import Event

Outcome = Literal["decoded", "failed", "refused"]


class Brief(msgspec.Struct, frozen=True, array_like=True):
    """One decoded event in the few words that a line of Live Traffic has room for."""

    device: str
    type: str
    text: str


class Request(msgspec.Struct, kw_only=True, rename="camel"):
    """A request's summary, as `tidegate requests --json` and the live feed give it.

    `outcome` is `decoded`, `failed` (kept with its bytes, `reason` says why) or `refused` (it never reached the
    decoder). `milliseconds` is from the last byte received to the end of the decode; `bytes` counts the payload.
    """

    id: str
    tenant: str
    event_source: str
    received_date: str
    remote: str
    method: str | None
    target: str | None
    outcome: Outcome
    reason: str | None
    status: int | None
    events: int
    bytes: int
    milliseconds: float
    script: str | None
    replayed: int = 0
    """Which of its decodes this tells of: 0 is the first, made when it was received, 1 that of the first replay."""
    metadata: dict[str, Any] = {}


class TrafficRow(Request, kw_only=True, rename="camel"):
    """A `Request` and the first of its events in brief; what a live feed carries."""

    decoded: list[Brief] = []


class Decode(msgspec.Struct, kw_only=True, rename="camel"):
    """One decode of a request: the first, or one of a replay.

    `current` is the one that every list shows; one that is not was superseded, or is `undone`.
    """

    number: int
    replay: str | None
    """Null for the first."""
    date: str
    """When it was decoded; for the first, when it was received."""
    outcome: Outcome
    reason: str | None
    script: str | None
    milliseconds: float
    current: bool
    undone: bool
    log: str = ""
    log_cut: int = 0
    events: list[Event] = []
    """With `supersededBy` where the decode is not current: the request's id, and behind it `.r1` where
    the current one is the first replay's."""


class RequestDetail(Request, kw_only=True, rename="camel"):
    """The whole of one request: its bytes, what the script printed, its events."""

    head: bytes = b""
    payload: bytes = b""
    state: dict[str, Any] = {}
    log: str = ""
    log_cut: int = 0
    """Bytes of the decode log that were not kept."""
    wire: bytes | None = None
    """A frame as it came, where its bytes are others than the payload."""
    answer: bytes | None = None
    """What a frame was answered; null where it was nothing, and for HTTP."""
    decoded: list[Event] = []
    decodes: list[Decode] = []
    """All of its decodes, the first one first; none where it was never replayed."""


def asked(request: Request) -> str:
    """Method and target. A connection that was refused before it asked for anything has neither."""
    return " ".join(part for part in (request.method, request.target) if part) or (
        "connection" if request.outcome == "refused" else ""
    )


def request_json(request: Request, whole: RequestDetail | None = None) -> dict[str, Any]:
    """The request as every surface shows it. Where its bytes were asked for `whole` has them: `payload`, and of a frame
    `wire` and `answer`, in base64."""
    shown = {
        name: getattr(request, attribute)
        for name, attribute in zip(Request.__struct_encode_fields__, Request.__struct_fields__, strict=True)
    }
    if whole is not None:
        shown["payload"] = whole.payload
        shown |= {name: data for name in ("wire", "answer") if (data := getattr(whole, name)) is not None}
    return shown
