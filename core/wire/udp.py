"""The receiver of a UDP source in one worker: a datagram is a request, or holds some.

A datagram is answered to where it came from, from where it went to, when its request is on disk; answers to one peer
go in the order of its datagrams. Nothing can hold a device up: while there is no room for requests no datagram is read,
so that the kernel, which has a bound of its own, drops and counts what does not fit.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from socket import socket
from typing import Final

from core.catalogue.connections import Connections
from core.catalogue.handling import Intake
from core.catalogue.received import Received
from core.catalogue.units import Size
from core.scripting.answering import AnswerScript
from core.wire.framed import KEPT_OF_REFUSED
from core.wire.framing import BadFrame, Found, FramingMaker, Remembering, Splitter
from core.wire.udp_facts import DatagramFacts
from core.wire.udp_peers import DatagramAnswer, DatagramPeer, Peers
from core.wire.udp_port import Arrived, Control, DatagramPort

BATCH: Final = 64
"""Datagrams that are read in one turn of the loop, at most."""
TURN: Final = 0.005
"""Seconds after which a turn ends though more datagrams are there: a slow script holds up answers no longer."""
PAUSE: Final = 0.2
"""Seconds without reading after the kernel could not give a datagram that it has."""
LAST_DATAGRAMS: Final = 1.0
"""Seconds for which a stopping worker reads on, where nobody else will read what the kernel holds."""
LOOK_AGAIN: Final = 0.005
"""Seconds between two looks whether that is done."""


@dataclass(frozen=True, slots=True)
class DatagramRules:
    """What the source's settings come down to, for one worker; times are in seconds, sizes in bytes."""

    max_datagram: int
    framing: FramingMaker | None
    """Finds several requests in a datagram; None: it is one."""
    answer: bytes
    """What a request is answered where its script says nothing; empty for nothing."""
    state_for: float
    max_peers: int
    receive_buffer: int | None
    """Bytes to ask the kernel for; None: its default."""
    answering: AnswerScript | None = None


class DatagramReceiver:
    """Takes datagrams from its sockets; see `core.worker.door.Door`."""

    tls = None

    def __init__(self, rules: DatagramRules, sockets: Sequence[socket], intake: Intake) -> None:
        self.largest = rules.max_datagram
        self._rules = rules
        self._intake = intake
        self._ports = [DatagramPort(each) for each in sockets]
        self._buffer = memoryview(bytearray(rules.max_datagram))
        self._loop = asyncio.get_running_loop()
        self._peers = Peers(rules.max_peers, rules.state_for, self._loop.time())
        self._found: deque[tuple[Found, DatagramPeer, DatagramPort, Control]] = deque()
        """Frames of one datagram that may not be taken yet; no other is read meanwhile."""
        self._owed = 0
        """Answers that are to come."""
        self._open = False
        """Datagrams are taken."""
        self._reading = False
        self._going = False
        """`_go_on` will be called."""
        self._given = 0
        """Bytes of receive buffer that the kernel gives."""

    # Reading.

    def start(self) -> None:
        self._given = min(port.begin(self._rules.receive_buffer) for port in self._ports)
        self._open = True
        self._read_on()

    def _read_on(self) -> None:
        if self._open and not self._reading:
            self._reading = True
            for port in self._ports:
                self._loop.add_reader(port.socket.fileno(), self._read, port)

    def _leave_unread(self) -> None:
        if self._reading:
            self._reading = False
            for port in self._ports:
                self._loop.remove_reader(port.socket.fileno())

    def _read(self, port: DatagramPort) -> bool:
        """Takes what is there, a batch at most; whether nothing is there any more."""
        over = time.monotonic() + TURN
        for _ in range(BATCH):
            if self._held_up():
                return False
            try:
                arrived = port.receive(self._buffer)
            except BlockingIOError:
                return True
            except OSError:
                self._leave_unread()
                self._loop.call_later(PAUSE, self._go_on)
                return True
            self._take(arrived, port)
            if time.monotonic() > over:
                break
        self._held_up()
        return False

    def _held_up(self) -> bool:
        """Whether what is here must be taken first; then it goes on by itself as soon as there is room."""
        full = self._intake.full() is not None
        if not self._found and not full:
            return False
        self._leave_unread()
        if not full:
            self._go_on_soon()
        else:
            self._intake.when_room(self._go_on_soon)
        return True

    def _go_on_soon(self) -> None:
        if not self._going:
            self._going = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Takes what is here, and then what is in the kernel, as far as there is room."""
        self._going = False
        self._take_found()
        if not self._held_up():
            self._read_on()

    def _take(self, arrived: Arrived, port: DatagramPort) -> None:
        datagram = bytes(self._buffer[: arrived.size])
        if arrived.size > self._rules.max_datagram:
            allowed = Size(self._rules.max_datagram)
            self._refuse(f"a datagram of {arrived.size} bytes; {allowed} are allowed", arrived, datagram, arrived.size)
        elif self._rules.framing is None:
            self._request(datagram, self._peers.at(arrived.address), port, arrived.control)
        else:
            framing = self._rules.framing()
            if isinstance(framing, Remembering):
                peer = self._peers.at(arrived.address)
                framing.remember(peer.state, peer.where)
            self._split(Splitter(framing, self._rules.max_datagram), datagram, arrived, port)

    def _split(self, splitter: Splitter, datagram: bytes, arrived: Arrived, port: DatagramPort) -> None:
        """Finds the frames of one datagram. What is left of it is no part of the next, which may be another's."""
        if not datagram:
            self._refuse("an empty datagram holds no frame", arrived, b"", 0)
            return
        found: list[Found] = []
        try:
            found.extend(splitter.feed(datagram))
            tail = splitter.tail
            if (last := splitter.end()) is not None:
                found.append(Found(tail, last))
            elif tail:
                found.append(Found(tail, None, "the datagram ended in the middle of a frame"))
        except BadFrame as bad:
            found.append(Found(splitter.tail, None, str(bad)))
        frames = [each for each in found if each.frame is not None]
        for each in found:
            if each.frame is None and each.said:
                self._refuse(each.said, arrived, each.wire, len(each.wire))
        if frames:
            peer = self._peers.at(arrived.address)
            self._found.extend((each, peer, port, arrived.control) for each in frames)
            self._take_found()

    def _take_found(self) -> None:
        over = time.monotonic() + TURN
        while self._found and self._intake.full() is None and time.monotonic() < over:
            found, peer, port, control = self._found.popleft()
            assert found.frame is not None
            self._request(found.frame, peer, port, control, found.wire)

    def _request(
        self, payload: bytes, peer: DatagramPeer, port: DatagramPort, control: Control, wire: bytes | None = None
    ) -> None:
        at, began = time.time_ns() // 1_000_000, time.monotonic()
        answer = DatagramAnswer(self._rules.answer, b"", False, self._settle, peer, port, control)
        peer.answers.append(answer)
        self._owed += 1
        received = Received(self._intake.new_id(), at, began, peer.remote, peer.where, payload, None, peer.state)
        received.answering = self._rules.answering
        received.wire = None if wire == payload else wire
        record = received.connection = peer.record
        record.requests += 1
        record.last = at
        record.bytes_in += len(payload)
        self._intake.take(received, answer)
        self._peers.show(peer)

    def _refuse(self, reason: str, arrived: Arrived, seen: bytes, size: int) -> None:
        self._intake.refuse(reason, None, arrived.address[:2], None, seen[:KEPT_OF_REFUSED], size)

    # Answering.

    def _settle(self, peer: DatagramPeer) -> None:
        """Sends the answers at a peer's front that are ready, and reads what has waited for them."""
        answers = peer.answers
        while answers and answers[0].ready:
            answers.popleft().send()
            self._owed -= 1
        self._peers.settle(peer)
        if not self._reading and self._intake.full() is None:
            self._go_on_soon()

    # What the worker asks.

    def held(self) -> int:
        return self._owed + len(self._found) + sum(port.waiting for port in self._ports)

    @property
    def connections(self) -> Connections:
        return self._peers.connections

    def datagrams(self) -> DatagramFacts | None:
        unsent = sum(port.unsent for port in self._ports)
        reason = next((port.unsent_reason for port in self._ports if port.unsent_reason), None)
        for port in self._ports:
            port.unsent = 0
        return DatagramFacts(receive_buffer=self._given, warning=self._warning(), unsent=unsent, unsent_reason=reason)

    def look(self) -> bool:
        return any(port.unsent for port in self._ports)

    def _warning(self) -> str | None:
        """Says that the kernel gives less than was asked for."""
        wanted, given = self._rules.receive_buffer, self._given
        if wanted is None or not self._open or given >= wanted:
            return None
        return (
            f"the kernel gives a receive buffer of {Size(given)}, not {Size(wanted)}: "
            f"allow more with `sysctl -w net.core.rmem_max={int(wanted)}`, in /etc/sysctl.d for good, "
            "and restart the source"
        )

    def sweep(self, now: float) -> None:
        self._peers.sweep(now)
        if not self._reading:
            self._go_on_soon()

    async def stop(self, last: bool) -> None:
        """Reads no more. Where nobody else will, what the kernel holds is read first, as far as time allows."""
        until = self._loop.time() + LAST_DATAGRAMS
        empty_before = False  # one look more, for what was on its way through the kernel
        while last and self._open and self._loop.time() < until:
            emptied = [self._read(port) for port in self._ports]
            empty = all(emptied) and not self._owed
            if empty and empty_before:
                break
            empty_before = empty
            await asyncio.sleep(LOOK_AGAIN)
        self._open = False
        self._leave_unread()

    def drain(self) -> None:
        """Each answer that is owed goes by itself."""

    def abort(self) -> None:
        for found, peer, _, _ in self._found:
            said = "the source stopped before this frame could be taken"
            self._intake.refuse(said, None, peer.remote, None, found.wire[:KEPT_OF_REFUSED], len(found.wire))
        self._found.clear()
        for port in self._ports:
            port.close()
