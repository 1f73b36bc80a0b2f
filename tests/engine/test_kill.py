"""Nothing that was answered 200 is lost, whichever process is killed."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable

import pytest

from core.worker.slot import Slot
from tests.cli.tidegate import until
from tests.engine.load import Devices
from tests.engine.stead import Stead, alive, body, kill

VICTIMS = ["worker", "engine", "both"]


@pytest.mark.parametrize("victim", VICTIMS)
def test_what_was_acknowledged_survives_a_kill(make_stead: Callable[..., Stead], victim: str) -> None:
    stead = make_stead(settings="threads = 2")
    engine = stead.serve()
    acknowledged = asyncio.run(kill_under_load(stead, engine.pid, victim))
    engine.kill() if victim == "worker" else None
    engine.wait()
    assert len(acknowledged) > 200
    stored = {event["hardwareId"] for event in stead.events()}
    assert acknowledged <= stored
    ids = stead.journal_ids()
    assert max(ids.values()) == 1
    requests = stead.requests()
    assert len(requests) == len({row["id"] for row in requests}) == len(ids)


async def kill_under_load(stead: Stead, engine: int, victim: str) -> set[str]:
    """Kills three times under load (an engine is started anew in between) and gives what was acknowledged."""
    devices = Devices(stead.port)
    devices.start()
    for round in range(3):
        before = len(devices.acknowledged)
        await until_async(lambda before=before: len(devices.acknowledged) > before + 100)
        workers = await asyncio.to_thread(stead.workers) if victim != "engine" else []
        for pid in [*(workers[:1] if victim == "worker" else workers), *([engine] if victim != "worker" else [])]:
            kill(pid)
        if victim != "worker" and round < 2:
            await asyncio.to_thread(stead.engines[-1].wait)
            engine = (await asyncio.to_thread(stead.serve)).pid
    if victim == "worker":
        before = len(devices.acknowledged)
        await until_async(lambda: len(devices.acknowledged) > before + 100)
    await devices.stop() if victim == "worker" else devices.stop_at_once()
    return devices.acknowledged


async def until_async(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  # the devices have no event for this
            await asyncio.sleep(0.02)


def test_workers_end_by_themselves_when_their_engine_is_killed(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(settings="threads = 2")
    engine = stead.serve()
    workers = stead.workers()
    assert len(workers) == 2
    kill(engine.pid)
    engine.wait()
    until(lambda: not any(alive(pid) for pid in workers), "the workers to end")
    assert list((stead.path / "data" / "slots").rglob("*.slot")) == []


def test_a_killed_worker_is_replaced_and_the_port_stays_open(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    stead.serve()
    (before,) = stead.workers()
    kill(before)
    assert stead.post(b'{"id": "a", "value": 1}') == 200
    until(lambda: stead.workers() not in ([], [before]), "the replacement")
    assert "SIGKILL" in (stead.source().reason or "")


def test_a_casualty_that_was_recorded_is_not_recorded_once_more(make_stead: Callable[..., Stead]) -> None:
    """Who recorded it was killed before its slot was removed."""
    stead = make_stead()
    stead.serve()
    assert stead.post(body("kept")) == 200
    kept = stead.requests()[0]
    stead.engines[-1].terminate()
    stead.engines[-1].wait()
    slots = stead.path / "data" / "slots" / "default" / "lora"
    received = int(uuid.UUID(kept["id"]).int >> 80)
    lost = uuid.uuid4().bytes
    for name, id in (("a", uuid.UUID(kept["id"]).bytes), ("b", lost)):
        with contextlib.closing(Slot(slots / f"{name}.slot", 4096)) as slot:
            slot.hold(id, received, time.monotonic(), 2.0, body("held"), b"", "127.0.0.1:1")
    stead.serve()
    assert list(slots.glob("[ab].slot")) == []
    ids = stead.journal_ids()
    assert (ids[uuid.UUID(kept["id"]).bytes], ids[lost]) == (1, 1)


def test_a_slot_that_a_power_failure_tore_holds_no_engine_up(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    file = stead.path / "data" / "slots" / "default" / "lora" / "torn.slot"
    with contextlib.closing(Slot(file, 16 << 10)) as slot:
        slot.hold(
            uuid.uuid4().bytes,
            1_780_000_000_000,
            time.monotonic(),
            2.0,
            body("torn").ljust(5000),
            b"GET /\r\n",
            "127.0.0.1:1",
        )
    content = file.read_bytes()
    file.write_bytes(content[:512] + b"\xff" * (len(content) - 512))
    stead.serve()
    assert stead.post(body("new")) == 200
    assert sorted(row["outcome"] for row in stead.requests()) == ["decoded", "failed"]
    assert not file.exists()
