"""Listening sockets of the engine, by address; and who else holds a port."""

import resource
import socket
from collections.abc import Sequence
from pathlib import Path

from core.errors import TidegateError
from core.wire.listen import PortTaken, listen_tcp

_LISTEN = "0A"


class Listener:
    """A listening socket that one generation of workers, or two while one replaces the other, share."""

    def __init__(self, address: tuple[str, int], owner: str, beside: Sequence[socket.socket] = ()) -> None:
        self.address = address
        self.owner = owner
        self.socket = listen_tcp(*address, beside)
        self.uses = 0


class ListenerPool:
    """All listening sockets of an engine. A source whose port stays keeps its socket over an exchange of workers."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, int], Listener] = {}

    def acquire(self, address: tuple[str, int], owner: str, giving_up: frozenset[str] = frozenset()) -> Listener:
        """The listener of `address`, bound now if nobody has it. PortTaken names who does.

        `giving_up` are the sources that let go of their ports in the same exchange.
        """
        listener = self._listeners.get(address)
        if listener is None:
            listener = self._bind(address, owner, giving_up | {owner})
        elif listener.owner != owner and listener.owner not in giving_up:
            raise PortTaken(f"port {address[1]} is taken by event source {listener.owner}")
        listener.uses += 1
        return listener

    def _bind(self, address: tuple[str, int], owner: str, giving_up: frozenset[str]) -> Listener:
        same_port = [other for other in self._listeners.values() if other.address[1] == address[1]]
        staying = [other.owner for other in same_port if other.owner not in giving_up]
        try:
            beside = () if staying else [other.socket for other in same_port]
            listener = Listener(address, owner, beside)
        except PortTaken as taken:
            holder = f"event source {staying[0]}" if staying else holder_of_port(address[1])
            raise PortTaken(f"{taken} by {holder}" if holder else str(taken)) from taken
        self._listeners[address] = listener
        return listener

    def release(self, listener: Listener) -> None:
        """Lets go; the last to do so closes it."""
        listener.uses -= 1
        if listener.uses <= 0:
            self._listeners.pop(listener.address, None)
            listener.socket.close()


def port_free(address: tuple[str, int]) -> str | None:
    """Why the address cannot be listened on; None where it can."""
    try:
        listen_tcp(*address).close()
    except PortTaken as taken:
        holder = holder_of_port(address[1])
        return f"{taken} by {holder}" if holder else str(taken)
    except TidegateError as error:
        return str(error)
    return None


def holder_of_port(port: int) -> str | None:
    """`process 4121 (nginx)`, as far as this user may see it."""
    inodes = _listening_inodes(port)
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


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTEN and int(words[1].rpartition(":")[2], 16) == port:
                found.add(words[9])
    return found


def _has_socket(process: Path, inodes: set[str]) -> bool:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(str(link.readlink()) in wanted for link in (process / "fd").iterdir())
    except OSError:
        return False


def raise_file_limit() -> int:
    """Raises the limit on open files to the hard one; the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
