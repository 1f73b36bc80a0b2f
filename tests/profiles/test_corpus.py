"""Frames of real devices through the profiles: what their sources assert of them, and the answers that they expect."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from core.profiles import profiles
from core.profiles.teltonika.device import crc16
from tests.framing.test_corpus import FRAMES, THERE, expected, table_of
from tests.profiles.profiling import Connection, Outcome, Profiled

ROWS = [row for row in FRAMES if row["protocol"] in profiles()]
EARLIER = "given-by-an-earlier-frame"
NAMES = {"sat": "satellites", "deviceTemp": "temp"}
"""What the corpus calls otherwise than the device or the profile does."""
WRONG_CHECKSUM = {"teltonika-007", "teltonika-012", "teltonika-013", "teltonika-024", "wialon-001"}
"""Their identities or bytes were changed before they were published, their checksums were not: the profile refuses them
and says so. With a right checksum they are as asserted."""
NO_FIX = {
    **dict.fromkeys(
        ("teltonika-007", "teltonika-008", "teltonika-009", "teltonika-010", "teltonika-016", "teltonika-020"),
        "a text of codec 12 or 13: the source repeats the last position that it knows",
    ),
    "jt808-017": "a vendor's own message in 0900: the source repeats the last position that it knows",
}
NO_EVENT = {
    "gps103-012": "cells alone",
    "gt06-006": "a vendor's Bluetooth beacons",
    "gt06-010": "a vendor's notice of a file",
    "gt06-013": "a heartbeat in a vendor's layout",
    "gt06-016": "cells alone",
    "gt06-026": "cells alone",
    "gt06-027": "a vendor's own message",
    "gt06-039": "a position in a vendor's layout",
    "jt808-017": NO_FIX["jt808-017"],
}
OTHER_ATTRIBUTES = {
    "gt06-008": "the altitude behind the cells of type 32",
    "gt06-010": NO_EVENT["gt06-010"],
    "gt06-012": "a vendor's driving times behind the cells",
    "gt06-013": NO_EVENT["gt06-013"],
    "gt06-015": "a status behind the cells, which other devices have not",
    "gt06-038": "a vendor's voltage in the place of the network",
    "gt06-039": NO_EVENT["gt06-039"],
    "jt808-004": "a vendor's bits of motion",
    "jt808-005": "alarms of cameras",
    "jt808-006": "pressures of tires",
    "jt808-013": "the driver's card",
    "jt808-019": "a vendor's trouble codes",
    "jt808-022": "a vendor's second tank",
    "jt808-035": "a vendor's own alarms",
    "jt808-036": "a vendor's own alarms",
}
"""Attributes that a profile leaves to the operator's script, which begins with what devices have in common."""

Load = Callable[[str], Profiled]


def decoded(connection: Connection, row: dict[str, Any]) -> Outcome:
    wire = bytes.fromhex(row["hex"])
    framing = table_of(row) if "settings" in row else None  # other firmware, for which the operator changes the length
    assert connection.frames(wire, framing) == [expected(row)]
    if row["id"] not in WRONG_CHECKSUM:
        return connection.decode(expected(row))
    refused = connection.decode(expected(row))
    assert "the checksum is" in (refused.reason or "")
    assert refused.answer is None or refused.status >= 400
    connection.state.update(device=EARLIER)
    return connection.decode(repaired(expected(row)))


def repaired(frame: bytes) -> bytes:
    """The same with a right checksum."""
    if frame[:1] == b"#":
        said, kind = frame.rpartition(b";")[0] + b";", frame.split(b"#")[1]
        return said + b"%X" % crc16(said[len(kind) + 2 :])
    return frame[:-4] + crc16(frame[8:-4]).to_bytes(4, "big")


def of_type(outcome: Outcome, type: str) -> list[dict[str, Any]]:
    return [event for event in outcome.events if event["eventType"] == type]


@pytest.mark.skipif(not THERE, reason="no folder of real devices' frames: only simulated devices' are decoded")
@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_frame_is_decoded_and_answered(row: dict[str, Any], profiled: Load) -> None:
    expect, id = row["expect"], row["id"]
    connection = profiled(row["protocol"]).connection(device=EARLIER)
    outcome = decoded(connection, row)

    assert outcome.reason is None
    if "ack_hex" in row:
        assert (outcome.answer or b"").hex() == row["ack_hex"]
    assert bool(outcome.events) == (expect["result"] != "none" and id not in NO_EVENT), outcome.events
    if expect["result"] in ("position", "positions"):
        assert bool(of_type(outcome, "Location")) == (id not in NO_FIX)
    if "records" in expect:
        assert len(of_type(outcome, "Location")) == expect["records"]
    if "lat" in expect:
        check_fix(of_type(outcome, "Location")[0], expect)
    if expect.get("device"):
        assert connection.state["device"] == expect["device"]
        assert {event["hardwareId"] for event in outcome.events} <= {expect["device"]}
    for name, value in expect.get("attribute", {}).items():
        assert has(outcome, NAMES.get(name, name), value) == (id not in OTHER_ATTRIBUTES), outcome.events


def check_fix(event: dict[str, Any], expect: dict[str, Any]) -> None:
    assert event["latitude"] == pytest.approx(expect["lat"], abs=2e-5)
    assert event["longitude"] == pytest.approx(expect["lon"], abs=2e-5)
    assert datetime.fromisoformat(event["eventDate"]) == datetime.fromisoformat(expect["time"] + "Z")
    assert (event["metadata"].get("valid") != "false") == expect["valid"]


def has(outcome: Outcome, name: str, value: Any) -> bool:
    """Whether an event says that attribute: a measurement, metadata, an alarm, or words of the device."""
    measured = [event["measurements"].get(name) for event in of_type(outcome, "Measurements")]
    noted = [event["metadata"].get(name) for event in outcome.events]
    alerts = of_type(outcome, "Alert")
    if isinstance(value, str):
        said = any(value in event["message"] for event in alerts if event["type"] == "text")
        return value in noted or said or (name == "alarm" and value in [event["type"] for event in alerts])
    return any(number is not None and number == pytest.approx(float(value)) for number in measured)
