"""What a script's `events` makes of plain values, and what it refuses."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.decoding import DecodeFailed
from core.model.events import Event
from core.scripting.events import ScriptEvents


def made(method: str, *arguments: Any, **named: Any) -> dict[str, Any]:
    """The one event that comes of a call, as it is written in the journal."""
    events = ScriptEvents(10)
    getattr(events, method)(*arguments, **named)
    assert len(events) == 1
    encoded = msgspec.json.encode(events.made)
    assert msgspec.json.decode(encoded, type=list[Event]) == events.made
    return msgspec.json.decode(encoded)[0]


def refused(method: str, *arguments: Any, **named: Any) -> str:
    events = ScriptEvents(10)
    with pytest.raises(DecodeFailed) as failed:
        getattr(events, method)(*arguments, **named)
    assert len(events) == 0
    return str(failed.value)


@pytest.mark.parametrize(
    ("method", "arguments", "written"),
    [
        (
            "measurements",
            ("d", {"a": 1, "b": 2.5, "c": True, "e": Decimal("0.5")}),
            {"eventType": "Measurements", "measurements": {"a": 1.0, "b": 2.5, "c": 1.0, "e": 0.5}},
        ),
        ("measurements", ("d", {}), {"eventType": "Measurements", "measurements": {}}),
        ("measurements", ("d", MappingProxyType({"a": 1})), {"eventType": "Measurements", "measurements": {"a": 1.0}}),
        ("location", ("d", 52.5, -13), {"eventType": "Location", "latitude": 52.5, "longitude": -13.0}),
        (
            "location",
            ("d", 1, 2, 3),
            {"eventType": "Location", "latitude": 1.0, "longitude": 2.0, "elevation": 3.0},
        ),
        ("alert", ("d", "fire", "it burns"), {"eventType": "Alert", "type": "fire", "message": "it burns"}),
        (
            "alert",
            ("d", "fire", "it burns", "Critical", "System"),
            {"eventType": "Alert", "type": "fire", "message": "it burns", "level": "Critical", "source": "System"},
        ),
        ("register", ("d",), {"eventType": "Registration"}),
        (
            "register",
            ("d", "spec", "site"),
            {"eventType": "Registration", "specificationToken": "spec", "siteToken": "site"},
        ),
        ("acknowledge", ("d", "e1"), {"eventType": "CommandResponse", "originatingEventId": "e1"}),
        (
            "acknowledge",
            ("d", "e1", "done"),
            {"eventType": "CommandResponse", "originatingEventId": "e1", "response": "done"},
        ),
        (
            "state_change",
            ("d", "power", "mode", "off", "on", {"by": "hand", "n": 3, "sure": True}),
            {
                "eventType": "StateChange",
                "category": "power",
                "type": "mode",
                "previousState": "off",
                "newState": "on",
                "data": {"by": "hand", "n": "3", "sure": "true"},
            },
        ),
        ("stream", ("d", "s1", "video/mp4"), {"eventType": "Stream", "streamId": "s1", "contentType": "video/mp4"}),
        (
            "stream_data",
            ("d", "s1", 7, b"\x00\xff"),
            {"eventType": "StreamData", "streamId": "s1", "sequenceNumber": 7, "data": "AP8="},
        ),
        (
            "map_device",
            ("d", "gateway", "slots/1"),
            {"eventType": "Mapping", "compositeDeviceHardwareId": "gateway", "mappingPath": "slots/1"},
        ),
    ],
)
def test_each_kind_of_event(method: str, arguments: tuple[Any, ...], written: dict[str, Any]) -> None:
    assert made(method, *arguments) == {"hardwareId": "d", **written}


DATES = [
    (datetime(2015, 2, 11, 10, 33, 0, 578999, UTC), "2015-02-11T10:33:00.578Z"),
    (datetime(2015, 2, 11, 10, 33), "2015-02-11T10:33:00.000Z"),
    (datetime(2015, 2, 11, 12, 33, tzinfo=timezone(timedelta(hours=2))), "2015-02-11T10:33:00.000Z"),
    (1423650780578, "2015-02-11T10:33:00.578Z"),
    (1423650780578.0, "2015-02-11T10:33:00.578Z"),
    (0, "1970-01-01T00:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
    ("2015-02-11T10:33:00.578Z", "2015-02-11T10:33:00.578Z"),
    ("2015-02-11T12:33:00+0200", "2015-02-11T10:33:00.000Z"),
    ("2015-02-11 10:33:00.578", "2015-02-11T10:33:00.578Z"),
    ("2015-02-11", "2015-02-11T00:00:00.000Z"),
    ("0001-01-01", "0001-01-01T00:00:00.000Z"),
]


@pytest.mark.parametrize(("given", "written"), DATES)
def test_dates(given: Any, written: str) -> None:
    assert made("measurements", "d", {}, event_date=given)["eventDate"] == written


@pytest.mark.parametrize("given", ["yesterday", "", float("nan"), float("inf"), 10**20, "2015-13-01", -(10**17)])
def test_what_is_no_date(given: Any) -> None:
    assert refused("measurements", "d", {}, event_date=given) == f"event_date {given!r} is no date"


@pytest.mark.parametrize(("given", "kind"), [(True, "bool"), (b"2015", "bytes"), ([], "a list"), ({}, "a dict")])
def test_what_can_be_no_date(given: Any, kind: str) -> None:
    assert refused("measurements", "d", {}, event_date=given) == (
        f"event_date is {kind}, not a datetime, epoch milliseconds or ISO 8601 text"
    )


def test_what_every_event_may_have() -> None:
    shared = {"alternate_id": 12, "originator": "cmd-1", "metadata": {"fw": "1.2", "n": 3, "ok": False, "f": 0.5}}
    assert made("alert", 278998, "a", "b", **shared, event_date=None) == {
        "eventType": "Alert",
        "hardwareId": "278998",
        "type": "a",
        "message": "b",
        "alternateId": "12",
        "originator": "cmd-1",
        "metadata": {"fw": "1.2", "n": "3", "ok": "false", "f": "0.5"},
    }


NONE_GIVEN = [
    ("measurements", ("d", {"rssi": "-111"}), "rssi is text, not a number"),
    ("measurements", ("d", {"rssi": None}), "rssi is None, not a number"),
    ("measurements", ("d", {"rssi": float("nan")}), "rssi is nan, which is no finite number"),
    ("measurements", ("d", {"rssi": float("-inf")}), "rssi is -inf, which is no finite number"),
    ("measurements", ("d", {"rssi": Decimal("NaN")}), "rssi is NaN, which is no finite number"),
    ("measurements", ("d", {"rssi": Decimal("sNaN")}), "rssi is sNaN, which is no finite number"),
    ("measurements", ("d", {"rssi": Decimal("1e999")}), "rssi is 1E+999, which is no finite number"),
    ("measurements", ("d", {"rssi": [1]}), "rssi is a list, not a number"),
    ("measurements", ("d", {"rssi": Fraction(1, 2)}), "rssi is Fraction, not a number"),
    ("measurements", ("d", {"rssi": 1j}), "rssi is complex, not a number"),
    ("measurements", ("d", {7: 1}), "a measurement's name is int, not text"),
    ("measurements", ("d", [("rssi", 1)]), "measurements are a list, not a dict of numbers"),
    ("measurements", ("d", None), "measurements are None, not a dict of numbers"),
    ("measurements", (None, {}), "the device's hardware id is None, not text or a whole number"),
    ("measurements", (1.5, {}), "the device's hardware id is float, not text or a whole number"),
    ("measurements", (True, {}), "the device's hardware id is bool, not text or a whole number"),
    ("measurements", (b"d", {}), "the device's hardware id is bytes, not text or a whole number"),
    ("measurements", ("", {}), "the device's hardware id is empty"),
    ("location", ("d", "52", 13), "latitude is text, not a number"),
    ("location", ("d", 52, None), "longitude is None, not a number"),
    ("location", ("d", 52, 13, "high"), "elevation is text, not a number"),
    ("alert", ("d", None, "m"), "type is None, not text"),
    ("alert", ("d", "t", b"m"), "message is bytes, not text"),
    ("alert", ("d", "t", "m", "info"), "level 'info' is none of Info, Warning, Error, Critical"),
    ("alert", ("d", "t", "m", []), "level [] is none of Info, Warning, Error, Critical"),
    ("alert", ("d", "t", "m", "Info", "Human"), "source 'Human' is none of Device, System"),
    ("register", ("d", 5), "specification is int, not text"),
    ("register", ("d", None, 5), "site is int, not text"),
    ("state_change", ("d", None, "t"), "category is None, not text"),
    ("state_change", ("d", "c", "t", None, None, ["x"]), "data is a list, not a dict"),
    ("state_change", ("d", "c", "t", None, None, {"x": None}), "data x is None, not text"),
    ("stream", ("d", 1, "t"), "stream_id is int, not text"),
    ("stream_data", ("d", "s", 1.0, b""), "sequence_number is float, not a whole number"),
    ("stream_data", ("d", "s", True, b""), "sequence_number is bool, not a whole number"),
    ("stream_data", ("d", "s", 1 << 70, b""), "sequence_number is 1180591620717411303424, which is too large"),
    ("stream_data", ("d", "s", 1, "text"), "data is text, not bytes"),
    ("map_device", ("d", None, "p"), "the device's hardware id is None, not text or a whole number"),
    ("map_device", ("d", "c", 1), "path is int, not text"),
]


@pytest.mark.parametrize(("method", "arguments", "words"), NONE_GIVEN)
def test_what_is_refused_and_how(method: str, arguments: tuple[Any, ...], words: str) -> None:
    assert refused(method, *arguments) == words


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        ({"metadata": {"a": None}}, "metadata a is None, not text"),
        ({"metadata": "a"}, "metadata is text, not a dict"),
        ({"alternate_id": b"x"}, "alternate_id is bytes, not text or a whole number"),
        ({"originator": 1.5}, "originator is float, not text or a whole number"),
        ({"date": 1}, "events know no date: event_date, alternate_id, metadata, originator"),
    ],
)
def test_what_is_refused_of_what_every_event_may_have(shared: dict[str, Any], words: str) -> None:
    assert refused("measurements", "d", {"a": 1}, **shared) == words


def test_integers_beyond_any_float_are_refused_by_name() -> None:
    assert refused("measurements", "d", {"big": 10**400}).startswith("big is ")


def test_no_more_events_than_allowed() -> None:
    events = ScriptEvents(2)
    events.register("a")
    events.register("b")
    with pytest.raises(DecodeFailed, match="more than 2 events of one request"):
        events.register("c")
    assert [event.hardware_id for event in events.made] == ["a", "b"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=5,
)


@given(
    st.sampled_from(["measurements", "location", "alert", "register", "acknowledge", "state_change", "stream"]),
    st.lists(ANYTHING, min_size=3, max_size=3),
    st.fixed_dictionaries({}, optional={"event_date": ANYTHING, "alternate_id": ANYTHING, "metadata": ANYTHING}),
)
def test_whatever_a_script_says_is_an_event_that_can_be_kept_or_a_refusal(
    method: str, arguments: list[Any], shared: dict[str, Any]
) -> None:
    events = ScriptEvents(10)
    try:
        getattr(events, method)(*arguments[: {"measurements": 2, "acknowledge": 2}.get(method, 3)], **shared)
    except DecodeFailed:
        assert len(events) == 0
        return
    encoded = msgspec.json.encode(events.made)
    assert msgspec.json.decode(encoded, type=list[Event]) == events.made
