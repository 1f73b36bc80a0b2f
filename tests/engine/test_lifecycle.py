"""The engine and its sources from start to end."""

import asyncio
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.control.client import ControlClient, ControlError
from tests.cli.tidegate import COMMAND, environment, free_port, until
from tests.engine.changes import apply_or_fail, target
from tests.engine.load import Devices
from tests.engine.stead import SCRIPT, Stead, alive, body, kill, source_text

HANG = SCRIPT.replace('["id"]', '["id"] if message["id"] != "hang" else sum(range(10**12))')
LONG = 'timeout = "1 min"'
SLEEP = SCRIPT.replace("import json", "import json, time").replace(
    "    events.", '    time.sleep(60 if message["id"] == "sleep" else 0)\n    events.'
)


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("lifecycle") / "home", more=source_text("rain", free_port()))
    stead.serve()
    yield stead
    stead.end()


def test_a_second_engine_is_refused_in_one_line(stead: Stead) -> None:
    refused = stead("serve")
    assert refused.status == 1
    assert refused.err.count("\n") == 1
    assert f"process {stead.engines[-1].pid}" in refused.err


def test_a_source_stops_starts_and_restarts(stead: Stead) -> None:
    (worker,) = stead.workers()
    stopped = stead("stop", "default/lora")
    assert stopped.status == 0
    assert stead.source().state == "stopped"
    assert stead.source("rain").state == "started"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", stead.port))
    assert stead("start", "default/lora").status == 0
    assert stead.post(body("a")) == 200
    target(stead, "start", "default/lora")  # once more does no harm
    (again,) = stead.workers()
    target(stead, "restart", "default/lora")
    assert len({worker, again, *stead.workers()}) == 3
    assert stead.post(body("a")) == 200


def test_a_tenant_stops_starts_and_restarts(stead: Stead) -> None:
    target(stead, "stop", "default")
    assert {source.state for source in stead.status().tree.children[0].children} == {"stopped"}
    assert stead.status().tenants[0].state == "stopped"
    target(stead, "start", "default/rain")
    assert [stead.source(id).state for id in ("lora", "rain")] == ["stopped", "started"]
    target(stead, "start", "default")
    assert stead.post(body("a")) == 200
    target(stead, "restart", "default")
    assert stead.post(body("a")) == 200


def test_calls_that_cross_leave_a_source_as_the_last_says(stead: Stead) -> None:
    async def cross(client: ControlClient) -> None:
        methods = ("stop", "start", "restart", "stop")
        calls = [client.call(f"lifecycle.{method}", {"path": "default/lora"}) for method in methods]
        await asyncio.gather(*calls, return_exceptions=True)

    for _ in range(3):
        stead.talk(cross)
        until(lambda: stead.source().state in ("stopped", "started"), "rest")
    target(stead, "stop", "default/lora")
    assert stead.source().state == "stopped"
    until(lambda: len(stead.children()) == 1, "every worker but rain's to end")
    target(stead, "start", "default/lora")
    assert stead.post(body("a")) == 200


def test_an_idle_engine_costs_next_to_nothing(stead: Stead) -> None:
    pids = [stead.engines[-1].pid, *stead.workers(), *stead.workers("rain")]
    time.sleep(0.5)  # what the tests before set going comes to rest
    before = sum(processor_seconds(pid) for pid in pids)
    time.sleep(2)
    assert sum(processor_seconds(pid) for pid in pids) - before < 0.1


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_what_was_accepted_before_the_end_is_answered(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(settings="threads = 2")
    engine = await asyncio.to_thread(stead.serve)
    devices = Devices(stead.port, connections=8)
    devices.start()
    while len(devices.acknowledged) < 200:  # noqa: ASYNC110  # the devices have no event for this
        await asyncio.sleep(0.02)
    devices.stop_at_the_end()
    engine.terminate()
    assert await asyncio.to_thread(engine.wait, 10) == 0
    await devices.ended()
    assert set(devices.statuses) == {200}
    assert devices.unanswered == 0
    stored = {event["hardwareId"] for event in await asyncio.to_thread(stead.events)}
    assert devices.acknowledged <= stored
    assert list((stead.path / "data" / "slots").rglob("*.slot")) == []


@pytest.mark.parametrize(
    ("script", "trick", "decoder"), [(HANG, "hang", ""), (SLEEP, "sleep", LONG)], ids=["in C", "for long"]
)
def test_a_hung_decode_does_not_hold_up_the_end(
    make_stead: Callable[..., Stead], script: str, trick: str, decoder: str
) -> None:
    stead = make_stead(script=script, decoder=decoder)
    engine = stead.serve()
    hang(stead, trick)
    began = time.monotonic()
    engine.terminate()
    assert engine.wait(10) == 0
    assert time.monotonic() - began < 10
    stead.serve()
    assert stead.last_request("failed")["bytes"] == len(body(trick))
    assert stead.post(body("well")) == 200


def hang(stead: Stead, trick: str) -> None:
    """Has a decode begin that does not end by itself."""
    payload = body(trick)
    head = b"POST /lora HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(payload)
    threading.Thread(target=stead.raw, args=(head + payload,), kwargs={"timeout": 30}, daemon=True).start()
    (worker,) = stead.workers()
    slots = stead.path / "data" / "slots"
    until(lambda: any(slot.read_bytes()[:1] == b"\1" for slot in slots.rglob("*.slot")), "the decode to begin")
    assert alive(worker)


def test_a_new_engine_gets_rid_of_a_worker_that_hangs(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=HANG, decoder='timeout = "1 min"')
    engine = stead.serve()
    (worker,) = stead.workers()
    hang(stead, "hang")
    kill(engine.pid)
    engine.wait()
    assert alive(worker)
    began = time.monotonic()
    stead.serve()
    assert time.monotonic() - began < 10
    assert not alive(worker)
    assert stead.post(body("well")) == 200
    failed = stead.last_request("failed")
    assert failed["reason"] == "the engine and its worker ended while this was being decoded"
    assert failed["bytes"] == len(body("hang"))
    assert max(stead.journal_ids().values()) == 1


def test_a_source_whose_port_is_taken_comes_up_by_itself(make_stead: Callable[..., Stead]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        stead = make_stead(more=source_text("late", taken))
        process = subprocess.Popen(
            [*COMMAND, "serve", "--home", str(stead.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        stead.engines.append(process)
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        said = process.stderr.readline()
        assert b"event_sources.late.port: port %d is taken by process %d " % (taken, os.getpid()) in said
        late = stead.source("late")
        assert late.state == "error"
        assert f"port {taken} is taken" in (late.reason or "")
        assert stead.post(body("others run")) == 200
        assert stead.status().tenants[0].state == "error"
        with pytest.raises(ControlError, match="is taken by"):
            target(stead, "start", "default/late")
    until(lambda: stead.source("late").state == "started", "it to come up")
    assert stead.source("late").reason is None
    process.stderr.close()


def test_a_disabled_source_in_error_stays_down(make_stead: Callable[..., Stead]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        stead = make_stead(more=source_text("late", free_port()))
        stead.serve()
        target(stead, "stop", "default/late")
        lora = source_text("lora", stead.port)
        apply_or_fail(stead, lora + source_text("late", taken))
        with pytest.raises(ControlError, match="is taken by"):
            target(stead, "start", "default/late")
        apply_or_fail(stead, lora + source_text("late", taken, "enabled = false"))
        until(lambda: stead.source("late").state == "stopped", "it to give up")
    time.sleep(2.5)  # longer than it would wait before it tries again
    assert stead.source("late").state == "stopped"


def test_a_decode_that_hangs_over_an_exchange_is_recorded_by_who_takes_over(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=HANG, decoder='timeout = "1 s"')
    stead.serve()
    (before,) = stead.workers()
    hang(stead, "hang")
    apply_or_fail(stead, source_text("lora", stead.port, "threads = 2"))
    assert stead.post(body("well")) == 200
    failed = stead.last_request("failed")
    assert failed["bytes"] == len(body("hang"))
    assert "could not be interrupted" in failed["reason"]
    assert not alive(before)
    until(lambda: len(list((stead.path / "data" / "slots").rglob("*.slot"))) == 2, "its slot to be removed")


def test_a_source_that_stops_while_its_worker_is_replaced_leaves_no_worker(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    stead.serve()
    for _ in range(4):
        (worker,) = stead.workers()
        kill(worker)
        until(lambda: not alive(worker), "its end")  # noqa: B023
        target(stead, "restart", "default/lora")
        assert stead.post(body("a")) == 200
        until(lambda: len(stead.workers()) == 1, "one worker")
    target(stead, "stop", "default/lora")
    until(lambda: stead.children() == [], "every worker to end")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", stead.port))


def test_what_a_script_starts_holds_neither_port_nor_worker(make_stead: Callable[..., Stead]) -> None:
    script = SCRIPT.replace("import json", "import json, os").replace(
        "    events.", "    os.system('sleep 20 &')\n    events."
    )
    stead = make_stead(script=script)
    stead.serve()
    assert stead.post(body("a")) == 200
    (worker,) = stead.workers()
    kill(worker)
    until(lambda: stead.workers() not in ([], [worker]), "the replacement")
    target(stead, "stop", "default/lora")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", stead.port))
