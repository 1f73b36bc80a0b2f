"""The receiver of datagrams over real sockets, with an intake that has little room and commits when it likes."""

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils import uuid7

from core.catalogue.handling import Answer
from core.catalogue.received import JournalHead, Received
from core.wire.listen import listen_udp
from core.wire.udp import DatagramReceiver, DatagramRules
from core.wire.udp_port import MOST_UNSENT, DatagramPort
from tests.framing.configurations import framing_of

LINES = framing_of({"type": "line"})


class SmallIntake:
    """Takes `room` requests, and commits them in batches of the given sizes, or not at all while it is told so."""

    def __init__(self, room: int, batches: Iterator[int]) -> None:
        self.taken: list[tuple[int, bytes]] = []
        self.refused: list[tuple[str, bytes]] = []
        self.most_waiting = 0
        self.holding = False
        self._room = room
        self._batches = batches
        self._waiting: deque[Answer] = deque()

    def full(self) -> str | None:
        return "there is no room" if self.holding or len(self._waiting) >= self._room else None

    def when_room(self, go_on: Callable[[], None]) -> bool:
        return False

    def share(self) -> int:
        return 1

    def new_id(self) -> bytes:
        return uuid7().bytes

    def take(self, received: Received, answer: Answer) -> None:
        self.taken.append((received.remote[1], received.payload))
        received.respond = (received.payload, 200)
        answer.prepare(None, received)
        self._waiting.append(answer)
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        asyncio.get_running_loop().call_soon(self._commit)

    def _commit(self) -> None:
        size = next(self._batches) if len(self._waiting) < self._room else len(self._waiting)
        batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
        for answer in batch:
            answer.ready = True
        for answer in batch:
            answer.release()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._commit)

    def refuse(
        self,
        reason: str,
        status: int | None,
        remote: tuple[str, int],
        head: JournalHead | None,
        seen: bytes,
        size: int,
    ) -> None:
        self.refused.append((reason, seen))


def receiver_of(bound: list[socket.socket], intake: SmallIntake, **rules: object) -> DatagramReceiver:
    chosen = {"max_datagram": 65536, "framing": None, "answer": b"", "state_for": 60.0, "max_peers": 100}
    return DatagramReceiver(DatagramRules(**(chosen | {"receive_buffer": 1 << 20} | rules)), bound, intake)  # type: ignore[arg-type]


def port_of(bound: list[socket.socket]) -> int:
    return bound[0].getsockname()[1]


async def answers(device: socket.socket, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        return [await loop.sock_recv(device, 65536) for _ in range(count)]


def devices_of(port: int, count: int) -> list[socket.socket]:
    devices = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for device in devices:
        device.setblocking(False)
        device.connect(("127.0.0.1", port))
    return devices


FRAMES = st.lists(st.binary(max_size=6).map(lambda each: each.replace(b"\n", b"").replace(b"\r", b"")), max_size=5)
DATAGRAMS = st.lists(st.tuples(st.integers(0, 2), FRAMES, st.binary(max_size=3)), max_size=30)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(datagrams=DATAGRAMS, room=st.integers(1, 5), batches=st.lists(st.integers(1, 4), min_size=1))
def test_each_frame_is_taken_once_and_answered_in_order(
    datagrams: list[tuple[int, list[bytes], bytes]], room: int, batches: list[int]
) -> None:
    async def run() -> None:
        index = iter(lambda: batches[len(intake.taken) % len(batches)], None)
        bound, intake = listen_udp("127.0.0.1", 0), SmallIntake(room, index)
        receiver = receiver_of(bound, intake, framing=LINES)
        receiver.start()
        devices = devices_of(port_of(bound), 3)
        wanted: list[list[bytes]] = [[], [], []]
        tails: Counter[bytes] = Counter()
        for at, frames, tail in datagrams:
            tail = tail.replace(b"\n", b"")
            devices[at].send(b"".join(frame + b"\n" for frame in frames) + tail)
            wanted[at] += [frame for frame in frames if frame]
            tails[tail] += bool(tail)
        try:
            for device, frames in zip(devices, wanted, strict=True):
                assert await answers(device, len(frames)) == frames
            ports = [device.getsockname()[1] for device in devices]
            for port, frames in zip(ports, wanted, strict=True):
                assert [payload for remote, payload in intake.taken if remote == port] == frames
            assert intake.most_waiting <= room
            await receiver.stop(last=True)
            unfinished = [seen for reason, seen in intake.refused if reason.startswith("the datagram ended")]
            assert Counter(unfinished) == +tails
            assert receiver.held() == 0
            assert len(receiver.connections) == 0  # nothing is remembered of them
        finally:
            receiver.abort()
            for device in devices:
                device.close()

    asyncio.run(run())


async def test_without_room_nothing_is_read_and_then_all_of_it() -> None:
    bound, intake = listen_udp("127.0.0.1", 0), SmallIntake(4, iter(lambda: 1, None))
    receiver = receiver_of(bound, intake)
    receiver.start()
    (device,) = devices_of(port_of(bound), 1)
    intake.holding = True
    for number in range(100):
        device.send(b"%d" % number)
    for turn in range(20):
        receiver.sweep(float(turn))
        await asyncio.sleep(0)
    assert intake.taken == []
    intake.holding = False
    receiver.sweep(20.0)
    assert await answers(device, 100) == [b"%d" % number for number in range(100)]
    receiver.abort()
    device.close()


async def test_answers_that_the_kernel_does_not_take_wait_and_are_bounded(tmp_path: Path) -> None:
    """Over Unix datagrams, whose receivers the kernel lets be full."""
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    reader.setblocking(False)
    reader.bind(str(tmp_path / "reader"))
    port = DatagramPort(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    port.socket.setblocking(False)
    address = str(tmp_path / "reader")
    sent = MOST_UNSENT + 500
    for number in range(sent):
        port.send(b"%d" % number, address, ())  # pyright: ignore[reportArgumentType]  # what an address is there
    assert port.waiting == MOST_UNSENT
    assert port.unsent > 0
    assert port.unsent_reason == "too many answers wait to be sent"
    kept = sent - port.unsent
    assert await answers(reader, kept) == [b"%d" % number for number in range(kept)]
    assert port.waiting == 0
    port.close()
    reader.close()
