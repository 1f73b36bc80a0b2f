"""Accepting: a reader of the worker's own on the listening socket, one connection at a time.

One at a time, so that connections spread over the workers that share the socket, and so that an exhausted table of
files is seen here and not swallowed by the loop.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from core.catalogue.behaviour import Peer, peer_at

PAUSE = 0.2
"""Seconds without accepting after the table of files was found full."""


class Acceptor:
    """Takes connections from listening sockets and gives each a protocol."""

    def __init__(self, listeners: Sequence[socket.socket], protocol: Callable[[Peer], asyncio.BaseProtocol]) -> None:
        self._listeners = listeners
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._accepting = False
        self._connecting: set[asyncio.Task[object]] = set()
        self.exhausted = 0
        """How often there was no file descriptor for a connection."""

    def start(self) -> None:
        self._accepting = True
        self._listen()

    def _listen(self) -> None:
        if self._accepting:
            for listener in self._listeners:
                self._loop.add_reader(listener.fileno(), self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                raise
            self.exhausted += 1
            self._unlisten()
            self._loop.call_later(PAUSE, self._listen)
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._connect(connection, peer_at(address[:2])))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket, peer: Peer) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: self._protocol(peer), connection)
        except OSError:
            connection.close()

    def _unlisten(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener.fileno())

    async def stop(self) -> None:
        """Takes no more connections, once those that were taken have their protocols; those that wait in the kernel
        are for whoever else has the listening socket."""
        self._accepting = False
        self._unlisten()
        for listener in self._listeners:
            listener.close()
        if self._connecting:
            await asyncio.wait(self._connecting)
