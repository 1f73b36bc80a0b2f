"""Start and End Framing: a frame stands between two byte strings, which may be the same; escapes inside are undone."""

from typing import Annotated, Literal

from core.catalogue.component import Component
from core.catalogue.octets import octets, octets_fault, pairs_fault
from core.catalogue.settings import Settings, setting
from core.wire.between import Between, Marks
from core.wire.framing import FramingMaker


class StartEndSettings(Settings):
    """Settings of the start and end framing."""

    start: Annotated[str, setting("Start", "what begins a frame, as text or as hex such as 0x7e", check=octets_fault)]
    end: Annotated[str, setting("End", "what ends it; it may be the same", check=octets_fault)]
    include: Annotated[bool, setting("Keep both", "start and end stay in the frame")] = True
    escapes: Annotated[
        tuple[str, ...],
        setting(
            "Escapes",
            "what stands for bytes that would end a frame, such as 0x7d01=0x7d, 0x7d02=0x7e; undone before the decoder",
            check=pairs_fault,
        ),
    ] = ()
    nested: Annotated[bool, setting("Nested", "a start inside a frame needs an end of its own", folded=True)] = False
    trailer: Annotated[
        int,
        setting(
            "Trailer",
            "bytes behind the end that belong to the frame, such as a checksum",
            least=0,
            most=64,
            unit="bytes",
            folded=True,
        ),
    ] = 0
    before: Annotated[
        Literal["skip", "close"],
        setting("Before the start", "bytes that are no start are passed over, or end the connection", folded=True),
    ] = "skip"


def make(settings: StartEndSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    pairs = [pair.partition("=") for pair in settings.escapes]
    marks = Marks(
        start=octets(settings.start),
        end=octets(settings.end),
        include=settings.include,
        escapes={octets(escaped): octets(meant) for escaped, _, meant in pairs},
        nested=settings.nested,
        trailer=settings.trailer,
        skips=settings.before == "skip",
    )
    return lambda: Between(marks)


COMPONENT = Component(
    role="framing",
    type="start_end",
    title="Start and End Framing",
    summary="a frame begins and ends with bytes of its own; escapes are undone",
    settings=StartEndSettings,
    make=make,
)
