"""What of a source's configuration decides who comes in and how: proxies, limits, TLS."""

import socket
from collections.abc import Sequence
from pathlib import Path

from core.catalogue.behaviour import Handler, Intake
from core.catalogue.configured import Configured
from core.components.sources.socket import SocketSettings
from core.wire.networks import Networks
from core.wire.tls import Tls
from core.worker.accept import Acceptor
from core.worker.admission import Admission


def make_tls(source: Configured, folder: Path, handler: Handler) -> Tls | None:
    """The source's TLS, its files read; None where it has none. ConfigurationError where they cannot be used."""
    slot = source.slots.get("tls")
    if slot is None:
        return None
    tls: Tls = slot.component.make(slot.settings, folder)
    tls.open(slot.path, handler.alpn)
    return tls


def make_acceptor(
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
