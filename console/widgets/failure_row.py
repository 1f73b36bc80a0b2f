"""How a group of failures is written in a list: how many, whose, when, and under it the reason."""

from console.text import clock_text, count_text, local, sign
from console.widgets.painted import fit
from console.widgets.rows import Line, wrapped
from core.model.failures import FailureGroup

COUNT_CELLS = 9
WHEN_CELLS = len("30 Nov 14:02:11")
LEAST_SOURCE = 12
MOST_SOURCE = 40


def heading(width: int) -> Line:
    """The names of the columns."""
    cells = f"{'Count':>{COUNT_CELLS}}  {fit('Source', _source_cells(width))}  {'First':<{WHEN_CELLS}}  Last"
    return [(cells, "painted--quiet")]


def failure_lines(group: FailureGroup, width: int) -> list[Line]:
    """The figures; the reason; of a dismissed one a line more says why."""
    source = f"{group.tenant}/{group.source}"
    lines: list[Line] = [
        [
            (f"{count_text(group.count):>{COUNT_CELLS}}  ", "rows--title"),
            (f"{fit(source, _source_cells(width))}  ", ""),
            (f"{when(group.first):<{WHEN_CELLS}}  {when(group.last)}", "painted--quiet"),
        ]
    ]
    lines += wrapped(f"{sign('✕')} {group.reason}", "rows--error", width, COUNT_CELLS + 2)
    if group.dismissed is not None:
        lines += wrapped(f"dismissed: {group.dismissed.why}", "painted--quiet", width, COUNT_CELLS + 2)
    return lines


def when(date: str) -> str:
    """The day and the time."""
    return f"{local(date):%d %b} {clock_text(date).partition('.')[0]}"


def _source_cells(width: int) -> int:
    return max(LEAST_SOURCE, min(MOST_SOURCE, width - COUNT_CELLS - 2 * WHEN_CELLS - 6))
