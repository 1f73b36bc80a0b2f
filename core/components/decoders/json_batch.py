"""JSON Batch Event Decoder: locations, measurements and alerts of one device in one payload.

`{"hardwareId": "…", "locations": […], "measurements": […], "alerts": […]}`, each entry as the `request` of a device
request. Every list is optional; whatever the order in the JSON, events come in this one. An unknown key anywhere and
one bad entry refuse the batch, as in SiteWhere; a hardware id that is missing does so here.
"""

from collections.abc import Callable, Sequence
from typing import cast

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.decoding import DecodeFailed
from core.catalogue.received import Received
from core.catalogue.scriptless import NoSettings, Scriptless
from core.model.events import Event
from core.sitewhere_json.fields import Json, as_text, first_value, known
from core.sitewhere_json.requests import alert, location, strict_measurements

LISTS: dict[str, Callable[[str, Json], Event]] = {
    "locations": location,
    "measurements": strict_measurements,
    "alerts": alert,
}


class JsonBatchDecoder(Scriptless):
    """Reads the events of one device a payload."""

    def decode(self, received: Received) -> Sequence[Event]:
        return read_batch(received.payload)


def read_batch(payload: bytes) -> list[Event]:
    """The events of one batch, all or none."""
    value = first_value(payload)
    if not isinstance(value, dict):
        raise DecodeFailed("The batch is not an object.")
    batch = cast("Json", value)
    known(batch, {"hardwareId", *LISTS}, of="a batch")
    hardware_id = as_text("hardwareId", batch.get("hardwareId"))
    if not hardware_id:
        raise DecodeFailed("Hardware id is missing.")
    return [event for name in LISTS for event in _read_list(hardware_id, name, batch.get(name))]


def _read_list(hardware_id: str, name: str, entries: object) -> list[Event]:
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise DecodeFailed(f"{name} is not a list.")
    return [_read_entry(hardware_id, name, place, entry) for place, entry in enumerate(cast("list[object]", entries))]


def _read_entry(hardware_id: str, name: str, place: int, entry: object) -> Event:
    if not isinstance(entry, dict):
        raise DecodeFailed(f"{name}[{place}] is not an object.")
    try:
        return LISTS[name](hardware_id, cast("Json", entry))
    except DecodeFailed as failed:
        raise DecodeFailed(f"{name}[{place}]: {failed}") from None


COMPONENT = Component(
    role="decoder",
    type="json_batch",
    title="JSON Batch Event Decoder",
    summary="SiteWhere's own JSON, many events of one device a payload",
    settings=NoSettings,
    make=JsonBatchDecoder,
    sitewhere=SiteWhereName("json-batch-event-decoder"),
)
