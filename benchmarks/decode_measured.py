"""LoRa gateway JSON: rssi and snr as measurements of the device in `id`."""

import msgspec


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = msgspec.json.decode(payload)
    events.measurements(message["id"], {"rssi": message["rssi"], "snr": message["snr"]})
