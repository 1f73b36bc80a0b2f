"""Listening sockets: bound by the engine, inherited by the workers."""

import contextlib
import errno
import socket
from collections.abc import Generator, Sequence
from typing import Final

from core.errors import TidegateError

BACKLOG = 1024
"""Connections that wait while a worker is replaced; the kernel caps it at net.core.somaxconn."""

SEND_BUFFER = 64 << 10
"""Bytes of answers that the kernel takes for a connection (it doubles that): one that never reads costs no more."""

EVERY_ADDRESS: Final = ("0.0.0.0", "::")
IP_PKTINFO: Final = 8
"""Linux's number (ip(7)): Python has no name for it before 3.14."""


class PortTaken(TidegateError):
    """Another process listens on the address."""


def listen_tcp(bind_address: str, port: int, beside: Sequence[socket.socket] = ()) -> socket.socket:
    """A bound, listening, non-blocking TCP socket; PortTaken or TidegateError says what stands in the way.

    `beside` are this process's own sockets on the same port that will soon be closed: they are no hindrance, as where
    a source goes from 127.0.0.1 to 0.0.0.0.
    """
    listener = _open(bind_address, socket.SOCK_STREAM)
    with _said(bind_address, port, listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted connections inherit it
        with _port_shared(listener, *beside) if beside else contextlib.nullcontext():
            listener.bind((_host(bind_address), port))
            listener.listen(BACKLOG)
    return listener


def open_udp(bind_address: str) -> socket.socket:
    """A non-blocking datagram socket for that address, not bound yet.

    One for every address tells with each datagram which address it was sent to, so that the answer comes from there.
    """
    opened = _open(bind_address, socket.SOCK_DGRAM)
    if bind_address == "0.0.0.0":
        opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    elif bind_address == "::":
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    return opened


def listen_udp(
    bind_address: str, port: int, count: int = 1, beside: Sequence[socket.socket] = ()
) -> list[socket.socket]:
    """`count` datagram sockets that share one address, on which nobody else listens; errors as of `listen_tcp`.

    The kernel gives all datagrams of one peer to the same of them, for as long as they are the same.
    """
    first = open_udp(bind_address)
    with _said(bind_address, port, first), _port_shared(first, *beside) if beside else contextlib.nullcontext():
        first.bind((_host(bind_address), port))  # the first alone: this fails where anybody else has the port
    sockets = [first]
    try:
        while len(sockets) < count:
            sockets.append(open_udp(bind_address))
            join_udp(sockets[-1], first)
    except BaseException:
        for one in sockets:
            one.close()
        raise
    return sockets


def join_udp(joining: socket.socket, first: socket.socket) -> None:
    """Binds one more socket to the address of `first`."""
    address = first.getsockname()
    with _said(address[0], address[1], joining):
        for one in (first, joining):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        joining.bind(address)


def _host(bind_address: str) -> str:
    return "127.0.0.1" if bind_address == "localhost" else bind_address


def _open(bind_address: str, kind: socket.SocketKind) -> socket.socket:
    family = socket.AF_INET6 if ":" in bind_address else socket.AF_INET
    try:
        opened = socket.socket(family, kind)
    except OSError as error:
        raise TidegateError(f"cannot listen on {bind_address}: {error.strerror}") from error
    opened.setblocking(False)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return opened


@contextlib.contextmanager
def _said(bind_address: str, port: int, opened: socket.socket) -> Generator[None]:
    """Closes the socket where the address cannot be had, and says why."""
    try:
        yield
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"port {port} is taken") from error
        if error.errno == errno.EACCES:
            raise TidegateError(f"port {port} needs rights that the engine has not: take one above 1023") from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise TidegateError(f"{bind_address} is no address of this machine") from error
        raise TidegateError(f"cannot listen on {bind_address} port {port}: {error.strerror}") from error


@contextlib.contextmanager
def _port_shared(*sockets: socket.socket) -> Generator[None]:
    """For a moment these may have the same port; not longer, for another program of this user could join them."""
    before = [one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) for one in sockets]
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield
    finally:
        for one, shared in zip(sockets, before, strict=True):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
