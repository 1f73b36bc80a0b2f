"""Line Framing: a frame is a line; its end (CR LF, or LF alone) is taken off."""

from typing import Annotated

from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting
from core.wire.framing import Framed, Framing, FramingMaker, Step


class LineSettings(Settings):
    """Settings of the line framing."""

    keep_empty: Annotated[bool, setting("Keep empty lines", "an empty line is a frame too", folded=True)] = False


class LineFraming(Framed):
    """See `core.wire.framing.Framing`."""

    resyncs = True

    def __init__(self, keep_empty: bool) -> None:
        self._keep_empty = keep_empty

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        end = data.find(b"\n", seen)
        if end < 0:
            return None
        line = bytes(data[:end]).removesuffix(b"\r")
        return Step(end + 1, line if line or self._keep_empty else None)


def make(settings: LineSettings, context: object) -> FramingMaker:
    """Framings for connections."""

    def framing() -> Framing:
        return LineFraming(settings.keep_empty)

    return framing


COMPONENT = Component(
    role="framing",
    type="line",
    title="Line Framing",
    summary="every line is a frame",
    settings=LineSettings,
    make=make,
)
