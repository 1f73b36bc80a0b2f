"""LoRa gateway JSON: rssi and snr as measurements of the device in `id`."""

import json


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    if "id" not in message:
        raise ValueError("JSON is missing the id")
    values = {name: message[name] for name in ("rssi", "snr") if name in message}
    logger.info("device %s: %s", message["id"], values)
    events.measurements(message["id"], values)
