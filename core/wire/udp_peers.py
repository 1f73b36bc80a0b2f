"""The peers of a UDP source: what scripts remember of each, and the answers that it is owed."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from core.catalogue.behaviour import peer_at
from core.wire.framed import ScriptedAnswer
from core.wire.udp_port import Control, DatagramPort, PeerAddress


class DatagramAnswer(ScriptedAnswer):
    """The answer to one request, in its place among its peer's answers."""

    def __init__(
        self,
        settle: Callable[["DatagramPeer"], None],
        peer: "DatagramPeer",
        port: DatagramPort,
        control: Control,
        usual: bytes,
    ) -> None:
        super().__init__(usual)
        self._settle = settle
        self._peer = peer
        self._port = port
        self._control = control

    def send(self) -> None:
        """Sends what there is to say."""
        if self.data:
            self._port.send(self.data, self._peer.address, self._control)

    def release(self) -> None:
        self._settle(self._peer)

    def unavailable(self) -> None:
        """It could not be kept: the device hears nothing of it, and may send it again."""
        self.data = b""
        self.ready = True
        self._settle(self._peer)


class DatagramPeer:
    """An address and port that datagrams come from."""

    __slots__ = ("address", "answers", "heard", "remote", "state", "where")

    def __init__(self, address: PeerAddress) -> None:
        peer = peer_at(address[:2])
        self.address = address
        self.remote = peer.remote
        self.where = peer.where
        self.state: dict[str, Any] = {}  # the scripts', as a connection has one
        self.heard = 0.0
        """The loop's time of its last datagram, as of the sweep before that."""
        self.answers: deque[DatagramAnswer] = deque()
        """Those that are owed, in order."""


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

    def __len__(self) -> int:
        return len(self._by_address)

    def at(self, address: PeerAddress) -> DatagramPeer:
        """The peer of a datagram that has come just now."""
        peer = self._by_address.get(address)
        if peer is None:
            while len(self._by_address) >= self._most:
                self._by_address.popitem(last=False)
            peer = self._by_address[address] = DatagramPeer(address)
        else:
            self._by_address.move_to_end(address)
        peer.heard = self._now
        return peer

    def settle(self, peer: DatagramPeer) -> None:
        """Forgets a peer of which there is nothing to remember."""
        if not peer.answers and not peer.state and self._by_address.get(peer.address) is peer:
            del self._by_address[peer.address]

    def sweep(self, now: float) -> None:
        """Forgets those that have been quiet for too long."""
        self._now = now
        while self._by_address:
            peer = next(iter(self._by_address.values()))
            if now - peer.heard <= self._state_for:
                return
            self._by_address.popitem(last=False)
