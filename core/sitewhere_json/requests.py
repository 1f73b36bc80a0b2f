"""The requests inside SiteWhere's JSON, one reader for each kind: `request` as an event of `hardware_id`."""

import base64
import binascii
from collections.abc import Callable
from typing import cast, get_args

from core.catalogue.decoding import DecodeFailed
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
from core.scripting.events import number, texts
from core.sitewhere_json.fields import EVENT_FIELDS, Json, as_number, as_text, event_fields, known, one_of

_STATE_FIELDS = {"category", "type", "previousState", "newState", "data"}


def strict_measurements(hardware_id: str, request: Json) -> Event:
    """Measurements as they are read in a batch: numbers, or the request fails."""
    known(request, EVENT_FIELDS | {"measurements"})
    given: object = request.get("measurements")
    if not isinstance(given, (dict, type(None))):
        raise DecodeFailed("measurements is not an object.")
    values = cast("Json", given or {})
    numbers = {name: _strict_number(name, value) for name, value in values.items() if value not in (None, "")}
    return Measurements(hardware_id=hardware_id, measurements=numbers, **event_fields(request))


def _strict_number(name: str, value: object) -> float:
    if isinstance(value, bool):
        raise DecodeFailed(f"{name} is {str(value).lower()}, not a number")
    return as_number(name, value)


def _measurements(hardware_id: str, request: Json) -> Event:
    """The strict reading where it works, else SiteWhere's second one, which keeps integers here."""
    given: object = request.get("measurements")
    values = cast("Json", given) if isinstance(given, dict) else {}
    strict = set(request) <= EVENT_FIELDS | {"measurements"} and not any(
        isinstance(value, bool) or not _numeric(value) for value in values.values()
    )
    fields = event_fields(request)
    if strict:
        numbers = {name: as_number(name, value) for name, value in values.items() if value not in (None, "")}
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


def location(hardware_id: str, request: Json) -> Event:
    known(request, EVENT_FIELDS | {"latitude", "longitude", "elevation"})
    for key in ("latitude", "longitude"):
        if request.get(key) is None:
            raise DecodeFailed(f"{key} is missing.")
    elevation = request.get("elevation")
    return Location(
        hardware_id=hardware_id,
        latitude=as_number("latitude", request["latitude"]),
        longitude=as_number("longitude", request["longitude"]),
        elevation=None if elevation is None else as_number("elevation", elevation),
        **event_fields(request),
    )


def alert(hardware_id: str, request: Json) -> Event:
    known(request, EVENT_FIELDS | {"type", "message", "level", "source"})
    return Alert(
        hardware_id=hardware_id,
        type=as_text("type", request.get("type")) or "",
        message=as_text("message", request.get("message")) or "",
        level=one_of("level", request.get("level"), get_args(AlertLevel), "Info"),
        source=one_of("source", request.get("source"), get_args(AlertSource), "Device"),
        **event_fields(request),
    )


def _registration(hardware_id: str, request: Json) -> Event:
    own = {"hardwareId", "specificationToken", "siteToken"}
    known(request, EVENT_FIELDS | _STATE_FIELDS | own)
    data = texts("data", request.get("data") or {})
    data |= {key: text for key in own if (text := as_text(key, request.get(key)))}
    return Registration(
        hardware_id=data.get("hardwareId") or hardware_id,
        specification_token=data.get("specificationToken"),
        site_token=data.get("siteToken"),
        **event_fields(request),
    )


def _acknowledge(hardware_id: str, request: Json) -> Event:
    known(request, EVENT_FIELDS | {"originatingEventId", "responseEventId", "response"})
    return CommandResponse(
        hardware_id=hardware_id,
        originating_event_id=as_text("originatingEventId", request.get("originatingEventId")),
        response_event_id=as_text("responseEventId", request.get("responseEventId")),
        response=as_text("response", request.get("response")),
        **event_fields(request),
    )


def _stream_id(request: Json) -> str:
    text = as_text("streamId", request.get("streamId")) or ""
    if not text or not text.replace("-", "_").replace("_", "a").isalnum() or not text.isascii():
        raise DecodeFailed(f"streamId {text!r} must be letters, digits, - and _")
    return text


def _stream(hardware_id: str, request: Json) -> Event:
    known(request, {"streamId", "contentType", "metadata"})
    content_type = as_text("contentType", request.get("contentType"))
    return Stream(
        hardware_id=hardware_id, stream_id=_stream_id(request), content_type=content_type, **event_fields(request)
    )


def _stream_data(hardware_id: str, request: Json) -> Event:
    known(request, EVENT_FIELDS | {"streamId", "sequenceNumber", "data"})
    try:
        data = base64.b64decode(as_text("data", request.get("data")) or "", validate=True)
    except binascii.Error as error:
        raise DecodeFailed(f"data is not base64: {error}") from None
    sequence = request.get("sequenceNumber")
    return StreamData(
        hardware_id=hardware_id,
        stream_id=_stream_id(request),
        sequence_number=None if sequence is None else int(as_number("sequenceNumber", sequence)),
        data=data,
        **event_fields(request),
    )


def _mapping(hardware_id: str, request: Json) -> Event:
    known(request, {"compositeDeviceHardwareId", "mappingPath"})
    return Mapping(
        hardware_id=hardware_id,
        composite_device_hardware_id=as_text("compositeDeviceHardwareId", request.get("compositeDeviceHardwareId")),
        mapping_path=as_text("mappingPath", request.get("mappingPath")),
    )


READERS: dict[str, Callable[[str, Json], Event]] = {
    "RegisterDevice": _registration,
    "DeviceLocation": location,
    "DeviceAlert": alert,
    "DeviceMeasurements": _measurements,
    "DeviceStream": _stream,
    "DeviceStreamData": _stream_data,
    "Acknowledge": _acknowledge,
    "MapDevice": _mapping,
}
