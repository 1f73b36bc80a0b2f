"""Branching Framing: frames of several kinds on one connection, told apart by their first bytes."""

from collections.abc import Sequence
from typing import Annotated, Literal, cast

from core.catalogue.component import Component, Slot
from core.catalogue.composition import Parts
from core.catalogue.settings import Settings, setting
from core.wire.branching import Branch, Branching
from core.wire.framing import FramingMaker


class BranchesSettings(Settings):
    """Settings of the branching framing."""

    otherwise: Annotated[
        Literal["close", "skip"],
        setting("Otherwise", "bytes that no branch is for end the connection, or are passed over", folded=True),
    ] = "close"


def make(settings: BranchesSettings, context: object, parts: Parts) -> FramingMaker:
    """Framings for connections."""
    branches = cast("Sequence[Branch]", parts["branches"])
    return lambda: Branching(branches, settings.otherwise)


COMPONENT = Component(
    role="framing",
    type="branches",
    title="Branching Framing",
    summary="frames of several kinds, told apart by their first bytes",
    settings=BranchesSettings,
    make=make,
    slots=(Slot("branches", "framing_branch", "Branches", many=True),),
)
