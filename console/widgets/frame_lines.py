"""The bytes of frames, as the tabs of a request show them."""

from console.text import bytes_text, sign
from console.widgets.painted import Piece
from core.model.hex_dump import dump
from core.model.requests import RequestDetail

BYTES_SHOWN = 64 * 1024
"""Bytes of a dump; more would take longer to lay out than a key may take."""
OFFSET = 10
"""Characters of a line in front of its bytes."""
CELLS = 48


def wire_lines(detail: RequestDetail) -> list[str]:
    """The frame as it came, where that is something else than the body."""
    if detail.wire is None:
        return ["the same as the body: the framing changed nothing"]
    size, body = bytes_text(len(detail.wire)), bytes_text(len(detail.payload))
    return [f"{size} on the wire, of which the body's {body} were made", "", *_dumped(detail.wire)]


def answer_lines(detail: RequestDetail) -> list[str]:
    """What was answered."""
    if detail.answer is None:
        return ["nothing was answered"]
    return [f"{bytes_text(len(detail.answer))}, sent after the commit", "", *_dumped(detail.answer)]


def _dumped(data: bytes) -> list[str]:
    lines = [f"{line.offset}  {line.cells}{line.text}" for line in dump(data[:BYTES_SHOWN])]
    left = len(data) - BYTES_SHOWN
    return [*lines, f"{sign('…')} {left:,} more; w saves all"] if left > 0 else lines


def dump_colours(line: str) -> list[Piece]:
    """A dump's line: its offset, its bytes, its text."""
    if len(line) < OFFSET + CELLS or not all(char in "0123456789abcdef" for char in line[: OFFSET - 2]):
        return [(line, "painted--quiet")]
    return [
        (line[:OFFSET], "painted--quiet"),
        (line[OFFSET : OFFSET + CELLS], ""),
        (line[OFFSET + CELLS :], "painted--string"),
    ]
