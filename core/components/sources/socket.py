"""Socket Event Source: devices connect to a TCP port; an interaction handler reads what they say."""

from typing import Annotated

from core.catalogue.component import Component, SiteWhereName, Slot
from core.catalogue.listening import ListeningSettings
from core.catalogue.settings import setting
from core.wire.listen import listen_tcp
from core.wire.networks import network_fault


class SocketSettings(ListeningSettings):
    """Settings of a socket event source."""

    transport = "tcp"

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
