"""Fixed Length Framing: every frame has the same number of bytes."""

from typing import Annotated

from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting
from core.wire.framing import Framed, FramingMaker, Step


class FixedSettings(Settings):
    """Settings of the fixed length framing."""

    length: Annotated[int, setting("Length", "bytes of every frame", least=1, most=16_777_216, unit="bytes")]


class FixedFraming(Framed):
    """See `core.wire.framing.Framing`."""

    def __init__(self, length: int) -> None:
        self._length = length

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        return Step(self._length, bytes(data[: self._length])) if len(data) >= self._length else None


def make(settings: FixedSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: FixedFraming(settings.length)


COMPONENT = Component(
    role="framing",
    type="fixed",
    title="Fixed Length Framing",
    summary="every frame has the same length",
    settings=FixedSettings,
    make=make,
)
