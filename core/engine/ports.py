"""Listening sockets of the engine, by address; and who else holds a port."""

import resource
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from core.catalogue.listening import Address, Transport
from core.engine.datagram_ports import DatagramListener
from core.errors import TidegateError
from core.wire.listen import PortTaken, listen_tcp, listen_udp

_TABLES: Final[dict[Transport, tuple[str, ...]]] = {
    "tcp": ("/proc/net/tcp", "/proc/net/tcp6"),
    "udp": ("/proc/net/udp", "/proc/net/udp6"),
}
_LISTEN: Final = "0A"


class Listener(Protocol):
    """What one generation of workers, or two while one replaces the other, listen with on one address."""

    address: Address
    owner: str
    uses: int

    @property
    def bound(self) -> Sequence[socket.socket]: ...

    def places(self, count: int) -> list[socket.socket]:
        """A socket for each of `count` workers, for a generation that may come to serve."""
        ...

    def serve(self, places: Sequence[socket.socket]) -> None:
        """A generation with these places serves from now on; sockets that have no place in it are closed here."""
        ...

    def take_dropped(self) -> int:
        """How many datagrams the kernel has dropped since this was asked last."""
        ...

    def close(self) -> None: ...


class StreamListener:
    """One TCP socket, which all workers share: connections queue in the kernel, and whoever is free takes one."""

    def __init__(self, address: Address, owner: str, beside: Sequence[socket.socket] = ()) -> None:
        self.address = address
        self.owner = owner
        self.uses = 0
        self._socket = listen_tcp(address.host, address.port, beside)

    @property
    def bound(self) -> Sequence[socket.socket]:
        return (self._socket,)

    def places(self, count: int) -> list[socket.socket]:
        return [self._socket] * count

    def serve(self, places: Sequence[socket.socket]) -> None:
        """There is only the one."""

    def take_dropped(self) -> int:
        return 0

    def close(self) -> None:
        self._socket.close()


class ListenerPool:
    """All listening sockets of an engine. A source whose port stays keeps its socket over an exchange of workers."""

    def __init__(self) -> None:
        self._listeners: dict[Address, Listener] = {}

    def acquire(self, address: Address, owner: str, count: int, giving_up: frozenset[str] = frozenset()) -> Listener:
        """The listener of `address`, bound now, for `count` workers, if nobody has it. PortTaken names who does.

        `giving_up` are the sources that let go of their ports in the same exchange.
        """
        listener = self._listeners.get(address)
        if listener is None:
            listener = self._bind(address, owner, count, giving_up | {owner})
        elif listener.owner != owner and listener.owner not in giving_up:
            raise PortTaken(f"port {address.port} is taken by event source {listener.owner}")
        listener.uses += 1
        return listener

    def _bind(self, address: Address, owner: str, count: int, giving_up: frozenset[str]) -> Listener:
        same_port = [other for other in self._listeners.values() if _same_port(other.address, address)]
        staying = [other.owner for other in same_port if other.owner not in giving_up]
        try:
            beside = () if staying else [each for other in same_port for each in other.bound]
            listener = _listener(address, owner, count, beside)
        except PortTaken as taken:
            holder = f"event source {staying[0]}" if staying else holder_of_port(address.transport, address.port)
            raise PortTaken(f"{taken} by {holder}" if holder else str(taken)) from taken
        self._listeners[address] = listener
        return listener

    def release(self, listener: Listener) -> None:
        """Lets go; the last to do so closes it."""
        listener.uses -= 1
        if listener.uses <= 0:
            self._listeners.pop(listener.address, None)
            listener.close()


def _listener(address: Address, owner: str, count: int, beside: Sequence[socket.socket]) -> Listener:
    if address.transport == "udp":
        return DatagramListener(address, owner, count, beside)
    return StreamListener(address, owner, beside)


def _same_port(one: Address, other: Address) -> bool:
    return (one.transport, one.port) == (other.transport, other.port)


def port_free(address: Address) -> str | None:
    """Why the address cannot be listened on; None where it can."""
    try:
        opened = [listen_tcp(*address[1:])] if address.transport == "tcp" else listen_udp(*address[1:])
    except PortTaken as taken:
        holder = holder_of_port(address.transport, address.port)
        return f"{taken} by {holder}" if holder else str(taken)
    except TidegateError as error:
        return str(error)
    for each in opened:
        each.close()
    return None


def holder_of_port(transport: Transport, port: int) -> str | None:
    """`process 4121 (nginx)`, as far as this user may see it."""
    inodes = set(_listening_inodes(transport, port))
    if not inodes:
        return None
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _has_socket(folder, inodes):
            return f"process {folder.name} ({_name_of(folder)})"
    return "a process of another user"


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "ended just now"


def _listening_inodes(transport: Transport, port: int) -> Iterator[str]:
    for table in _TABLES[transport]:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            listens = transport == "udp" or words[3] == _LISTEN
            if listens and int(words[1].rpartition(":")[2], 16) == port:
                yield words[9]


def _has_socket(folder: Path, inodes: set[str]) -> bool:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(str(link.readlink()) in wanted for link in (folder / "fd").iterdir())
    except OSError:
        return False


def raise_file_limit() -> int:
    """Raises the limit on open files to the hard one; the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
