"""OwnTracks in HTTP mode: locations, and regions that were entered or left.

The device is user/device: of the topic, else of the query (`?u=…&d=…`) or the headers that the app sends (X-Limit-U,
X-Limit-D), else the tracker id. The answer is an empty list: there is nothing for the app.
"""

import json


def decode(payload: bytes, metadata: dict, events, logger, respond) -> None:
    message = json.loads(payload)
    kind = message.get("_type")
    if kind == "encrypted":
        raise ValueError("the payload is encrypted: take the encryption key out of the app's settings")
    respond("[]", 200, "application/json")
    if kind not in ("location", "transition"):  # waypoint, lwt, card, status and the like say nothing of where
        logger.info("a message of type %s has no events", kind)
        return
    device = named(message, metadata)
    shared = {"event_date": message["tst"] * 1000}
    if kind == "transition":
        region = message.get("desc") or "region"
        events.state_change(device, "region", region, new=message.get("event"), **shared)
        return
    events.location(device, message["lat"], message["lon"], message.get("alt"), **shared)
    unwanted = ("lat", "lon", "alt", "tst", "created_at")
    values = {name: value for name, value in message.items() if isinstance(value, int | float) and name not in unwanted}
    if values:  # as OwnTracks calls them: acc and vac in m, vel in km/h, cog in degrees, batt in percent
        events.measurements(device, values, **shared)


def named(message: dict, metadata: dict) -> str:
    if "topic" in message:  # owntracks/user/device, with more behind it for some messages
        return "/".join(message["topic"].split("/")[1:3])
    query, headers = metadata.get("http.query", {}), metadata.get("http.headers", {})
    user = query.get("u", [headers.get("x-limit-u", "")])[0]
    phone = query.get("d", [headers.get("x-limit-d", "")])[0]
    name = "/".join(part for part in (user, phone) if part) or message.get("tid")
    if not name:
        raise ValueError("no device: neither a topic, a user and device, nor a tracker id")
    return name
