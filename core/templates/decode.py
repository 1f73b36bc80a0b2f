"""Empty: a decode function to fill in; raising an exception fails the request with that reason."""


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    # events.measurements(device, {"temperature": 21.5})
    # events.location(device, latitude, longitude, elevation=None)
    # events.alert(device, type, message, level="Warning")
    logger.info("%d bytes from %s", len(payload), metadata["remote.host"])
