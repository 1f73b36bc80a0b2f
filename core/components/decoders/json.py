"""JSON Device Request Decoder: SiteWhere's own JSON, one request a payload.

`{"hardwareId": "…", "type": "DeviceMeasurements", "request": {…}, "originator": "…"}`, as SiteWhere 1.13 reads it, with
its messages. Kept where SiteWhere loses it: a numeric hardware id (as its text), integers beside booleans.
"""

from collections.abc import Sequence
from typing import cast

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.decoding import DecodeFailed
from core.catalogue.received import Received
from core.catalogue.scriptless import NoSettings, Scriptless
from core.model.events import Event
from core.sitewhere_json.fields import Json, as_text, first_value
from core.sitewhere_json.requests import READERS


class JsonDecoder(Scriptless):
    """Reads one device request a payload."""

    def decode(self, received: Received) -> Sequence[Event]:
        return [read_device_request(received.payload)]


def read_device_request(payload: bytes) -> Event:
    """The event of one device request; the checks come in SiteWhere's order."""
    value = first_value(payload)
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
    hardware_id = as_text("hardwareId", message.get("hardwareId"))
    if not hardware_id:
        raise DecodeFailed("Hardware id is missing.")
    if not isinstance(request, dict) and str(kind) == "DeviceMeasurements":
        request = {}  # SiteWhere's second reading finds no measurements in it
    if not isinstance(request, dict):
        raise DecodeFailed("Request is not an object.")
    event = read(hardware_id, cast("Json", request))
    event.originator = as_text("originator", message.get("originator"))
    return event


COMPONENT = Component(
    role="decoder",
    type="json",
    title="JSON Device Request Decoder",
    summary="SiteWhere's own JSON, one request a payload",
    settings=NoSettings,
    make=JsonDecoder,
    sitewhere=SiteWhereName("json-device-request-decoder"),
)
