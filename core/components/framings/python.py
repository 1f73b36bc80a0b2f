"""Python Framing: a function of the operator's says where a frame ends, where no other framing can."""

from typing import Annotated, Any

from core.catalogue.component import Component, ScriptTemplate
from core.catalogue.contracts import FRAME
from core.catalogue.decoding import DecodeFailed
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, script_path
from core.catalogue.units import Duration
from core.catalogue.worker_context import DecoderContext, Script
from core.wire.framing import BadFrame, Framed, FramingMaker, Step


class PythonFramingSettings(Settings):
    """Settings of the Python framing."""

    script: Annotated[str, script_path(f"{IN_FOLDERS}; it acts when saved", example="frame.py", script=FRAME)]
    timeout: Annotated[
        Duration,
        setting("Time limit", "of one look at the bytes that are here", least="1 ms", most="10 s", folded=True),
    ] = Duration("200 ms")


class PythonFraming(Framed):
    """See `core.wire.framing.Framing`. What the script raises, or gives that is none of the three things it may give,
    ends the connection, with its bytes kept."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._state: dict[str, Any] = {}
        self._where = ""

    def remember(self, state: dict[str, Any], where: str) -> None:
        """See `core.wire.framing.Remembering`."""
        self._state, self._where = state, where

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        buffer = bytes(memoryview(data)[:most])
        try:
            said = self._script.call(buffer, self._where, buffer, self._state)
        except DecodeFailed as failed:
            raise BadFrame(str(failed)) from failed
        return _step(said, len(buffer))


def _step(said: object, size: int) -> Step | None:
    match said:
        case None:
            return None
        case bool():
            pass
        case int() if 1 <= said <= size:
            return Step(said, None, f"{said} bytes that the framing script passes over")
        case (int() as take, bytes() | bytearray() as frame) if 1 <= take <= size:
            return Step(take, bytes(frame))
        case (int() as take, None) if 1 <= take <= size:
            return Step(take, None)
        case _:
            pass
    given = repr(said)
    raise BadFrame(
        f"frame gave {given[:80]}: it gives None for more bytes, how many of the {size} bytes to pass over, or how "
        "many to take and the frame"
    )


def make(settings: PythonFramingSettings, context: DecoderContext) -> FramingMaker:
    """Framings for connections."""
    script = context.script(settings.script, FRAME, settings.timeout)
    return lambda: PythonFraming(script)


TEMPLATE = '''"""Says where a frame ends: here its first byte is the length of what follows."""


def frame(buffer: bytes, state: dict):
    # buffer: what has come of this connection and belongs to no frame yet, at most as long as a frame may be
    # give None to wait for more bytes, a number to pass over so many bytes,
    # or (how many bytes to take, the frame as the decoder is given it)
    size = 1 + buffer[0]
    if len(buffer) < size:
        return None
    return size, buffer[1:size]
'''

COMPONENT = Component(
    role="framing",
    type="python",
    title="Python Framing",
    summary="a function of yours says where a frame ends",
    settings=PythonFramingSettings,
    make=make,
    templates=(ScriptTemplate("frame.py", "A length byte and what follows it", TEMPLATE),),
    script_suffix=".py",
)
