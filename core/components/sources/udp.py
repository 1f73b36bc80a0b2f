"""UDP Event Source: devices send datagrams to a port; each is a request, and is answered to where it came from.

It has no interaction handler, for there is no connection to speak on, and no TLS, which needs one: what comes in is as
anybody on the way may have written it, and the address of a sender proves nothing.
"""

from collections.abc import Sequence
from socket import socket
from typing import TYPE_CHECKING, Annotated, cast

from core.catalogue.component import Component, Slot
from core.catalogue.composition import Parts
from core.catalogue.handling import Intake
from core.catalogue.listening import ListeningSettings
from core.catalogue.octets import octets
from core.catalogue.settings import setting
from core.catalogue.shared_settings import answering_script, fixed_answer
from core.catalogue.units import Duration, Size
from core.scripting.answering import ANSWER_TEMPLATE, AnswerScript

if TYPE_CHECKING:
    from core.wire.framing import FramingMaker
    from core.wire.udp import DatagramReceiver


class UdpSettings(ListeningSettings):
    """Settings of a UDP event source."""

    transport = "udp"

    port: Annotated[int, setting("Port", "where devices send their datagrams", least=1, most=65535)] = 8484
    answer: Annotated[str | None, fixed_answer("request")] = None
    answer_script: Annotated[str | None, answering_script("request")] = None
    max_datagram: Annotated[
        Size,
        setting("Most datagram", "bytes of one datagram; a longer one is refused", least="1 B", most="64 KiB"),
    ] = Size("64 KiB")
    receive_buffer: Annotated[
        Size | None,
        setting(
            "Receive buffer",
            "bytes that the kernel holds for each worker while it is busy; none given: the kernel's default. It gives "
            "net.core.rmem_max at most",
            least="4 KiB",
            most="1 GiB",
            folded=True,
        ),
    ] = None
    state_for: Annotated[
        Duration,
        setting(
            "Keep state for",
            "how long what scripts remember of a peer, an address and port, is kept after its last datagram",
            least="1 s",
            most="7 d",
            folded=True,
        ),
    ] = Duration("10 min")
    max_peers: Annotated[
        int,
        setting(
            "Most peers",
            "how many peers something may be remembered of; for one more, the one that has been quiet for longest goes",
            least=1,
            most=1_000_000,
            folded=True,
        ),
    ] = 10000


def make(
    settings: UdpSettings, sockets: Sequence[socket], intake: Intake, parts: Parts, share: int
) -> "DatagramReceiver":
    """The receiver of one of `share` workers."""
    from core.wire.udp import DatagramReceiver, DatagramRules

    rules = DatagramRules(
        max_datagram=int(settings.max_datagram),
        framing=cast("FramingMaker | None", parts.get("framing")),
        answer=octets(settings.answer) if settings.answer else b"",
        answering=AnswerScript(settings.answer_script, intake.context) if settings.answer_script else None,
        state_for=settings.state_for,
        max_peers=-(-settings.max_peers // share),
        receive_buffer=settings.receive_buffer,
    )
    return DatagramReceiver(rules, sockets, intake)


COMPONENT = Component(
    role="event_source",
    type="udp",
    title="UDP Event Source",
    summary="devices send datagrams to a UDP port, each a request",
    settings=UdpSettings,
    make=make,
    slots=(
        Slot("decoder", "decoder", "Binary Event Decoder"),
        Slot("framing", "framing", "Framing", required=False),
        Slot("deduplicator", "deduplicator", "Event Deduplicator", required=False),
    ),
    templates=(ANSWER_TEMPLATE,),
    script_suffix=".py",
)
