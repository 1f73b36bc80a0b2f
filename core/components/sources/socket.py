"""Socket Event Source: devices connect to a TCP port; an interaction handler reads what they say."""

from typing import Annotated

from core.catalogue.component import Component, SiteWhereName, Slot
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration, Size
from core.wire.listen import listen_tcp
from core.wire.networks import network_fault


class SocketSettings(Settings):
    """Settings of a socket event source."""

    id: Annotated[
        str,
        setting(
            "Source id",
            "names this source everywhere; a renamed source is a new one",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
            pattern_help="is no id: letters, digits, - and _, at most 64, beginning with a letter or digit",
        ),
    ]
    port: Annotated[int, setting("Port", "where devices connect", least=1, most=65535)] = 8484
    bind_address: Annotated[
        str,
        setting(
            "Bind address",
            "127.0.0.1 is this machine only; 0.0.0.0 every IPv4 address, :: every address",
            pattern=r"[0-9A-Fa-f.:]+(%\w+)?|localhost",
            pattern_help="is no address: write one such as 127.0.0.1, 0.0.0.0 or ::",
        ),
    ] = "127.0.0.1"
    threads: Annotated[
        int,
        setting(
            "Number of threads",
            "how many workers take requests in parallel; each is a process of its own",
            least=1,
            most=64,
        ),
    ] = 1
    enabled: Annotated[bool, setting("Enabled", "started with its tenant", folded=True)] = True
    max_connections: Annotated[
        int,
        setting(
            "Most connections",
            "how many devices may be connected at a time; one more is turned away (HTTP: 503)",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = 10000
    max_connections_per_remote: Annotated[
        int,
        setting(
            "Most connections of one address",
            "how many of them may come from one address; one more is turned away (HTTP: 503)",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = 1000
    proxy_protocol: Annotated[
        tuple[str, ...],
        setting(
            "PROXY protocol from",
            "addresses or networks of proxies that begin each connection with a PROXY protocol header, version 1 or 2; "
            "none given: it is not read",
            check=network_fault,
            folded=True,
        ),
    ] = ()
    drain: Annotated[
        Duration,
        setting(
            "Drain",
            "how long a stopping source may take to answer what it holds",
            least="0 s",
            most="10 min",
            folded=True,
        ),
    ] = Duration("10 s")
    max_memory: Annotated[
        Size,
        setting(
            "Most memory",
            "of one worker; a worker past it is ended and replaced",
            least="64 MiB",
            most="1 TiB",
            folded=True,
        ),
    ] = Size("512 MiB")


COMPONENT = Component(
    role="event_source",
    type="socket",
    title="Socket Event Source",
    summary="devices connect to a TCP port and send",
    settings=SocketSettings,
    make=listen_tcp,
    slots=(
        Slot("interaction_handler", "interaction_handler", "Socket Interaction Handler Factory"),
        Slot("decoder", "decoder", "Binary Event Decoder"),
        Slot("deduplicator", "deduplicator", "Event Deduplicator", required=False),
        Slot("tls", "tls", "Transport Layer Security", required=False),
    ),
    sitewhere=SiteWhereName("socket-event-source", {"sourceId": "id", "port": "port", "numThreads": "threads"}),
)
