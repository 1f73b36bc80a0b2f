"""A UDP source in a running engine: what the kernel drops is counted, what it holds outlives workers and changes."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.changes import apply, apply_or_fail, discard, plan, target
from tests.engine.stead import Stead, kill
from tests.wire.datagrams import Device, device, udp_source

SCRIPT = """
def decode(payload, metadata, events, logger, state, respond):
    state["count"] = state.get("count", 0) + 1
    events.alert("d", "datagram", payload.decode())
    respond(payload if payload.isdigit() else b"%d" % state["count"])
"""

MakeStead = Callable[..., Stead]


def serving(make_stead: MakeStead, settings: str = "", instance: str = "") -> Stead:
    stead = make_stead(script=SCRIPT, instance=instance)
    stead.write(udp_source("lora", stead.port, settings))
    stead.serve()
    return stead


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A worker that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def stored(stead: Stead, source: str = "lora") -> list[str]:
    """The payloads that are kept, in order."""
    return [event["message"] for event in stead.events() if event["eventSource"] == source]


def test_what_the_kernel_drops_is_counted_and_shown(make_stead: MakeStead) -> None:
    stead = serving(make_stead, 'receive_buffer = "8 KiB"')
    (worker,) = stead.workers()
    with device(stead.port) as one:
        assert one.ask(b"0") == b"0"
        with stopped(worker):
            one.send(*(b"%0200d" % number for number in range(1, 301)))
            until(lambda: stead.source().dropped > 0, "drops to be counted while nobody reads")
            dropped = stead.source().detail["dropped"]
            assert 0 < dropped < 300
        until(lambda: len(stored(stead)) == 301 - dropped, "the rest to be kept")
        kept = [int(text) for text in stored(stead)]
        assert kept == sorted(kept)
    assert stead.source().detail["dropped"] == dropped
    assert f"dropped {dropped}" in " ".join(stead("status").out.split())
    assert f"the kernel dropped {dropped} datagrams in ten minutes" in " ".join(stead("status").out.split())
    assert stead("status", "--json").objects[0]["tree"]["dropped"] == dropped

    apply_or_fail(stead, udp_source("lora", stead.port, "threads = 2"))
    apply_or_fail(stead, udp_source("lora", free_port()))
    assert stead.source().detail["dropped"] == dropped


def test_without_room_datagrams_stay_with_the_kernel_which_counts_them(make_stead: MakeStead) -> None:
    stead = serving(make_stead, 'receive_buffer = "8 KiB"', instance='[journal]\nfree_disk = "16 TiB"\n')
    with device(stead.port) as one:
        one.send(*(b"%0200d" % number for number in range(300)))
        until(lambda: stead.source().dropped > 0, "drops to be counted")
        assert one.hears_nothing()
    assert stead.requests() == []
    assert stead.source().requests == 0


def test_what_the_kernel_holds_outlives_a_worker(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    with device(stead.port) as one:
        for round in range(3):
            (worker,) = stead.workers()
            os.kill(worker, signal.SIGSTOP)
            one.send(*(b"%d" % number for number in range(round * 50, round * 50 + 50)))
            kill(worker)
            heard = {int(one.hear()) for _ in range(50)}
            assert heard == set(range(round * 50, round * 50 + 50))
            until(lambda worker=worker: stead.workers() not in ([], [worker]), "the replacement")
    assert len(stored(stead)) == 150


def test_what_the_kernel_holds_outlives_the_engine(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    (worker,) = stead.workers()
    with device(stead.port) as one:
        with stopped(worker):
            one.send(*(b"%d" % number for number in range(100)))
            kill(stead.engines[-1].pid)
            stead.engines[-1].wait()
        assert [int(one.hear()) for _ in range(100)] == list(range(100))
        stead.serve()
        assert one.ask(b"100") == b"100"
    assert len(stored(stead)) == 101


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_answered_is_kept_whatever_is_killed(make_stead: MakeStead, threads: int) -> None:
    stead = serving(make_stead, f"threads = {threads}")
    acknowledged: set[str] = set()
    devices = [Device(stead.port) for _ in range(8)]
    number = 0
    for _ in range(3):
        worker = stead.workers()[0]
        for turn in range(40):
            for one in devices:
                one.send(b"%d" % number)
                number += 1
            if turn == 20:
                kill(worker)
            for one in devices:
                one.socket.settimeout(1 if turn >= 20 else 10)
                with contextlib.suppress(TimeoutError):  # it died with the worker: a device would send it again
                    acknowledged.add(one.hear().decode())
        until(lambda worker=worker: len(stead.workers()) == threads and worker not in stead.workers(), "another")
    for one in devices:
        one.socket.close()
    assert len(acknowledged) >= number - 3 * len(devices)
    assert acknowledged <= set(stored(stead))


def test_a_peer_stays_with_one_of_several_workers(make_stead: MakeStead) -> None:
    stead = serving(make_stead, "threads = 3")
    devices = [Device(stead.port) for _ in range(30)]
    for turn in range(1, 6):
        for one in devices:
            one.send(b"x")
        assert [one.hear() for one in devices] == [b"%d" % turn] * len(devices)

    def peers() -> list[int]:
        return [node.detail["peers"] for node in stead.source().children if node.kind == "worker"]

    until(lambda: sum(peers()) == 30, "the peers to be counted")
    assert all(peers())  # each worker has some: 30 of them all with two is one in 100,000
    kill(stead.workers()[1])
    until(lambda: len(stead.workers()) == 3, "the replacement")
    for one in devices:
        one.send(b"x")
    heard = [one.hear() for one in devices]
    assert set(heard) == {b"1", b"6"}  # those of the worker that died begin anew, the others go on
    for one in devices:
        one.socket.close()


async def test_a_change_keeps_the_port_open_and_loses_nothing(make_stead: MakeStead) -> None:
    stead = await asyncio.to_thread(serving, make_stead)
    sent, heard = 0, set[int]()
    changing = asyncio.Event()
    loop = asyncio.get_running_loop()
    devices = [Device(stead.port) for _ in range(10)]

    def hear(one: Device) -> None:
        heard.add(int(one.socket.recv(100)))

    for one in devices:
        one.socket.setblocking(False)
        loop.add_reader(one.socket.fileno(), hear, one)

    async def send() -> None:
        nonlocal sent
        while not changing.is_set():
            devices[sent % len(devices)].send(b"%d" % sent)
            sent += 1
            await asyncio.sleep(0.002)

    sending = asyncio.create_task(send())
    for settings in ('answer = "OK"', "threads = 3", "threads = 1", 'bind_address = "0.0.0.0"'):
        await asyncio.to_thread(apply_or_fail, stead, udp_source("lora", stead.port, settings))
    changing.set()
    await sending
    async with asyncio.timeout(20):
        while len(heard) < sent:  # noqa: ASYNC110  # the readers have no event for this
            await asyncio.sleep(0.02)
    for one in devices:
        loop.remove_reader(one.socket.fileno())
        one.socket.close()
    assert heard == set(range(sent))
    assert len(await asyncio.to_thread(stored, stead)) == sent


def test_a_source_that_stops_takes_what_the_kernel_holds(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    (worker,) = stead.workers()
    with device(stead.port) as one:
        with stopped(worker), ThreadPoolExecutor(1) as beside:
            one.send(*(b"%d" % number for number in range(200)))
            stopping = beside.submit(target, stead, "stop", "default/lora")
            until(lambda: stead.source().state == "draining", "the stop to begin")
            os.kill(worker, signal.SIGCONT)
            stopping.result(20)
        assert [int(one.hear()) for _ in range(200)] == list(range(200))
    assert len(stored(stead)) == 200


def test_two_sources_swap_their_ports(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    other = free_port()
    apply_or_fail(stead, udp_source("lora", stead.port) + udp_source("rain", other, "threads = 2"))
    apply_or_fail(stead, udp_source("lora", other) + udp_source("rain", stead.port, "threads = 2"))
    with device(stead.port) as one, device(other) as two:
        assert (one.ask(b"1"), two.ask(b"2")) == (b"1", b"2")
    assert (stored(stead, "rain"), stored(stead, "lora")) == (["1"], ["2"])


def test_a_port_that_somebody_has_refuses_the_change(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # one that would share it is not joined
        foreign.bind(("127.0.0.1", 0))
        taken = foreign.getsockname()[1]
        for settings in ("", "threads = 2"):
            applied = apply(stead, udp_source("lora", taken, settings))
            (fault,) = applied.faults
            assert (fault.path, fault.key) == ("event_sources/lora", "port")
            assert f"port {taken} is taken by process " in fault.message
        effects = [change.effect for change in plan(stead).changes]
        assert any(f"port {taken} is taken by process " in effect for effect in effects)
    discard(stead)
    applied = apply(stead, udp_source("lora", stead.port) + udp_source("rain", stead.port))
    (fault,) = applied.faults
    assert "is taken by source lora" in fault.message
    with device(stead.port) as one:
        assert one.ask(b"1") == b"1"


def test_a_source_is_added_by_commands(make_stead: MakeStead) -> None:
    stead = serving(make_stead)
    port = free_port()
    assert stead("add", "default", "event_sources", "udp", "id=rain", f"port={port}", "answer=0x06").status == 0
    assert stead("add", "default", "event_sources/rain/framing", "line").status == 0
    refused = stead("apply", "default")
    assert "Binary Event Decoder is Required" in refused.err
    added = stead("add", "default", "event_sources/rain/decoder", "python", "script=lora.py", "--apply")
    assert added.status == 0, added.err
    with device(port) as one:
        assert one.ask(b"7\n") == b"7"
    said = stead("set", "default", "event_sources/rain", "receive_buffer=lots")
    assert "is not a size" in said.err
