"""Kept requests are decoded again: what changes, what stays on record, and what a kill or an undo leaves."""

import os
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from core.control.received import OfRequest
from core.control.replays import Changes, ChangesOf, OfReplay, Replay, ReplayScript, ReplayStatus
from core.model.requests import RequestDetail
from tests.cli.tidegate import until
from tests.engine.stead import Stead, body, kill, source_text

FAHRENHEIT = """import json


def decode(payload, metadata, events, logger):
    message = json.loads(payload)
    logger.info("again")
    events.measurements(message.get("id", "nobody"), {"value": message["value"] * 2})
"""
SLOW = """import json
import time


def decode(payload, metadata, events, logger):
    time.sleep(0.02)
    message = json.loads(payload)
    events.measurements(message["id"], {"value": message["value"] + 100})
"""


@pytest.fixture
def stead(make_stead: Callable[..., Stead]) -> Stead:
    stead = make_stead()
    stead.serve()
    return stead


def replay(stead: Stead, **asked: Any) -> ReplayStatus:
    """A replay of the tenant, to its end."""
    begun = stead.talk(lambda client: client.call("replays.start", Replay(tenant="default", **asked), ReplayStatus))
    return ended(stead, begun.id)


def status(stead: Stead, id: str) -> ReplayStatus:
    return stead.talk(lambda client: client.call("replays.get", OfReplay(id), ReplayStatus))


def ended(stead: Stead, id: str) -> ReplayStatus:
    until(lambda: status(stead, id).state not in ("running", "undoing"), "the replay's end")
    return status(stead, id)


def detail(stead: Stead, id: str) -> RequestDetail:
    return stead.talk(lambda client: client.call("requests.get", OfRequest(id), RequestDetail))


def values(stead: Stead) -> list[float]:
    return [event["measurements"]["value"] for event in stead.events()]


def undo(stead: Stead, id: str) -> ReplayStatus:
    stead.talk(lambda client: client.call("replays.undo", OfReplay(id), ReplayStatus))
    return ended(stead, id)


def save(stead: Stead, script: str) -> None:
    (stead.scripts / "lora.py").write_text(script)


def test_failed_requests_that_a_better_script_decodes_have_failed_no_more(stead: Stead) -> None:
    assert stead.post(body("good")) == 200
    assert stead.post(b'{"value": 4}') != 200
    until(lambda: stead.source().failed == 1, "the failure's count")
    save(stead, FAHRENHEIT)
    done = replay(stead, outcome="failed")
    assert (done.state, done.done, done.mended, done.failed, done.changed) == ("done", 1, 1, 0, 1)
    assert stead.requests("--failed") == []
    request = stead.requests()[-1]
    assert (request["outcome"], request["reason"], request["replayed"]) == ("decoded", None, 1)
    assert stead.requests("--filter", "outcome:decoded events:1")[-1]["id"] == request["id"]
    event = stead.events()[-1]
    assert event["id"] == f"{request['id']}.r1.0"
    assert (event["hardwareId"], event["measurements"]) == ("nobody", {"value": 8})
    until(lambda: stead.source().failed == 0, "the failure to count no more")


def test_superseded_events_stay_on_record_and_an_undo_makes_them_current_again(stead: Stead) -> None:
    assert stead.post(body("d", 1)) == 200
    save(stead, FAHRENHEIT)
    first = replay(stead)
    save(stead, SLOW)
    second = replay(stead)
    assert values(stead) == [101]
    id = stead.requests()[-1]["id"]
    shown = detail(stead, id)
    assert [(each.number, each.replay, each.current) for each in shown.decodes] == [
        (0, None, False),
        (1, first.id, False),
        (2, second.id, True),
    ]
    assert [event.superseded_by for each in shown.decodes for event in each.events] == [f"{id}.r2", f"{id}.r2", None]
    assert shown.decodes[1].log.strip().endswith("again")
    assert undo(stead, second.id).state == "undone"
    assert values(stead) == [2]
    assert detail(stead, id).decodes[2].undone
    assert undo(stead, first.id).undone == 1
    assert values(stead) == [1]
    assert stead.events()[-1]["id"] == f"{id}.0"
    third = replay(stead)
    assert (third.changed, stead.events()[-1]["id"]) == (1, f"{id}.r3.0")


def test_a_dry_run_tells_event_by_event_what_would_change_and_stores_nothing(stead: Stead) -> None:
    stead.post(body("d", 1))
    stead.post(b'{"value": 3}')
    script = ReplayScript(name="better.py", text=FAHRENHEIT)
    ran = replay(stead, dry_run=True, script=script)
    assert (ran.done, ran.changed, ran.mended) == (2, 2, 1)
    found = stead.talk(lambda client: client.call("replays.changes", ChangesOf(id=ran.id), Changes)).changes
    assert [[each.kind for each in change.events] for change in found] == [["changed"], ["added"]]
    assert found[0].events[0].before.measurements == {"value": 1}  # type: ignore[union-attr]  # it is a measurement
    assert (found[1].before.outcome, found[1].after.outcome) == ("failed", "decoded")
    assert values(stead) == [1]
    assert len(stead.requests("--failed")) == 1
    assert not list((stead.path / "data" / "journal").rglob("replays/*.db"))


@pytest.mark.parametrize("victim", ["process", "engine"])
def test_a_replay_that_is_killed_goes_on_where_it_stopped(stead: Stead, victim: str) -> None:
    for number in range(150):
        assert stead.post(body(f"d{number}", number)) == 200
    save(stead, SLOW)
    begun = stead.talk(lambda client: client.call("replays.start", Replay(tenant="default"), ReplayStatus))
    until(lambda: 0 < status(stead, begun.id).done < 150, "the middle of the replay")
    if victim == "process":
        pid = status(stead, begun.id).pid
        assert pid is not None
        kill(pid)
    else:
        kill(stead.engines[-1].pid)
        stead.engines[-1].wait()
        stead.serve()
    done = ended(stead, begun.id)
    assert (done.state, done.done, done.changed) == ("done", 150, 150)
    assert sorted(values(stead)) == [number + 100 for number in range(150)]
    assert max(decoded(stead).values()) == 1
    assert len(decoded(stead)) == 150


def decoded(stead: Stead) -> Counter[bytes]:
    """How often each request stands in decode segments, read from these themselves."""
    import sqlite3

    counts: Counter[bytes] = Counter()
    for file in (stead.path / "data" / "journal").rglob("replays/*.db"):
        connection = sqlite3.connect(file)
        counts.update(request for (request,) in connection.execute("SELECT request FROM decodes WHERE undone = 0"))
        connection.close()
    return counts


def test_the_index_says_the_same_when_it_is_built_again(stead: Stead) -> None:
    for number in range(5):
        stead.post(body(f"d{number}", number))
    stead.post(b"{}")
    save(stead, FAHRENHEIT)
    replay(stead)
    save(stead, SLOW)
    second = replay(stead, filter="device:d1")
    third = replay(stead, filter="device:d2")
    undo(stead, third.id)
    before = (stead.events(), stead.requests(), stead.requests("--failed"))
    history = [detail(stead, row["id"]).decodes for row in before[1]]
    stead.engines[-1].terminate()
    stead.engines[-1].wait()
    for file in (stead.path / "data").glob("index.db*"):
        file.unlink()
    stead.serve()
    until(lambda: len(stead.requests()) == 6, "the index")
    assert (stead.events(), stead.requests(), stead.requests("--failed")) == before
    assert [detail(stead, row["id"]).decodes for row in before[1]] == history
    assert second.done == 1


def test_the_state_of_the_connection_is_given_as_it_was(make_stead: Callable[..., Stead]) -> None:
    script = (
        "def decode(payload, metadata, events, logger, state):\n"
        "    if payload.startswith(b'login '):\n"
        "        state['device'] = payload[6:].decode()\n"
        "        return\n"
        "    events.measurements(state['device'], {FACTOR})\n"
    )
    stead = make_stead()
    stead.write(source_text("lora", stead.port, handler='framing = { type = "line" }').replace('"http"', '"framed"'))
    save(stead, script.replace("FACTOR", "'value': float(payload)"))
    stead.serve()
    with socket.create_connection(("127.0.0.1", stead.port)) as device:
        device.sendall(b"login alpha\n1\nlogin beta\n2\n")
        until(lambda: len(stead.requests()) == 4, "the frames")
    save(stead, script.replace("FACTOR", "'value': float(payload) * 10"))
    assert replay(stead).changed == 2
    assert [(each["hardwareId"], each["measurements"]["value"]) for each in stead.events()] == [
        ("alpha", 10),
        ("beta", 20),
    ]


def test_a_request_that_ends_the_process_has_failed_and_the_others_are_decoded(stead: Stead) -> None:
    for number in range(3):
        stead.post(body(f"d{number}", number))
    save(
        stead,
        FAHRENHEIT.replace(
            "    logger.info", "    if message['id'] == 'd1':\n        import os\n        os._exit(3)\n    logger.info"
        ),
    )
    done = replay(stead)
    assert (done.state, done.done, done.failed, done.broken) == ("done", 3, 1, 1)
    assert sorted(values(stead)) == [0, 4]
    assert "ended with status 3" in stead.requests("--failed")[0]["reason"]


def test_a_replay_can_be_cancelled_and_resumed_and_two_of_a_tenant_do_not_run_together(stead: Stead) -> None:
    for number in range(60):
        stead.post(body(f"d{number}", number))
    save(stead, SLOW)
    begun = stead.talk(lambda client: client.call("replays.start", Replay(tenant="default", rate=20), ReplayStatus))
    until(lambda: status(stead, begun.id).done > 0, "its begin")
    refused = stead("replay", "default")
    assert refused.status == 1
    assert begun.id in refused.err
    cancelled = stead("replay", "--cancel", begun.id)
    assert cancelled.status == 0
    now = status(stead, begun.id)
    assert now.state == "cancelled"
    assert now.done < 60
    resumed = stead("replay", "--resume", begun.id)
    assert resumed.status == 0
    assert "60 requests decoded again" in resumed.out
    assert max(decoded(stead).values()) == 1
    assert len(values(stead)) == 60


def test_a_feed_of_events_has_those_of_a_replay(stead: Stead) -> None:
    stead.post(body("d", 1))
    save(stead, FAHRENHEIT)
    from core.control.feeds import Frame, Subscribe, Subscription

    async def listen(client: Any) -> list[Any]:
        import asyncio

        frames: list[Frame] = []
        heard = asyncio.Event()

        def notified(name: str, params: object) -> None:
            if isinstance(params, Frame) and any(".r1." in event.id for event in params.events):
                frames.append(params)
                heard.set()

        client.on_notification = notified
        await client.call("subscribe", Subscribe(events=True), Subscription)
        await client.call("replays.start", Replay(tenant="default"), ReplayStatus)
        async with asyncio.timeout(30):
            await heard.wait()
        return frames[0].events[-1:]

    events = stead.talk(listen)
    assert [(event.measurements["value"], event.id.split(".")[1]) for event in events] == [(2, "r1")]


def test_a_replay_runs_behind_everything_else(stead: Stead) -> None:
    for number in range(40):
        stead.post(body(f"d{number}", number))
    save(stead, SLOW)
    begun = stead.talk(lambda client: client.call("replays.start", Replay(tenant="default", rate=10), ReplayStatus))
    until(lambda: status(stead, begun.id).done > 0, "its begin")
    pid = status(stead, begun.id).pid
    assert pid is not None
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE


def test_what_cannot_be_replayed_is_refused_with_words(stead: Stead) -> None:
    for arguments, said in (
        (("nobody",), "there is no tenant nobody"),
        (("default", "--source", "gone"), "no event source gone"),
        (("default", "--request", "x"), "no request's id"),
        (("--undo", "0198c0de-0000-7000-8000-000000000000"), "there is no replay"),
    ):
        refused = stead("replay", *arguments)
        assert refused.status == 1
        assert said in refused.err
    broken = stead.path / "broken.py"
    broken.write_text("def decode(:\n")
    stead.post(body("d"))
    refused = stead("replay", "default", "--script", str(broken))
    assert refused.status == 1
    assert "broken.py" in refused.err
    assert values(stead) == [1.5]
