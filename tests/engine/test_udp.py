"""A UDP source in a running engine: what the kernel drops is counted, what it holds outlives workers and changes."""

import asyncio
import contextlib
import itertools
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
NUMBERS = itertools.count()

MakeStead = Callable[..., Stead]


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("udp") / "home", script=SCRIPT)
    stead.serve()
    yield stead
    stead.end()


class Source:
    """The one source of a home, new for each test, with all its requests."""

    def __init__(self, stead: Stead, settings: str = "") -> None:
        self.stead = stead
        self.id = f"s{next(NUMBERS)}"
        self.port = free_port()
        self.change(settings)

    def text(self, settings: str = "") -> str:
        return udp_source(self.id, self.port, settings)

    def change(self, settings: str) -> None:
        apply_or_fail(self.stead, self.text(settings))

    def workers(self) -> list[int]:
        return self.stead.workers(self.id)

    def stored(self) -> list[str]:
        """The payloads that are kept, in order."""
        return [event["message"] for event in self.stead.events() if event["eventSource"] == self.id]

    def dropped(self) -> int:
        """Datagrams that the kernel dropped since the engine started."""
        return self.stead.source(self.id).detail["dropped"]

    def replaced(self, worker: int, threads: int = 1) -> None:
        """Waits until another worker serves in its place."""
        until(lambda: len(self.workers()) == threads and worker not in self.workers(), "the replacement")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A worker that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_what_the_kernel_drops_is_counted_and_shown(stead: Stead) -> None:
    source = Source(stead, 'receive_buffer = "8 KiB"')
    (worker,) = source.workers()
    with device(source.port) as one:
        assert one.ask(b"0") == b"0"
        with stopped(worker):
            one.send(*(b"%0200d" % number for number in range(1, 301)))
            until(lambda: source.dropped() > 0, "drops to be counted while nobody reads")
            dropped = source.dropped()
            assert dropped < 300
        until(lambda: len(source.stored()) == 301 - dropped, "the rest to be kept")
        kept = [int(text) for text in source.stored()]
        assert kept == sorted(kept)
    assert source.dropped() == dropped
    shown = " ".join(stead("status").out.split())
    assert f"dropped {dropped}" in shown
    assert f"the kernel dropped {dropped} datagrams in ten minutes" in shown
    assert stead("status", "--json").objects[0]["tree"]["dropped"] == dropped
    source.change("threads = 2")
    source.port = free_port()
    source.change("")
    assert source.dropped() == dropped


def test_without_room_datagrams_stay_with_the_kernel_which_counts_them(make_stead: MakeStead) -> None:
    stead = make_stead(script=SCRIPT, instance='[journal]\nfree_disk = "16 TiB"\n')
    stead.write(udp_source("lora", stead.port, 'receive_buffer = "8 KiB"'))
    stead.serve()
    with device(stead.port) as one:
        one.send(*(b"%0200d" % number for number in range(300)))
        until(lambda: stead.source().dropped > 0, "drops to be counted")
        assert one.hears_nothing()
    assert stead.requests() == []
    assert stead.source().requests == 0


def test_what_the_kernel_holds_outlives_a_worker(stead: Stead) -> None:
    source = Source(stead)
    with device(source.port) as one:
        for start in (0, 50):
            (worker,) = source.workers()
            with stopped(worker):
                one.send(*(b"%d" % number for number in range(start, start + 50)))
                kill(worker)
                assert {int(one.hear()) for _ in range(50)} == set(range(start, start + 50))
            source.replaced(worker)
    assert len(source.stored()) == 100


def test_what_the_kernel_holds_outlives_the_engine(make_stead: MakeStead) -> None:
    stead = make_stead(script=SCRIPT)
    stead.write(udp_source("lora", stead.port))
    stead.serve()
    (worker,) = stead.workers()
    with device(stead.port) as one:
        with stopped(worker):
            one.send(*(b"%d" % number for number in range(100)))
            kill(stead.engines[-1].pid)
            stead.engines[-1].wait()
        assert [int(one.hear()) for _ in range(100)] == list(range(100))
        stead.serve()
        assert one.ask(b"100") == b"100"
    assert len(stead.events()) == 101


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_answered_is_kept_whatever_is_killed(stead: Stead, threads: int) -> None:
    source = Source(stead, f"threads = {threads}")
    acknowledged: set[str] = set()
    devices = [Device(source.port) for _ in range(8)]
    number, kills = 0, 2
    for _ in range(kills):
        worker = source.workers()[0]
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
        source.replaced(worker, threads)
    for one in devices:
        one.socket.close()
    assert len(acknowledged) > number // 2
    assert acknowledged <= set(source.stored())


def test_a_peer_stays_with_one_of_several_workers(stead: Stead) -> None:
    source = Source(stead, "threads = 3")
    devices = [Device(source.port) for _ in range(30)]
    for turn in range(1, 6):
        for one in devices:
            one.send(b"x")
        assert [one.hear() for one in devices] == [b"%d" % turn] * len(devices)

    def peers() -> list[int]:
        return [node.detail["peers"] for node in stead.source(source.id).children if node.kind == "worker"]

    until(lambda: sum(peers()) == 30, "the peers to be counted")
    assert all(peers())  # each worker has some: 30 of them all with two is one in 100,000
    worker = source.workers()[1]
    kill(worker)
    source.replaced(worker, threads=3)
    for one in devices:
        one.send(b"x")
    heard = [one.hear() for one in devices]
    assert set(heard) == {b"1", b"6"}  # those of the worker that died begin anew, the others go on
    for one in devices:
        one.socket.close()


async def test_a_change_keeps_the_port_open_and_loses_nothing(stead: Stead) -> None:
    source = await asyncio.to_thread(Source, stead)
    sent, heard = 0, set[int]()
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()
    devices = [Device(source.port) for _ in range(10)]

    def hear(one: Device) -> None:
        heard.add(int(one.socket.recv(100)))

    for one in devices:
        one.socket.setblocking(False)
        loop.add_reader(one.socket.fileno(), hear, one)

    async def send() -> None:
        nonlocal sent
        while not changed.is_set():
            devices[sent % len(devices)].send(b"%d" % sent)
            sent += 1
            await asyncio.sleep(0.002)

    sending = asyncio.create_task(send())
    for settings in ('answer = "OK"', "threads = 3", "threads = 1", 'bind_address = "0.0.0.0"'):
        await asyncio.to_thread(source.change, settings)
    changed.set()
    await sending
    async with asyncio.timeout(20):
        while len(heard) < sent:  # noqa: ASYNC110  # the readers have no event for this
            await asyncio.sleep(0.02)
    for one in devices:
        loop.remove_reader(one.socket.fileno())
        one.socket.close()
    assert heard == set(range(sent))
    assert len(await asyncio.to_thread(source.stored)) == sent


def test_a_source_that_stops_takes_what_the_kernel_holds(stead: Stead) -> None:
    source = Source(stead)
    (worker,) = source.workers()
    with device(source.port) as one:
        with stopped(worker), ThreadPoolExecutor(1) as beside:
            one.send(*(b"%d" % number for number in range(200)))
            stopping = beside.submit(target, stead, "stop", f"default/{source.id}")
            until(lambda: stead.source(source.id).state == "draining", "the stop to begin")
            os.kill(worker, signal.SIGCONT)
            stopping.result(20)
        assert [int(one.hear()) for _ in range(200)] == list(range(200))
    assert len(source.stored()) == 200


def test_two_sources_swap_their_ports(stead: Stead) -> None:
    one, two = Source(stead), Source(stead)

    def both() -> str:
        return one.text() + two.text("threads = 2")

    apply_or_fail(stead, both())
    one.port, two.port = two.port, one.port
    apply_or_fail(stead, both())
    with device(one.port) as first, device(two.port) as second:
        assert (first.ask(b"1"), second.ask(b"2")) == (b"1", b"2")
    assert (one.stored(), two.stored()) == (["1"], ["2"])


def test_a_port_that_somebody_has_refuses_the_change(stead: Stead) -> None:
    source = Source(stead)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # one that would share it is not joined
        foreign.bind(("127.0.0.1", 0))
        taken = foreign.getsockname()[1]
        for settings in ("", "threads = 2"):
            (fault,) = apply(stead, udp_source(source.id, taken, settings)).faults
            assert (fault.path, fault.key) == (f"event_sources/{source.id}", "port")
            assert f"port {taken} is taken by process " in fault.message
        effects = [change.effect for change in plan(stead).changes]
        assert any(f"port {taken} is taken by process " in effect for effect in effects)
    discard(stead)
    (fault,) = apply(stead, source.text() + udp_source("rain", source.port)).faults
    assert f"is taken by source {source.id}" in fault.message
    discard(stead)
    with device(source.port) as one:
        assert one.ask(b"1") == b"1"


def test_a_source_is_added_by_commands(stead: Stead) -> None:
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
