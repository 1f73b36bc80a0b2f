"""Who may come in: how many connections there are, of all devices and of each."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from functools import partial

from core.catalogue.handling import Handler, Intake
from core.catalogue.received import Peer

MOST_TURNED_AWAY = 256
"""Connections over a limit that may hear so at a time; a further one is reset."""


class Accepted(socket.socket):
    """An accepted connection that says when its descriptor is given back, whoever holds it then."""

    on_close: Callable[[], None] | None = None
    of_family = socket.AF_INET

    @property
    def family(self) -> socket.AddressFamily:
        """Said by heart, as `type` is: the loop asks several times, and an enumeration would be searched each time."""
        return self.of_family

    @property
    def type(self) -> socket.SocketKind:
        return socket.SOCK_STREAM

    def close(self) -> None:
        super().close()
        self._tell()

    def detach(self) -> int:
        """Whoever has the descriptor from now on is about to close it."""
        descriptor = super().detach()
        self._tell()
        return descriptor

    def _tell(self) -> None:
        told, self.on_close = self.on_close, None
        if told is not None:
            told()


class Admission:
    """Counts a worker's connections; `most` are those of all devices, `most_of_one` those of one address."""

    def __init__(self, handler: Handler, intake: Intake, most: int, most_of_one: int) -> None:
        self._handler = handler
        self._intake = intake
        self._most = most
        self._most_of_one = most_of_one
        self._served = 0
        self._turned = 0
        self._waiting = 0
        """Connections of proxies whose headers are not there yet."""
        self._of: Counter[str] = Counter()

    def may_wait(self) -> bool:
        """Whether one more connection may take its time to say whose it is."""
        return self._waiting + self._served < self._most + MOST_TURNED_AWAY

    def wait(self, connection: Accepted) -> None:
        self._waiting += 1
        connection.on_close = self._waited

    def _waited(self) -> None:
        self._waiting -= 1

    def admit(self, connection: Accepted, peer: Peer) -> Callable[[], asyncio.BaseProtocol] | None:
        """What makes the protocol of this connection, which counts from now until it is closed; None: it is recorded
        as refused, and to be reset."""
        if (waited := connection.on_close) is not None:
            waited()
        host = peer.remote[0]
        reason = self._over(host)
        if reason is None:
            self._served += 1
            self._of[host] += 1
            connection.on_close = partial(self._left, host)
            return partial(self._handler.connection, peer)
        if self._turned >= MOST_TURNED_AWAY:
            connection.on_close = None
            self.refuse(reason, peer)
            return None
        self._turned += 1
        connection.on_close = self._turned_left
        return partial(self._handler.turn_away, peer, reason)

    def refuse(self, reason: str, peer: Peer, size: int = 0) -> None:
        """Records a connection that no handler saw, and the bytes that came on it. They are not kept: whatever they
        are, they were not meant to be read in the clear."""
        self._intake.refuse(reason, None, peer.remote, None, b"", size)

    def _over(self, host: str) -> str | None:
        if self._served >= self._most:
            return "more connections than the source allows"
        if self._of[host] >= self._most_of_one:
            return f"more connections from {host} than one may have"
        return None

    def _left(self, host: str) -> None:
        self._served -= 1
        self._of[host] -= 1
        if not self._of[host]:
            del self._of[host]

    def _turned_left(self) -> None:
        self._turned -= 1
