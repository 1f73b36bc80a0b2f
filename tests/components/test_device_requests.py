"""Everything that SiteWhere's JSON can say is kept and shown as what it is; so are duplicates."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from console.screens.request import OneRequest
from core.control.client import connected
from core.control.feeds import Frame, Subscribe, Subscription
from tests.cli.tidegate import Homestead, until
from tests.console.test_live_traffic import go_to_traffic
from tests.console.walker import walking
from tests.engine.stead import Stead

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = {port}

[device_communication.event_sources.interaction_handler]
type = "http"

[device_communication.event_sources.decoder]
type = "json"

[device_communication.event_sources.deduplicator]
type = "alternate_id"
"""

REQUESTS: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "Registration": (
        "RegisterDevice",
        {"hardwareId": "d1", "specificationToken": "spec-7", "siteToken": "north"},
        {"specificationToken": "spec-7", "siteToken": "north"},
        "spec-7  north",
    ),
    "Mapping": (
        "MapDevice",
        {"compositeDeviceHardwareId": "gateway-1", "mappingPath": "/default/slot-1"},
        {"compositeDeviceHardwareId": "gateway-1", "mappingPath": "/default/slot-1"},
        "gateway-1 /default/slot-1",
    ),
    "Stream": (
        "DeviceStream",
        {"streamId": "video-1", "contentType": "video/mp4"},
        {"streamId": "video-1", "contentType": "video/mp4"},
        "video-1  video/mp4",
    ),
    "StreamData": (
        "DeviceStreamData",
        {"streamId": "video-1", "sequenceNumber": 3, "data": "AAEC"},
        {"streamId": "video-1", "sequenceNumber": 3, "data": "AAEC"},
        "video-1  #3  3 B",
    ),
    "CommandResponse": (
        "Acknowledge",
        {"originatingEventId": "cmd-9", "response": "done"},
        {"originatingEventId": "cmd-9", "response": "done"},
        "cmd-9  done",
    ),
}


def request(kind: str, inner: dict[str, Any]) -> bytes:
    return json.dumps({"hardwareId": "d1", "type": kind, "request": inner}).encode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("requests") / "home")
    stead.write(SOURCE.format(port=stead.port))
    stead.serve()
    yield stead
    stead.end()


def newest(home: Homestead) -> dict[str, Any]:
    (event,) = home("events", "--json", "--limit", "1").objects
    return event


@pytest.mark.parametrize("type", REQUESTS)
def test_a_request_that_is_no_measurement_is_kept_and_found_by_its_type(home: Stead, type: str) -> None:
    kind, inner, own, brief = REQUESTS[type]
    assert home.post(request(kind, inner)) == 200
    event = newest(home)
    assert (event["eventType"], event["hardwareId"]) == (type, "d1")
    assert own.items() <= event.items()
    (found,) = home("events", "--type", type, "--json").objects
    assert found == event
    line = home("events", "--type", type).out
    assert f"d1  {type}  {brief}" in line


async def test_the_console_says_what_they_are(home: Stead) -> None:
    await asyncio.to_thread(home.post, request("RegisterDevice", {"hardwareId": "d5", "specificationToken": "spec-8"}))
    async with walking(home.path, size=(140, 40)) as walker:
        await go_to_traffic(walker)
        await walker.sees("d5", "Registration", "spec-8")


def test_an_event_that_came_before_is_kept_as_its_duplicate(home: Stead) -> None:
    payload = request("DeviceMeasurements", {"measurements": {"t": 1}, "alternateId": "once"})
    assert [home.post(payload) for _ in range(2)] == [200, 200]
    first, second = [event for event in home.events() if event["alternateId"] == "once"]
    assert (first["duplicateOf"], second["duplicateOf"]) == (None, first["id"])
    assert f"d1  Measurements  duplicate of {first['id']}  t 1.0" in home("events").out
    node = next(child for child in home.source().children if child.kind == "deduplicator")
    assert (node.title, node.state) == ("Alternate Id Deduplicator", "started")


async def test_the_console_says_of_what_it_is_a_duplicate(home: Stead) -> None:
    payload = request("DeviceMeasurements", {"measurements": {"t": 1}, "alternateId": "shown"})
    for _ in range(2):
        await asyncio.to_thread(home.post, payload)
    events = await asyncio.to_thread(home.events)
    original = next(event["id"] for event in events if event["alternateId"] == "shown")
    async with walking(home.path, size=(140, 50)) as walker:
        await go_to_traffic(walker)
        await walker.sees("shown", "▸")
        await walker.press("enter")
        await walker.until(lambda: isinstance(walker.app.screen, OneRequest), "the request")
        await walker.sees("Events 1", "● decoded")
        await walker.press("shift+tab", "shift+tab")
        await walker.sees(f"duplicate of {original}")


async def test_a_live_feed_of_events_has_each_alternate_id_once(home: Stead) -> None:
    came: list[Frame] = []
    async with connected(home.path / "data" / "control.sock") as client:
        client.on_notification = lambda name, params: came.append(params) if isinstance(params, Frame) else None
        await client.call("subscribe", Subscribe(events=True), Subscription)
        for id in ("live", "live", "last"):
            inner = {"measurements": {"t": 1}, "alternateId": id}
            await asyncio.to_thread(home.post, request("DeviceMeasurements", inner))
        async with asyncio.timeout(20):
            while not any(event.alternate_id == "last" for frame in came for event in frame.events):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert [event.alternate_id for frame in came for event in frame.events] == ["live", "last"]


def test_duplicates_outlive_the_index(home: Stead) -> None:
    payload = request("DeviceMeasurements", {"measurements": {"t": 1}, "alternateId": "kept"})
    assert [home.post(payload) for _ in range(3)] == [200] * 3
    before = home.events()
    home.engines[-1].terminate()
    assert home.engines[-1].wait(30) == 0
    for file in (home.path / "data").glob("index.db*"):
        file.unlink()
    home.serve()
    until(lambda: len(home.events()) == len(before), "the index")
    assert home.events() == before
    kept = [event for event in before if event["alternateId"] == "kept"]
    assert [event["duplicateOf"] for event in kept] == [None, kept[0]["id"], kept[0]["id"]]
