"""Reads SiteWhere's protocol buffers: a header, then the body that its command names, each behind its length."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar, cast

from google.protobuf.message import DecodeError, Message

from core.catalogue.decoding import DecodeFailed
from core.model.events import (
    Alert,
    CommandResponse,
    Event,
    Location,
    Measurements,
    Registration,
    Stream,
    StreamData,
)
from core.scripting.events import event_date, number
from core.sitewhere_protobuf.sitewhere_pb2 import Model, SiteWhere

M = TypeVar("M", bound=Message)

_LONGEST_VARINT = 10


class _Checked(Protocol):
    """What the library's messages have and its types do not say."""

    def FindInitializationErrors(self) -> list[str]: ...


def read_payload(payload: bytes) -> Event:
    """The event of one payload; bytes behind the body are not looked at."""
    if not payload:
        raise DecodeFailed("The payload is empty: a header is missing.")
    header, rest = _delimited(SiteWhere.Header, "header", payload)
    if not rest:
        raise DecodeFailed("Nothing follows the header.")
    read, body_type = _BODIES[header.command]
    body, _ = _delimited(body_type, SiteWhere.Command.Name(header.command), rest)
    if not body.hardwareId:
        raise DecodeFailed("Hardware id is missing.")
    event = read(body)
    if header.HasField("originator"):
        event.originator = header.originator
        if isinstance(event, CommandResponse):
            event.originating_event_id = header.originator
    return event


def _delimited(kind: type[M], name: str, data: bytes) -> tuple[M, bytes]:
    """A message behind its length, and the bytes after it."""
    length, start = _varint(name, data)
    there = len(data) - start
    if length > there:
        raise DecodeFailed(f"The {name} is {length} bytes long by its length; {there} are there.")
    message = kind()
    try:
        message.ParseFromString(data[start : start + length])
    except DecodeError as error:
        raise DecodeFailed(_unread(kind, name, error)) from None
    if not message.IsInitialized():
        raise DecodeFailed(_incomplete(name, message))
    _mend_texts(message)
    return message, data[start + length :]


def _unread(kind: type[Message], name: str, error: DecodeError) -> str:
    return f"The {name} is no {kind.DESCRIPTOR.full_name}: {error}"


def _incomplete(name: str, message: Message) -> str:
    missing = ", ".join(cast("_Checked", message).FindInitializationErrors())
    hint = " (or has a value that is not known)" if name == "header" else ""
    return f"The {name} lacks {missing}{hint}."


def _mend_texts(message: Message) -> None:
    """Makes texts of strings that are not UTF-8, which the library gives as bytes: as Java does it."""
    for field, value in message.ListFields():
        if isinstance(value, bytes) and field.type == field.TYPE_STRING:
            setattr(message, field.name, value.decode("utf-8", "replace"))
        elif field.message_type is not None:
            for each in cast("Iterable[Message]", value):
                _mend_texts(each)


def _varint(name: str, data: bytes) -> tuple[int, int]:
    """A length as protocol buffers write it, seven bits a byte, and where it ends."""
    value = 0
    for place, byte in enumerate(data[:_LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, place + 1
    if len(data) < _LONGEST_VARINT:
        raise DecodeFailed(f"The length of the {name} is cut off.")
    raise DecodeFailed(f"The length of the {name} is longer than {_LONGEST_VARINT} bytes.")


def _shared(body: Any) -> dict[str, Any]:  # the bodies have these fields in common, and no common type
    fields: dict[str, Any] = {"hardware_id": body.hardwareId, "metadata": _metadata(body.metadata)}
    if "eventDate" in body.DESCRIPTOR.fields_by_name and body.HasField("eventDate"):
        fields["event_date"] = event_date(_signed(body.eventDate))
    if "updateState" in body.DESCRIPTOR.fields_by_name:
        fields["update_state"] = body.updateState
    return fields


def _metadata(entries: Iterable[Model.Metadata]) -> dict[str, str]:
    return {entry.name: entry.value for entry in entries}


def _signed(value: int) -> int:
    """A fixed64 as SiteWhere has it, in a signed number."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _registration(body: SiteWhere.RegisterDevice) -> Event:
    site = body.siteToken if body.HasField("siteToken") else None
    return Registration(**_shared(body), specification_token=body.specificationToken, site_token=site)


def _acknowledge(body: SiteWhere.Acknowledge) -> Event:
    response = body.message if body.HasField("message") else None
    return CommandResponse(hardware_id=body.hardwareId, response=response)


def _location(body: Model.DeviceLocation) -> Event:
    return Location(
        **_shared(body),
        latitude=number("latitude", body.latitude),
        longitude=number("longitude", body.longitude),
        elevation=number("elevation", body.elevation),
    )


def _alert(body: Model.DeviceAlert) -> Event:
    return Alert(**_shared(body), type=body.alertType, message=body.alertMessage)


def _measurements(body: Model.DeviceMeasurements) -> Event:
    values = {each.measurementId: number(each.measurementId, each.measurementValue) for each in body.measurement}
    return Measurements(**_shared(body), measurements=values)


def _stream(body: Model.DeviceStream) -> Event:
    return Stream(**_shared(body), stream_id=body.streamId, content_type=body.contentType)


def _stream_data(body: Model.DeviceStreamData) -> Event:
    sequence = _signed(body.sequenceNumber)
    return StreamData(**_shared(body), stream_id=body.streamId, sequence_number=sequence, data=body.data)


def _stream_data_request(body: SiteWhere.DeviceStreamDataRequest) -> Event:
    raise DecodeFailed(
        f"The device asks for #{_signed(body.sequenceNumber)} of its stream {body.streamId}: "
        "stream data is kept here and not sent back."
    )


_BODIES: dict[int, tuple[Callable[[Any], Event], type[Any]]] = {
    SiteWhere.SEND_REGISTRATION: (_registration, SiteWhere.RegisterDevice),
    SiteWhere.SEND_ACKNOWLEDGEMENT: (_acknowledge, SiteWhere.Acknowledge),
    SiteWhere.SEND_DEVICE_LOCATION: (_location, Model.DeviceLocation),
    SiteWhere.SEND_DEVICE_ALERT: (_alert, Model.DeviceAlert),
    SiteWhere.SEND_DEVICE_MEASUREMENTS: (_measurements, Model.DeviceMeasurements),
    SiteWhere.SEND_DEVICE_STREAM: (_stream, Model.DeviceStream),
    SiteWhere.SEND_DEVICE_STREAM_DATA: (_stream_data, Model.DeviceStreamData),
    SiteWhere.REQUEST_DEVICE_STREAM_DATA: (_stream_data_request, SiteWhere.DeviceStreamDataRequest),
}
