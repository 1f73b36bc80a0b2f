"""The door of a worker: where a source's requests come in, as its configuration has it."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.configured import Configured
from core.catalogue.connections import Connections
from core.catalogue.handling import Handler, Intake
from core.catalogue.listening import ListeningSettings
from core.components.sources.socket import SocketSettings
from core.wire.networks import Networks
from core.wire.tls import Tls
from core.wire.udp_facts import DatagramFacts
from core.worker.accept import Acceptor
from core.worker.admission import Admission
from core.worker.making import Making, make_handler


class Door(Protocol):
    """Where requests come into one worker of an event source: connections that it accepts and a handler speaks on, or
    datagrams. Of a source over UDP, `make(settings, sockets, intake, parts, share)` gives it, for one of `share`
    workers; the sockets are bound when `start` is called."""

    largest: int
    """The most bytes that one request may have."""

    @property
    def tls(self) -> Tls | None:
        """What it shows to devices, where it speaks TLS."""
        ...

    def start(self) -> None:
        """Takes requests from now on."""
        ...

    @property
    def connections(self) -> Connections:
        """Those that are open, and the last that have ended; of UDP, the peers of which something is remembered."""
        ...

    def datagrams(self) -> DatagramFacts | None:
        """What the engine is told of its UDP socket, if it has one."""
        ...

    def look(self) -> bool:
        """Called once a second: whether there is something that the engine should be told."""
        ...

    def sweep(self, now: float) -> None:
        """Called four times a second with the loop's time: ends what is past its limit."""
        ...

    async def stop(self, last: bool) -> None:
        """Takes nothing more; with `last`, what the kernel holds is taken first, where it would else be lost."""
        ...

    def drain(self) -> None:
        """No new requests on what is open."""
        ...

    def held(self) -> int:
        """What must end before the worker does: connections, answers that are owed."""
        ...

    def abort(self) -> None:
        """Closes what is still open."""
        ...


class ConnectionsDoor:
    """Accepts connections, which a handler speaks on; see `Door`."""

    def __init__(self, handler: Handler, acceptor: Acceptor, tls: Tls | None) -> None:
        self.largest = handler.largest
        self.tls = tls
        self._handler = handler
        self._acceptor = acceptor

    def start(self) -> None:
        self._acceptor.start()

    @property
    def connections(self) -> Connections:
        return self._handler.connections

    def datagrams(self) -> DatagramFacts | None:
        return None

    def look(self) -> bool:
        return self.tls is not None and self.tls.look()

    def sweep(self, now: float) -> None:
        self._handler.sweep(now)

    async def stop(self, last: bool) -> None:
        await self._acceptor.stop()

    def drain(self) -> None:
        self._handler.drain()

    def held(self) -> int:
        return len(self._handler.connections)

    def abort(self) -> None:
        self._handler.abort()


def make_door(
    source: Configured, sockets: Sequence[socket.socket], intake: Intake, making: Making, folder: Path, share: int
) -> Door:
    """The door of one of a source's `share` workers; `folder` is the tenant's. ConfigurationError where a file that it
    needs cannot be used."""
    settings = source.settings
    assert isinstance(settings, ListeningSettings)
    if settings.transport == "udp":
        made: Door = source.component.make(settings, sockets, intake, making.source_parts(source), share)
        return made
    handler = make_handler(source.slots["interaction_handler"], intake, AuthenticationContext(folder), making)
    handler.sweep(asyncio.get_running_loop().time())
    tls = _make_tls(source, folder, handler)
    return ConnectionsDoor(handler, _make_acceptor(source, sockets, handler, intake, share, tls), tls)


def _make_tls(source: Configured, folder: Path, handler: Handler) -> Tls | None:
    """The source's TLS, its files read; None where it has none. ConfigurationError where they cannot be used."""
    slot = source.slots.get("tls")
    if slot is None:
        return None
    tls: Tls = slot.component.make(slot.settings, folder)
    tls.open(slot.path, handler.alpn)
    return tls


def _make_acceptor(
    source: Configured,
    listeners: Sequence[socket.socket],
    handler: Handler,
    intake: Intake,
    share: int,
    tls: Tls | None,
) -> Acceptor:
    """The acceptor of one of `share` workers."""
    settings = source.settings
    assert isinstance(settings, SocketSettings)
    most, most_of_one = (
        -(-limit // share) for limit in (settings.max_connections, settings.max_connections_per_remote)
    )
    return Acceptor(listeners, Admission(handler, intake, most, most_of_one), tls, Networks(settings.proxy_protocol))
