"""Listening sockets: bound by the engine, inherited by the workers."""

import contextlib
import errno
import socket
from collections.abc import Generator, Sequence

from core.errors import TidegateError

BACKLOG = 1024
"""Connections that wait while a worker is replaced; the kernel caps it at net.core.somaxconn."""

SEND_BUFFER = 64 << 10
"""Bytes of answers that the kernel takes for a connection (it doubles that): one that never reads costs no more."""


class PortTaken(TidegateError):
    """Another process listens on the address."""


def listen_tcp(bind_address: str, port: int, beside: Sequence[socket.socket] = ()) -> socket.socket:
    """A bound, listening, non-blocking TCP socket; PortTaken or TidegateError says what stands in the way.

    `beside` are this process's own sockets on the same port that will soon be closed: they are no hindrance, as where
    a source goes from 127.0.0.1 to 0.0.0.0.
    """
    host = "127.0.0.1" if bind_address == "localhost" else bind_address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)  # accepted connections inherit it
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        with _port_shared(listener, *beside) if beside else contextlib.nullcontext():
            listener.bind((host, port))
            listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"port {port} is taken") from error
        if error.errno == errno.EACCES:
            raise TidegateError(f"port {port} needs rights that the engine has not: take one above 1023") from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise TidegateError(f"{bind_address} is no address of this machine") from error
        raise TidegateError(f"cannot listen on {bind_address} port {port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


@contextlib.contextmanager
def _port_shared(*sockets: socket.socket) -> Generator[None]:
    """For a moment these may have the same port; not longer, for another program of this user could join them."""
    for one in sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        yield
    finally:
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 0)
