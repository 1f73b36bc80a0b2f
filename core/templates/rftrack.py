"""RF-Track: what a tracker uploads as a form, with GPS as JSON in one of its fields.

The device is its IMEI, `i`. Voltage is in volts, pressure in hPa.
"""

import json
from urllib.parse import parse_qs


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    form = {name: values[0] for name, values in parse_qs(payload.decode(), max_num_fields=1000).items()}
    device = form.get("i")
    if not device:
        raise ValueError("no IMEI in the form: the field i is missing")
    around = {name: form[name] for name in ("gsm", "wifi") if name in form}
    values = {name: float(form[key]) for name, key in (("rssi", "dbm"), ("pressure", "bar")) if key in form}
    if "bat" in form:
        values["battery"] = float(form["bat"]) / 1000
    if values:
        events.measurements(device, values, event_date=int(form["t"]), metadata=around)
    if "gps" in form:
        fix = json.loads(form["gps"])  # x and y are degrees, z metres, a the accuracy
        events.location(device, fix["y"], fix["x"], fix.get("z"), event_date=fix["t"], metadata={"accuracy": fix["a"]})
