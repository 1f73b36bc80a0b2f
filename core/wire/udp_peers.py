"""The peers of a UDP source: what scripts remember of each, and the answers that it is owed."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from core.catalogue.connections import ConnectionRecord, Connections
from core.catalogue.received import peer_at
from core.wire.framed import ScriptedAnswer
from core.wire.udp_port import Control, DatagramPort, PeerAddress


class DatagramAnswer(ScriptedAnswer):
    """The answer to one request, in its place among its peer's answers."""

    settle: Callable[["DatagramPeer"], None]
    peer: "DatagramPeer"
    port: DatagramPort
    control: Control

    def send(self) -> None:
        """Sends what there is to say."""
        if self.data:
            self.peer.record.bytes_out += len(self.data)
            self.port.send(self.data, self.peer.address, self.control)

    def release(self) -> None:
        self.settle(self.peer)

    def unavailable(self) -> None:
        """It could not be kept: the device hears nothing of it, and may send it again."""
        self.data = b""
        self.ready = True
        self.settle(self.peer)


class DatagramPeer:
    """An address and port that datagrams come from."""

    __slots__ = ("address", "answers", "forget", "heard", "record", "remote", "state", "where")

    def __init__(self, address: PeerAddress, forget: Callable[["DatagramPeer"], None]) -> None:
        peer = peer_at(address[:2])
        self.forget = forget
        self.address = address
        self.remote = peer.remote
        self.where = peer.where
        self.state: dict[str, Any] = {}  # the scripts', as a connection has one
        self.heard = 0.0
        """The loop's time of its last datagram, as of the sweep before that."""
        self.answers: deque[DatagramAnswer] = deque()
        """Those that are owed, in order."""
        self.record = ConnectionRecord(self.where, self.state)

    def unfinished(self) -> int:
        return 0

    def tail(self, most: int) -> bytes:
        return b""

    def sweep(self, now: float) -> None:
        """All of them are looked after together."""

    def drain(self) -> None:
        """Each answer that is owed goes by itself."""

    def shut(self, reason: str) -> None:
        """What scripts remember of it is forgotten; it may send again, as one that is new."""
        self.record.because(reason)
        self.forget(self)

    def abort(self) -> None:
        self.forget(self)


class Peers:
    """`most` of them at a time, each for `state_for` seconds after its last datagram.

    One of which nothing is remembered, and that is owed nothing, takes no place. Where a further one finds no place,
    the one that has been quiet for longest makes room for it.
    """

    def __init__(self, most: int, state_for: float, now: float) -> None:
        self._most = most
        self._state_for = state_for
        self._now = now
        """The loop's time at the last sweep."""
        self._by_address: OrderedDict[PeerAddress, DatagramPeer] = OrderedDict()
        """In the order of their last datagrams."""
        self.connections = Connections()
        """The same as operators see them."""

    def __len__(self) -> int:
        return len(self._by_address)

    def at(self, address: PeerAddress) -> DatagramPeer:
        """The peer of a datagram that has come just now."""
        peer = self._by_address.get(address)
        if peer is None:
            while len(self._by_address) >= self._most:
                self._forget_first("another peer took its place")
            peer = self._by_address[address] = DatagramPeer(address, self.forget)
        else:
            self._by_address.move_to_end(address)
        peer.heard = self._now
        return peer

    def settle(self, peer: DatagramPeer) -> None:
        """Forgets a peer of which there is nothing to remember."""
        if not peer.answers and not peer.state and self._by_address.get(peer.address) is peer:
            self.forget(peer)

    def show(self, peer: DatagramPeer) -> None:
        """Operators see it from now on, if something is remembered of it."""
        if not peer.record.number and peer.state:
            self.connections.add(peer)

    def forget(self, peer: DatagramPeer) -> None:
        """Forgets what is remembered of a peer."""
        if self._by_address.get(peer.address) is peer:
            del self._by_address[peer.address]
        self.connections.end(peer, None)

    def _forget_first(self, reason: str) -> None:
        peer = next(iter(self._by_address.values()))
        peer.record.because(reason)
        self.forget(peer)

    def sweep(self, now: float) -> None:
        """Forgets those that have been quiet for too long."""
        self._now = now
        while self._by_address:
            peer = next(iter(self._by_address.values()))
            if now - peer.heard <= self._state_for:
                return
            self._forget_first(f"nothing came for {self._state_for:g} s")
