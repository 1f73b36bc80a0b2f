"""Accepting: a reader of the worker's own on the listening socket, one connection at a time.

One at a time, so that connections spread over the workers that share the socket, and so that an exhausted table of
files is seen here and not swallowed by the loop. On its way to the handler a connection says whose it is, where it
comes from a proxy that does so, is counted, and shakes hands, where the source speaks TLS.
"""

import asyncio
import contextlib
import errno
import os
import resource
import socket
import struct
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from core.catalogue.received import Peer, peer_at
from core.wire.networks import Networks
from core.wire.proxy_protocol import Malformed, read_header
from core.wire.tls import Tls
from core.wire.tls_connection import TlsConnection
from core.worker.admission import Accepted, Admission

PAUSE = 0.2
"""Seconds without accepting after something is wanting that only time may bring."""
HEADROOM = 16
"""Descriptors that connections leave to the journal, the scripts and the rest of the worker."""
LAST_ARRIVALS = 1.0
"""Seconds that a stopping worker gives to connections that have not come as far as the handler."""
NO_DESCRIPTOR = "no file descriptor is left for a connection"
_PASSING = (errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO)
"""accept() found that the connection has gone, or another worker has taken it."""


class Acceptor:
    """Takes connections from listening sockets and gives each its protocol."""

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        admission: Admission,
        tls: Tls | None = None,
        proxies: Networks | None = None,
    ) -> None:
        self._listeners = [_Listener(each) for each in listeners]
        self._admission = admission
        self._tls = tls
        self._proxies = proxies
        self._loop = asyncio.get_running_loop()
        self._accepting = False
        self._arriving: set[asyncio.Task[object]] = set()
        self._attaching: set[_Attaching] = set()
        self._spare = _spare()

    def start(self) -> None:
        self._accepting = True
        self._listen()

    def _listen(self) -> None:
        if self._accepting:
            for listener in self._listeners:
                self._loop.add_reader(listener.socket.fileno(), self._accept, listener)

    def _unlisten(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener.socket.fileno())

    def _pause(self) -> None:
        self._unlisten()
        self._loop.call_later(PAUSE, self._listen)

    def _accept(self, listener: "_Listener") -> None:
        try:
            connection, peer = listener.take()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._accept_with_spare(listener)
            elif error.errno not in _PASSING:
                self._pause()
            return
        if _nearly_full(connection.fileno()):
            self._turn_away_at_the_door(connection, peer)
            return
        if self._tls is None and not (self._proxies and peer.remote[0] in self._proxies):
            self._attach(connection, peer)
            return
        task = self._loop.create_task(self._arrive(connection, peer))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    def _attach(self, connection: Accepted, peer: Peer) -> None:
        """Gives a connection that has nothing to say of itself first its protocol."""
        make = self._admission.admit(connection, peer)
        if make is None:
            _reset(connection)
        else:
            _Attaching(self._attaching, self._loop.connect_accepted_socket(make, connection), connection)

    def _accept_with_spare(self, listener: "_Listener") -> None:
        """The table of files is full: the spare descriptor's place does for a connection that is only turned away."""
        if self._spare is not None:
            os.close(self._spare)
        try:
            connection, peer = listener.take()
        except OSError as error:
            if error.errno not in _PASSING:
                self._pause()
        else:
            self._turn_away_at_the_door(connection, peer)
        self._spare = _spare()
        if self._spare is None:
            self._pause()

    def _turn_away_at_the_door(self, connection: Accepted, peer: Peer) -> None:
        _reset(connection)
        self._admission.refuse(NO_DESCRIPTOR, peer)

    async def _arrive(self, connection: Accepted, peer: Peer) -> None:
        try:
            if self._proxies and peer.remote[0] in self._proxies:
                peer = await self._behind(connection, peer)
            if self._tls is None:
                self._attach(connection, peer)
            elif (make := self._admission.admit(connection, peer)) is None:
                _reset(connection)
            else:
                failed = partial(self._not_shaken, peer)
                await self._shake(connection, TlsConnection(self._tls.context, self._tls.timeout, make, failed))
        except Malformed as malformed:
            _reset(connection)
            if str(malformed):
                self._admission.refuse(str(malformed), peer)
        except OSError:
            connection.close()
        except asyncio.CancelledError:
            _reset(connection)
            raise

    async def _behind(self, connection: Accepted, peer: Peer) -> Peer:
        """Who is at the other end of the proxy `peer`."""
        if not self._admission.may_wait():
            raise Malformed("more connections than the source allows")
        self._admission.wait(connection)
        source = await read_header(connection)
        return peer if source is None else peer_at(source, peer.remote[0])

    async def _shake(self, connection: Accepted, tls: TlsConnection) -> None:
        await self._loop.connect_accepted_socket(lambda: tls, connection)
        try:
            await tls.settled.wait()
        except asyncio.CancelledError:
            tls.abort()

    def _not_shaken(self, peer: Peer, reason: str, size: int) -> None:
        self._admission.refuse(reason, peer, size)

    async def stop(self) -> None:
        """Takes no more connections, once those that were taken have their protocols or their time for it is over;
        those that wait in the kernel are for whoever else has the listening socket."""
        self._accepting = False
        self._unlisten()
        for listener in self._listeners:
            listener.socket.close()
        if self._arriving:
            _, late = await asyncio.wait(self._arriving, timeout=LAST_ARRIVALS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        until = self._loop.time() + LAST_ARRIVALS
        while self._attaching and self._loop.time() < until:  # noqa: ASYNC110  # each lasts a turn of the loop
            await asyncio.sleep(0)
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None


class _Attaching:
    """Runs the loop's `connect_accepted_socket` to its end. It waits once, for a turn of the loop, and a task for that
    would be half of what a connection costs."""

    def __init__(self, others: "set[_Attaching]", steps: Coroutine[Any, None, object], connection: Accepted) -> None:
        self._others = others
        self._steps = steps
        self._connection = connection
        others.add(self)
        self._go_on(None)

    def _go_on(self, _: object) -> None:
        try:
            waits: asyncio.Future[object] = self._steps.send(None)
        except StopIteration:
            self._others.discard(self)
        except OSError:
            self._others.discard(self)
            self._connection.close()
        else:
            waits._asyncio_future_blocking = False  # as a task says that it has seen it
            waits.add_done_callback(self._go_on)


class _Listener:
    """A listening socket, and what it says of the connections that it gives."""

    def __init__(self, listening: socket.socket) -> None:
        self.socket = listening
        self._kind = int(listening.family), int(listening.type), listening.proto
        # accept() would make a socket object of its own first, which costs as much again
        self._accept: Callable[[], tuple[int, tuple[str, int]]] = listening._accept  # type: ignore[attr-defined]  # it is

    def take(self) -> tuple[Accepted, Peer]:
        descriptor, address = self._accept()
        accepted = Accepted(*self._kind, descriptor)
        if self._kind[0] != socket.AF_INET:
            accepted.of_family = self.socket.family
        accepted.setblocking(False)
        return accepted, peer_at(address[:2])


def _spare() -> int | None:
    """A descriptor that is held for nothing but its place; None where there is no place."""
    with contextlib.suppress(OSError):
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    return None


def _nearly_full(descriptor: int) -> bool:
    """Whether a new descriptor's number, which is always the least free one, says that few are left."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most != resource.RLIM_INFINITY and descriptor >= most - HEADROOM


def _reset(connection: socket.socket) -> None:
    """Ends a connection so that the device sees an error and not a plain end."""
    with contextlib.suppress(OSError):  # it has gone
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
