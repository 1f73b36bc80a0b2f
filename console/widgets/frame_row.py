"""How a frame of a connection is written: what came, what became of it, and what was answered, as bytes."""

from console.text import bytes_text, clock_text, sign
from console.widgets.rows import Line, wrapped
from console.widgets.traffic_row import became_now, outcome_class
from core.control.connections import ConnectionFrame
from core.model.connections import ConnectionDetail
from core.model.hex_dump import dump

SHOWN_LINES = 8
"""Lines of a frame's bytes in the list."""
INDENT = 2
OFFSET_CELLS = 6
"""Four digits: no more than 4 KiB stand here."""


def frame_lines(frame: ConnectionFrame, width: int) -> list[Line]:
    """The lines of one frame."""
    row = frame.request
    head: Line = [
        (f"{sign('▸')} in   ", "rows--key"),
        (f"{clock_text(row.received_date)}  {bytes_text(frame.came_size):>9}  {row.outcome}  ", outcome_class(row)),
    ]
    if row.outcome == "decoded":
        head += became_now(row, max(1, width - sum(len(text) for text, _ in head)))
    reason = f"{sign('✕')} {row.reason}" if row.reason else ""
    lines = [head, *(wrapped(reason, outcome_class(row), width, INDENT) if reason else [])]
    lines += _dumped(frame.came, frame.came_size, width)
    if frame.answered:
        answered = f"{'':14}{bytes_text(frame.answered_size):>9}"
        lines.append([(f"{sign('◂')} out  ", "rows--key"), (answered, "")])
        lines += _dumped(frame.answered, frame.answered_size, width)
    return lines


def unfinished_lines(detail: ConnectionDetail, width: int) -> list[Line]:
    """What is here of a frame that is not whole."""
    said = f"{'':14}{bytes_text(detail.unfinished):>9}  of an unfinished frame"
    head: Line = [(f"{sign('▸')} in   ", "rows--key"), (said, "rows--changing")]
    return [head, *_dumped(detail.tail, detail.unfinished, width)]


def _dumped(data: bytes, size: int, width: int) -> list[Line]:
    bytes_a_line = next((some for some in (16, 12, 8, 6, 4) if INDENT + OFFSET_CELLS + some * 4 <= width), 2)
    shown = data[: SHOWN_LINES * bytes_a_line]
    lines: list[Line] = [
        [(f"{'':{INDENT}}{line.offset[-4:]}  ", "painted--quiet"), (line.cells, ""), (line.text, "painted--string")]
        for line in dump(shown, bytes_a_line)
    ]
    if size > len(shown):
        lines.append([(f"{'':{INDENT}}{sign('…')} {size - len(shown):,} bytes more", "painted--quiet")])
    return lines
