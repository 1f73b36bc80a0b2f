"""The metadata that a script is given with a payload."""

from datetime import UTC, datetime
from typing import Any

from core.catalogue.received import Received


def script_metadata(received: Received, source: str) -> dict[str, Any]:  # its values are of several types by contract
    """`source`, `remote.*`, `received` and what the protocol and the source's authentication add; below a composite
    decoder also `device.hardware_id` and `device.specification`."""
    host, port = received.remote
    metadata = received.describe() if received.describe is not None else {}
    metadata["source"] = source
    metadata["remote.host"] = host
    metadata["remote.port"] = port
    metadata["received"] = datetime.fromtimestamp(received.at / 1000, UTC)
    if received.device is not None:
        metadata["device.hardware_id"] = received.device.hardware_id
        metadata["device.specification"] = received.device.specification
    if received.extra:
        metadata.update(received.extra)
    return metadata
