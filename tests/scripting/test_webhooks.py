"""The templates for webhooks, over own requests, and over those of real networks where they are beside this clone."""

import ast
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from core.scripting.events import event_date
from tests.cli.tidegate import PATIENCE, free_port
from tests.engine.stead import Stead, source_text
from tests.scripting.webhooks import TEMPLATE, TEMPLATES, Outcome, Webhooks, own, post, real

ROWS = [*own(), *real()]
IN_THE_BYTES = {"sigfox-01", "sigfox-07", "sigfox-08", "sigfox-09", "sigfox-11"}
"""Requests whose position or reading only the device's maker can tell from its bytes, which have to be kept then."""
WITHOUT_A_FIX = {"globalstar-01"}
"""Requests that a source counts as positions although their coordinates are empty."""
MISREAD = {"tts_v3-19": b'{"t":24.4}'}
"""Requests whose bytes are listed there with a digit less than their base64 has."""
FILES = sorted(TEMPLATES)


@pytest.fixture(scope="module")
def webhooks(tmp_path_factory: pytest.TempPathFactory) -> Webhooks:
    return Webhooks(tmp_path_factory.mktemp("templates"))


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_request_becomes_what_its_network_says(webhooks: Webhooks, row: dict[str, Any]) -> None:
    outcome, expect = webhooks.run(row), row["expect"]
    if expect.get("device", "") is None:
        assert re.search(r"no device in end_device_ids", outcome.reason or "")
        return
    if expect.get("result") == "none":
        assert {event["eventType"] for event in outcome.events} <= {"StreamData"}
        return
    assert outcome.reason is None
    assert outcome.events
    check(row, expect, outcome)


def check(row: dict[str, Any], expect: dict[str, Any], outcome: Outcome) -> None:
    device = expect.get("device", expect.get("device_token_in_path"))
    if device is not None:
        assert {event["hardwareId"] for event in outcome.events} == {device}
    if "time" in expect:
        assert {event["eventDate"] for event in outcome.events} == {event_date(expect["time"])}
    if "payload_hex" in expect:
        (kept,) = outcome.of("StreamData")
        assert kept["data"] == MISREAD.get(row["id"], bytes.fromhex(expect["payload_hex"]))
    if "port" in expect:
        assert {event["metadata"]["port"] for event in outcome.events} == {str(expect["port"])}
    for name, value in expect.get("telemetry", {}).items():
        if name in ("lora_rssi", "lora_snr"):
            assert outcome.measured[name.removeprefix("lora_")] == value
    check_result(row["id"], expect, outcome)


def check_result(id: str, expect: dict[str, Any], outcome: Outcome) -> None:
    if id in IN_THE_BYTES:
        assert outcome.of("StreamData")
        return
    for name, value in expect.get("attribute", {}).items():
        assert outcome.measured[name] == value
    match expect.get("result"):
        case "position" | "positions" if id not in WITHOUT_A_FIX:
            assert outcome.of("Location")
        case "attributes":
            assert outcome.of("Measurements")
        case "something" | "positions":
            assert outcome.of("StateChange")
        case _:
            pass


def test_every_network_has_a_template() -> None:
    networks = {TEMPLATE.get(row["network"], row["network"]) for row in ROWS}
    assert networks == TEMPLATES.keys() - {"decode", "decode_lora"}


@pytest.mark.parametrize("name", FILES)
def test_a_template_stands_alone_and_says_what_it_is(name: str) -> None:
    template = TEMPLATES[name]
    tree = ast.parse(template.text)
    assert (ast.get_docstring(tree) or "").startswith(template.title)
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [module for module in imported if module and module.split(".")[0] in ("core", "console", "tests")]
    assert len(template.text.splitlines()) <= 100


@pytest.mark.parametrize(
    "name", [name for name in FILES if "def readings(port: int, data: bytes)" in TEMPLATES[name].text]
)
def test_what_the_operator_fills_in_is_measured(webhooks: Webhooks, name: str) -> None:
    battery = 'return {"battery_voltage": int.from_bytes(data[-2:], "big") / 1000, "port": port}'
    webhooks.edited(name, "return {}", battery, f"{name}_filled")
    rows = [row for row in ROWS if TEMPLATE.get(row["network"], row["network"]) == name]
    filled = 0
    for row in rows:
        expected = row["expect"].get("telemetry", {}).get("battery_voltage")
        outcome = webhooks.run(row, f"{name}_filled")
        if "payload_hex" in row["expect"] and row["expect"]["device"]:
            assert outcome.measured["port"] == row["expect"]["port"]
            filled += 1
        if expected is not None and row.get("note", "").startswith("Decentlab"):
            assert outcome.measured["battery_voltage"] == expected
    assert filled


def test_several_devices_in_one_body_each_have_their_events(webhooks: Webhooks) -> None:
    message = {"timestamp": 1714564800.5, "position.latitude": 1.0, "position.longitude": 2.0, "battery.level": 80}
    body = [message | {"ident": "a"}, message | {"ident": "b", "position.valid": False}]
    outcome = webhooks.run(post("flespi", body))
    assert [(event["hardwareId"], event["eventType"]) for event in outcome.events] == [
        ("a", "Location"),
        ("a", "Measurements"),
        ("b", "Measurements"),
    ]
    assert {event["eventDate"] for event in outcome.events} == {"2024-05-01T12:00:00.500Z"}


@pytest.mark.parametrize(
    ("path", "headers", "topic", "device"),
    [
        ("/?u=ann&d=phone", {}, None, "ann/phone"),
        ("/", {"x-limit-u": "ann", "x-limit-d": "watch"}, None, "ann/watch"),
        ("/?u=bob", {}, "owntracks/ann/phone/event", "ann/phone"),
        ("/", {}, None, "X"),
    ],
)
def test_owntracks_names_its_device(
    webhooks: Webhooks, path: str, headers: dict[str, str], topic: str | None, device: str
) -> None:
    body: dict[str, Any] = {"_type": "transition", "event": "enter", "desc": "home", "tst": 1714564800, "tid": "X"}
    outcome = webhooks.run(post("owntracks", body | ({"topic": topic} if topic else {}), path) | {"headers": headers})
    (entered,) = outcome.of("StateChange")
    assert (entered["hardwareId"], entered["type"], entered["newState"]) == (device, "home", "enter")
    assert outcome.answer == (b"[]", 200)


@pytest.mark.parametrize(
    ("network", "event", "body", "made"),
    [
        ("chirpstack_v4", "join", {}, ("StateChange", "type", "join")),
        ("chirpstack_v4", "status", {"margin": 7}, ("Measurements", "measurements", {"margin": 7.0})),
        ("chirpstack_v4", "log", {"level": "ERROR", "code": "UPLINK_F_CNT_RESET"}, ("Alert", "level", "Error")),
        ("chirpstack_v4", "location", {"location": {"latitude": 1, "longitude": 2}}, ("Location", "latitude", 1.0)),
        ("chirpstack_v3", "error", {"type": "OTAA", "error": "MIC"}, ("Alert", "message", "MIC")),
        ("chirpstack_v3", "txack", {}, ("StateChange", "type", "txack")),
    ],
)
def test_chirpstack_says_in_the_query_what_happened(
    webhooks: Webhooks, network: str, event: str, body: dict[str, Any], made: tuple[str, str, object]
) -> None:
    device = {"deviceInfo": {"devEui": "aa"}} if network == "chirpstack_v4" else {"devEUI": "AKoRuyLMM90="}
    outcome = webhooks.run(post(network, device | body, f"/?event={event}"))
    type, key, value = made
    (only,) = outcome.events
    assert (only["eventType"], only[key]) == (type, value)


def test_a_sigfox_callback_that_could_carry_a_downlink_hears_that_there_is_none(webhooks: Webhooks) -> None:
    assert webhooks.run(post("sigfox", {"device": "A", "data": "00", "ack": True})).answer == (b"", 204)
    assert webhooks.run(post("sigfox", {"device": "A", "data": "00", "ack": False})).answer is None


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("decode", "opengts", "thingsboard_http")])
@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"a": ', "<a>", "[[1]]", '"text"'])
def test_what_is_no_such_request_fails_or_says_nothing(webhooks: Webhooks, name: str, body: str) -> None:
    assert not webhooks.run(post(name, body)).events


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    osmand = source_text("osmand", free_port(), handler='methods = ["GET"]', script="osmand.py")
    made = Stead(tmp_path_factory.mktemp("hooks") / "home", script=TEMPLATES["globalstar"].text, more=osmand)
    (made.scripts / "osmand.py").write_text(TEMPLATES["osmand"].text)
    made.serve()
    yield made
    made.end()


def test_over_http_globalstar_hears_its_message_id(stead: Stead) -> None:
    body = next(row for row in own() if row["network"] == "globalstar")["body"].replace('"ab"', '"a&amp;&lt;b"')
    request = urllib.request.Request(f"http://127.0.0.1:{stead.port}/stu", body.encode())
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
        said = fromstring(answer.read())
    assert (said.tag, said.get("correlationID"), said.findtext("state")) == ("stuResponseMsg", "a&<b", "pass")
    (location,) = [event for event in stead.events() if event["eventType"] == "Location"]
    assert (location["hardwareId"], location["eventSource"]) == ("0-1", "lora")
    assert location["latitude"] == pytest.approx(36.2, abs=0.1)


def test_over_http_osmand_is_answered_200_to_its_get(stead: Stead) -> None:
    port = stead.source("osmand").detail["port"]
    url = f"http://127.0.0.1:{port}/?id=car&lat=1.5&lon=-2.5&timestamp=1714564800&batt=87"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.status == 200
    location, measured = (event for event in stead.events() if event["hardwareId"] == "car")
    assert (location["latitude"], location["longitude"], location["eventDate"]) == (
        1.5,
        -2.5,
        "2024-05-01T12:00:00.000Z",
    )
    assert measured["measurements"] == {"batt": 87.0}
