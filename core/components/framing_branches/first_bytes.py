"""Match First Bytes: a branch of a branching framing, for frames that begin with certain bytes."""

from typing import Annotated, cast

from core.catalogue.component import Component, Slot
from core.catalogue.composition import Parts
from core.catalogue.naming import ID, ID_HELP
from core.catalogue.octets import octets, octets_fault
from core.catalogue.settings import Settings, setting
from core.wire.branching import Branch
from core.wire.framing import FramingMaker


class FirstBytesSettings(Settings):
    """Settings of the branch."""

    id: Annotated[str, setting("Name", "names this branch, such as login", pattern=ID, pattern_help=ID_HELP)]
    bytes: Annotated[
        str | None,
        setting(
            "Bytes",
            "what such frames have there, as text or as hex such as 0x7878; none given: all others",
            check=octets_fault,
        ),
    ] = None
    offset: Annotated[int, setting("Offset", "bytes of the frame before them", least=0, most=1024, unit="bytes")] = 0


def make(settings: FirstBytesSettings, context: object, parts: Parts) -> Branch:
    """The branch."""
    return Branch(
        octets(settings.bytes) if settings.bytes else b"", settings.offset, cast("FramingMaker", parts["framing"])
    )


COMPONENT = Component(
    role="framing_branch",
    type="first_bytes",
    title="Match First Bytes",
    summary="a framing for frames that begin with certain bytes",
    settings=FirstBytesSettings,
    make=make,
    slots=(Slot("framing", "framing", "Framing"),),
)
