"""JSON Device Request Decoder: SiteWhere's own JSON, one request a payload.

`{"hardwareId": "…", "type": "DeviceMeasurements", "request": {…}, "originator": "…"}`, as SiteWhere 1.13 reads it, with
its messages. Kept where SiteWhere loses it: a numeric hardware id (as its text), integers beside booleans.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, cast, get_args

from core.catalogue.behaviour import DecodeFailed, DecoderContext, Received
from core.catalogue.component import Component, SiteWhereName
from core.catalogue.settings import Settings
from core.model.dates import date_milliseconds, date_text
from core.model.events import (
    Alert,
    AlertLevel,
    AlertSource,
    CommandResponse,
    Event,
    Location,
    Mapping,
    Measurements,
    Registration,
    Stream,
    StreamData,
)
from core.scripting.events import event_date, number, texts

Json = dict[str, Any]

EVENT_FIELDS = {"alternateId", "eventDate", "updateState", "metadata"}
STATE_FIELDS = {"category", "type", "previousState", "newState", "data"}


class JsonSettings(Settings):
    """The JSON device request decoder has no settings."""


class JsonDecoder:
    """Reads one device request a payload; see `core.catalogue.behaviour.Decoder`."""

    version: str | None = None
    timeout = 2.0

    def __init__(self, settings: JsonSettings, context: DecoderContext) -> None:
        pass

    def load(self) -> None:
        """There is no script."""

    def decode(self, received: Received) -> Sequence[Event]:
        return [read_device_request(received.payload)]

    def reason(self, error: BaseException) -> str:
        return str(error) if isinstance(error, DecodeFailed) else f"{type(error).__name__}: {error}"


def read_device_request(payload: bytes) -> Event:
    """The event of one device request; the checks come in SiteWhere's order."""
    value = _first_value(payload)
    message = cast("Json", value) if isinstance(value, dict) else {}
    kind: object = message.get("type")
    if kind is None:
        raise DecodeFailed("Event type is required.")
    read = READERS.get(str(kind))
    if read is None:
        raise DecodeFailed("Event type is not valid.")
    request: object = message.get("request")
    if request is None:
        raise DecodeFailed("Request is missing.")
    hardware_id = _as_text("hardwareId", message.get("hardwareId"))
    if not hardware_id:
        raise DecodeFailed("Hardware id is missing.")
    if not isinstance(request, dict) and read is _measurements:
        request = {}  # SiteWhere's second reading finds no measurements in it
    if not isinstance(request, dict):
        raise DecodeFailed("Request is not an object.")
    event = read(hardware_id, cast("Json", request))
    event.originator = _as_text("originator", message.get("originator"))
    return event


def _first_value(payload: bytes) -> Any:
    """The first JSON value; bytes after it are not looked at."""
    try:
        text = payload.decode("utf-8").lstrip(" \t\r\n\ufeff")
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except UnicodeDecodeError as error:
        raise DecodeFailed(f"the payload is not UTF-8 at byte {error.start}") from None
    except ValueError as error:  # also a number of more digits than Python reads
        raise DecodeFailed(f"the payload is not JSON: {error}") from None
    except RecursionError:
        raise DecodeFailed("the payload is not JSON: it is nested too deeply") from None
    return value


def _no_constant(name: str) -> float:
    raise DecodeFailed(f"the payload is not JSON: {name}")


def _as_text(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise DecodeFailed(f"{name} is not text.")


def _known(request: Json, fields: set[str]) -> None:
    for key in request:
        if key not in fields:
            raise DecodeFailed(f"{key!r} is no field of this request: {', '.join(sorted(fields))}")


def _event_fields(request: Json) -> Json:
    """What every event has, as keyword arguments."""
    fields: Json = {}
    if request.get("alternateId") is not None:
        fields["alternate_id"] = _as_text("alternateId", request["alternateId"])
    if request.get("eventDate") is not None:
        fields["event_date"] = _date(request["eventDate"])
    if request.get("metadata") is not None:
        fields["metadata"] = texts("metadata", request["metadata"])
    if request.get("updateState") is not None:
        fields["update_state"] = str(request["updateState"]).lower() == "true"
    return fields


def _date(value: object) -> str:
    """ISO 8601, RFC 1123 or epoch milliseconds."""
    if isinstance(value, str) and value[:1].isalpha():
        try:
            return date_text(date_milliseconds(parsedate_to_datetime(value)))
        except ValueError:
            raise DecodeFailed(f"eventDate {value!r} is no date") from None
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) > 8:
        value = int(value)
    return event_date(value)


def _number(name: str, value: object) -> float:
    """Numbers may come as numeric text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise DecodeFailed(f"{name} is {value!r}, not a number") from None
    return number(name, value)


def _one_of(name: str, value: object, allowed: tuple[Any, ...], default: Any) -> Any:
    """An enum's name, or its place counted from 0."""
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(allowed):
        return allowed[value]
    if value in allowed:
        return value
    raise DecodeFailed(f"{name} {value!r} is none of {', '.join(allowed)}")


def _measurements(hardware_id: str, request: Json) -> Event:
    given: object = request.get("measurements")
    values = cast("Json", given) if isinstance(given, dict) else {}
    strict = set(request) <= EVENT_FIELDS | {"measurements"} and not any(
        isinstance(value, bool) or not _numeric(value) for value in values.values()
    )
    fields = _event_fields(request)
    if strict:
        numbers = {name: _number(name, value) for name, value in values.items() if value not in (None, "")}
        return Measurements(hardware_id=hardware_id, measurements=numbers, **fields)
    words = {name: value for name, value in values.items() if isinstance(value, str)}
    if words:
        fields["metadata"] = words
    numbers = {name: number(name, value) for name, value in values.items() if isinstance(value, (int, float))}
    return Measurements(hardware_id=hardware_id, measurements=numbers, **fields)


def _numeric(value: object) -> bool:
    if value is None or value == "" or isinstance(value, (int, float)):
        return True
    if not isinstance(value, str):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def _location(hardware_id: str, request: Json) -> Event:
    _known(request, EVENT_FIELDS | {"latitude", "longitude", "elevation"})
    for key in ("latitude", "longitude"):
        if request.get(key) is None:
            raise DecodeFailed(f"{key} is missing.")
    elevation = request.get("elevation")
    return Location(
        hardware_id=hardware_id,
        latitude=_number("latitude", request["latitude"]),
        longitude=_number("longitude", request["longitude"]),
        elevation=None if elevation is None else _number("elevation", elevation),
        **_event_fields(request),
    )


def _alert(hardware_id: str, request: Json) -> Event:
    _known(request, EVENT_FIELDS | {"type", "message", "level", "source"})
    return Alert(
        hardware_id=hardware_id,
        type=_as_text("type", request.get("type")) or "",
        message=_as_text("message", request.get("message")) or "",
        level=_one_of("level", request.get("level"), get_args(AlertLevel), "Info"),
        source=_one_of("source", request.get("source"), get_args(AlertSource), "Device"),
        **_event_fields(request),
    )


def _registration(hardware_id: str, request: Json) -> Event:
    own = {"hardwareId", "specificationToken", "siteToken"}
    _known(request, EVENT_FIELDS | STATE_FIELDS | own)
    data = texts("data", request.get("data") or {})
    data |= {key: text for key in own if (text := _as_text(key, request.get(key)))}
    return Registration(
        hardware_id=data.get("hardwareId") or hardware_id,
        specification_token=data.get("specificationToken"),
        site_token=data.get("siteToken"),
        **_event_fields(request),
    )


def _acknowledge(hardware_id: str, request: Json) -> Event:
    _known(request, EVENT_FIELDS | {"originatingEventId", "responseEventId", "response"})
    return CommandResponse(
        hardware_id=hardware_id,
        originating_event_id=_as_text("originatingEventId", request.get("originatingEventId")),
        response_event_id=_as_text("responseEventId", request.get("responseEventId")),
        response=_as_text("response", request.get("response")),
        **_event_fields(request),
    )


def _stream_id(request: Json) -> str:
    text = _as_text("streamId", request.get("streamId")) or ""
    if not text or not text.replace("-", "_").replace("_", "a").isalnum() or not text.isascii():
        raise DecodeFailed(f"streamId {text!r} must be letters, digits, - and _")
    return text


def _stream(hardware_id: str, request: Json) -> Event:
    _known(request, {"streamId", "contentType", "metadata"})
    content_type = _as_text("contentType", request.get("contentType"))
    return Stream(
        hardware_id=hardware_id, stream_id=_stream_id(request), content_type=content_type, **_event_fields(request)
    )


def _stream_data(hardware_id: str, request: Json) -> Event:
    _known(request, EVENT_FIELDS | {"streamId", "sequenceNumber", "data"})
    try:
        data = base64.b64decode(_as_text("data", request.get("data")) or "", validate=True)
    except binascii.Error as error:
        raise DecodeFailed(f"data is not base64: {error}") from None
    sequence = request.get("sequenceNumber")
    return StreamData(
        hardware_id=hardware_id,
        stream_id=_stream_id(request),
        sequence_number=None if sequence is None else int(_number("sequenceNumber", sequence)),
        data=data,
        **_event_fields(request),
    )


def _mapping(hardware_id: str, request: Json) -> Event:
    _known(request, {"compositeDeviceHardwareId", "mappingPath"})
    return Mapping(
        hardware_id=hardware_id,
        composite_device_hardware_id=_as_text("compositeDeviceHardwareId", request.get("compositeDeviceHardwareId")),
        mapping_path=_as_text("mappingPath", request.get("mappingPath")),
    )


READERS: dict[str, Callable[[str, Json], Event]] = {
    "RegisterDevice": _registration,
    "DeviceLocation": _location,
    "DeviceAlert": _alert,
    "DeviceMeasurements": _measurements,
    "DeviceStream": _stream,
    "DeviceStreamData": _stream_data,
    "Acknowledge": _acknowledge,
    "MapDevice": _mapping,
}


COMPONENT = Component(
    role="decoder",
    type="json",
    title="JSON Device Request Decoder",
    summary="SiteWhere's own JSON, one request a payload",
    settings=JsonSettings,
    make=JsonDecoder,
    sitewhere=SiteWhereName("json-device-request-decoder"),
)
