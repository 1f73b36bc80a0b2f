"""Framed Socket Interaction Handler Factory: a connection is frame after frame, each of them one payload."""

from typing import TYPE_CHECKING, Annotated, Literal, cast

from core.catalogue.component import Component, Slot
from core.catalogue.composition import Parts
from core.catalogue.handling import Intake
from core.catalogue.octets import octets
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import answering_script, fixed_answer, idle_limit, write_limit
from core.catalogue.units import Duration, Size
from core.scripting.answering import ANSWER_TEMPLATE, AnswerScript

if TYPE_CHECKING:
    from core.wire.framed import FramedHandler
    from core.wire.framing import FramingMaker


class FramedSettings(Settings):
    """Settings of the framed interaction handler."""

    max_frame: Annotated[Size, setting("Most frame", "bytes of one frame", least="1 B", most="16 MiB")] = Size("32 KiB")
    oversize: Annotated[
        Literal["close", "drop"],
        setting(
            "Oversize",
            "a frame that is longer ends the connection, or is dropped up to its end where the framing can find that",
            folded=True,
        ),
    ] = "close"
    answer: Annotated[str | None, fixed_answer("frame")] = None
    answer_script: Annotated[str | None, answering_script("frame")] = None
    idle_timeout: Annotated[Duration, idle_limit()] = Duration("10 min")
    write_timeout: Annotated[Duration, write_limit()] = Duration("30 s")


def make(settings: FramedSettings, intake: Intake, parts: Parts) -> "FramedHandler":
    """The handler of one worker."""
    from core.wire.framed import FramedHandler, FramedRules

    rules = FramedRules(
        framing=cast("FramingMaker", parts["framing"]),
        max_frame=int(settings.max_frame),
        oversize=settings.oversize,
        answer=octets(settings.answer) if settings.answer else b"",
        answering=AnswerScript(settings.answer_script, intake.context) if settings.answer_script else None,
        idle_timeout=settings.idle_timeout,
        write_timeout=settings.write_timeout,
    )
    return FramedHandler(rules, intake)


COMPONENT = Component(
    role="interaction_handler",
    type="framed",
    title="Framed Socket Interaction Handler Factory",
    summary="a connection is frame after frame, each one payload, answered when it is on disk",
    settings=FramedSettings,
    make=make,
    slots=(Slot("framing", "framing", "Framing"),),
    templates=(ANSWER_TEMPLATE,),
    script_suffix=".py",
)
