"""The sockets of one UDP port: one a worker, so that the kernel keeps each peer with one worker."""

import contextlib
import logging
import socket
import struct
from collections.abc import Sequence
from typing import Final

from core.catalogue.listening import Address
from core.errors import TidegateError
from core.wire.listen import join_udp, listen_udp, open_udp

LOG = logging.getLogger("tidegate.engine")

_SO_MEMINFO: Final = 55
_MEMINFO: Final = struct.Struct("=9I")
"""Linux's SK_MEMINFO_VARS; the last is the count of drops, which goes on past 2 to the 32 at 0."""


class DatagramListener:
    """Sockets that share one address (SO_REUSEPORT), each read by one worker.

    The kernel chooses by a hash of the peer's address, so that a peer's datagrams come to one worker, in order, and its
    state is there. The engine holds all of them: what the kernel has taken outlives a worker that dies.
    """

    def __init__(self, address: Address, owner: str, count: int, beside: Sequence[socket.socket] = ()) -> None:
        self.address = address
        self.owner = owner
        self.uses = 0
        self._sockets = listen_udp(address.host, address.port, count, beside)
        self._counted: dict[socket.socket, int] = {}
        """The kernel's count of each socket when it was looked at last."""
        self._dropped = 0

    @property
    def bound(self) -> Sequence[socket.socket]:
        return self._sockets

    def places(self, count: int) -> list[socket.socket]:
        """Those that are more than there are now take no datagram before they serve: a peer would move to a worker
        that may never come to read."""
        more = count - len(self._sockets)
        return [*self._sockets[:count], *(open_udp(self.address.host) for _ in range(more))]

    def serve(self, places: Sequence[socket.socket]) -> None:
        self._look()
        serving = [each for each in places if each in self._sockets or self._joined(each)] or self._sockets
        for each in self._sockets:
            if each not in serving:
                self._counted.pop(each, None)
                _retire(each)
        self._sockets = serving
        serving[0].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, len(serving) > 1)

    def _joined(self, joining: socket.socket) -> bool:
        """Whether the kernel took one more. Where it does not, the others take all: nobody goes unheard."""
        try:
            join_udp(joining, self._sockets[0])
        except TidegateError as error:
            LOG.error("%s: a worker gets no datagrams: %s", self.owner, error)
            return False
        return True

    def take_dropped(self) -> int:
        self._look()
        taken, self._dropped = self._dropped, 0
        return taken

    def _look(self) -> None:
        for each in self._sockets:
            now = _drops(each)
            self._dropped += (now - self._counted.get(each, 0)) % (1 << 32)
            self._counted[each] = now

    def close(self) -> None:
        self._look()
        for each in self._sockets:
            _retire(each)
        self._sockets = []


def _retire(bound: socket.socket) -> None:
    """Closes the engine's hold on a socket that its worker may still read, so that no more comes to it.

    Connected to itself it hears nobody else: the kernel gives what comes from now on to the others of the port, and
    what the worker finds there is the last. Without that a datagram could come after its last look, before its end.
    """
    with contextlib.suppress(OSError):  # an address that cannot be connected to: as good as it gets
        bound.connect(bound.getsockname())
    bound.close()


def _drops(bound: socket.socket) -> int:
    """How many datagrams the kernel has dropped on a socket: for want of room, or because a checksum was wrong.

    Read from the socket and not beside a datagram (SO_RXQ_OVFL), for those count too that no later one follows.
    """
    raw = bound.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    return _MEMINFO.unpack(raw)[-1]
