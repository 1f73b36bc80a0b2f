"""Read-All Socket Interaction Handler Factory: one connection is one payload, read until the device ends its side."""

from typing import TYPE_CHECKING, Annotated

from core.catalogue.component import Component, SiteWhereName
from core.catalogue.handling import Intake
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import idle_limit
from core.catalogue.units import Duration, Size

if TYPE_CHECKING:
    from core.wire.read_all import ReadAllHandler


class ReadAllSettings(Settings):
    """Settings of the read-all interaction handler."""

    max_payload: Annotated[
        Size,
        setting(
            "Most payload",
            "bytes of one connection; more is refused, and its beginning kept",
            least="1 B",
            most="256 MiB",
        ),
    ] = Size("1 MiB")
    idle_timeout: Annotated[
        Duration,
        idle_limit(
            "a connection on which nothing comes is ended after it; what came is refused", least="100 ms", most="1 d"
        ),
    ] = Duration("60 s")
    total_timeout: Annotated[
        Duration,
        setting(
            "Total time limit",
            "from the connection to its last byte; a payload that takes longer is refused",
            least="100 ms",
            most="1 d",
            folded=True,
        ),
    ] = Duration("10 min")


def make(settings: ReadAllSettings, intake: Intake) -> "ReadAllHandler":
    """The handler of one worker."""
    from core.wire.read_all import ReadAllHandler, ReadAllRules

    return ReadAllHandler(ReadAllRules(settings.max_payload, settings.idle_timeout, settings.total_timeout), intake)


COMPONENT = Component(
    role="interaction_handler",
    type="read_all",
    title="Read-All Socket Interaction Handler Factory",
    summary="one connection is one payload, read to its end; it has no answer",
    settings=ReadAllSettings,
    make=make,
    sitewhere=SiteWhereName("read-all-interaction-handler-factory"),
)
