"""Device events: what a decoder makes of a request, and what every reader of Tidegate is given.

The same structs serve in a journal row and over the control protocol. In the row only what the decoder
said is written (defaults are omitted); the reader fills in where the event came from.
"""

from typing import Any, ClassVar, Literal

import msgspec

AlertLevel = Literal["Info", "Warning", "Error", "Critical"]
AlertSource = Literal["Device", "System"]


class EventBase(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel", tag_field="eventType", tag=True):
    """What all events share. Dates are text, UTC with milliseconds; an empty `event_date` means the received date."""

    OWN: ClassVar[tuple[str, ...]] = ()
    """The keys of this type alone, as they are written in event JSON, in order."""

    hardware_id: str
    event_date: str = ""
    alternate_id: str | None = None
    originator: str | None = None
    metadata: dict[str, str] = {}
    update_state: bool = False

    id: str = ""
    tenant: str = ""
    event_source: str = ""
    request: str = ""
    received_date: str = ""
    duplicate_of: str | None = None
    superseded_by: str | None = None

    def brief(self) -> str:
        """What the event says, in a few words for one line of a screen."""
        return ""


class Measurements(EventBase):
    OWN = ("measurements",)
    measurements: dict[str, float]

    def brief(self) -> str:
        return "  ".join(f"{name} {value!r}" for name, value in self.measurements.items())


class Location(EventBase):
    OWN = ("latitude", "longitude", "elevation")
    latitude: float
    longitude: float
    elevation: float | None = None

    def brief(self) -> str:
        height = "" if self.elevation is None else f"  {self.elevation!r} m"
        return f"{self.latitude!r} {self.longitude!r}{height}"


class Alert(EventBase):
    OWN = ("type", "level", "source", "message")
    type: str
    message: str
    level: AlertLevel = "Info"
    source: AlertSource = "Device"

    def brief(self) -> str:
        return f"{self.level}  {self.type}  {self.message}"


class StateChange(EventBase):
    OWN = ("category", "type", "previousState", "newState", "data")
    category: str
    type: str
    previous_state: str | None = None
    new_state: str | None = None
    data: dict[str, str] = {}

    def brief(self) -> str:
        return f"{self.category}  {self.type}  {self.previous_state or '–'} → {self.new_state or '–'}"


class Registration(EventBase):
    OWN = ("specificationToken", "siteToken")
    specification_token: str | None = None
    site_token: str | None = None

    def brief(self) -> str:
        return "  ".join(token for token in (self.specification_token, self.site_token) if token)


class CommandResponse(EventBase):
    OWN = ("originatingEventId", "responseEventId", "response")
    originating_event_id: str | None = None
    response_event_id: str | None = None
    response: str | None = None

    def brief(self) -> str:
        return "  ".join(text for text in (self.originating_event_id, self.response) if text)


class Stream(EventBase):
    OWN = ("streamId", "contentType")
    stream_id: str
    content_type: str | None = None

    def brief(self) -> str:
        return f"{self.stream_id}  {self.content_type or ''}".rstrip()


class StreamData(EventBase):
    OWN = ("streamId", "sequenceNumber", "data")
    stream_id: str
    sequence_number: int | None = None
    data: bytes = b""

    def brief(self) -> str:
        return f"{self.stream_id}  #{self.sequence_number}  {len(self.data)} B"


class Mapping(EventBase):
    OWN = ("compositeDeviceHardwareId", "mappingPath")
    composite_device_hardware_id: str | None = None
    mapping_path: str | None = None

    def brief(self) -> str:
        return f"{self.composite_device_hardware_id or ''} {self.mapping_path or ''}".strip()


Event = Measurements | Location | Alert | StateChange | Registration | CommandResponse | Stream | StreamData | Mapping

EVENT_TYPES: tuple[str, ...] = (
    "Measurements",
    "Location",
    "Alert",
    "StateChange",
    "Registration",
    "CommandResponse",
    "Stream",
    "StreamData",
    "Mapping",
)


def event_type(event: Event) -> str:
    """The event's type as event JSON names it."""
    return type(event).__name__


def event_brief(event: Event) -> str:
    """What the event says in a few words, and before them whether it was known before."""
    brief = event.brief()
    return f"duplicate of {event.duplicate_of}  {brief}".rstrip() if event.duplicate_of else brief


def event_json(event: Event) -> dict[str, Any]:  # the values are of JSON's types, which differ by key
    """The event as every surface shows it: all keys present, null where there is nothing, in the documented order."""
    given: dict[str, Any] = {
        name: getattr(event, attribute)
        for name, attribute in zip(event.__struct_encode_fields__, event.__struct_fields__, strict=True)
    }
    first = ("id", "tenant", "eventSource", "request")
    last = (
        "eventDate",
        "receivedDate",
        "alternateId",
        "originator",
        "metadata",
        "duplicateOf",
        "supersededBy",
    )
    shown: dict[str, Any] = {name: given[name] for name in first}
    shown["eventType"] = event_type(event)
    shown["hardwareId"] = event.hardware_id
    shown.update((name, given[name]) for name in event.OWN)
    shown.update((name, given[name]) for name in last)
    shown["eventDate"] = event.event_date or event.received_date
    return shown
