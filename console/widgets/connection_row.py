"""How one connection is written in a list: who, since when, how much, and why it has ended."""

from console.text import bytes_text, count_text, local, sign
from console.widgets.painted import fit
from console.widgets.rows import Line
from core.model.connections import Connection

REMOTE_CELLS = len("255.255.255.255:65535")
REMOTE_CELLS_WIDE = 46
"""An IPv6 address with its port."""
CLOCK_CELLS = len("14:02:11")
COUNT_CELLS = 8
SIZE_CELLS = 10
STATE_CELLS = len("● closed")
LEAST_DEVICE = 8
MOST_DEVICE = 32
WIDE = 120


def heading(width: int) -> Line:
    """The names of the columns."""
    remote, device = _shares(width)
    cells = f"{fit('Remote', remote)} {fit('Device', device)} {'Opened':<8} {'Frames':>8} {'Last':<8} "
    if width >= WIDE:
        cells += f"{'In':>{SIZE_CELLS}} {'Out':>{SIZE_CELLS}} "
    return [(f"{cells}State", "painted--quiet")]


def connection_lines(connection: Connection, width: int) -> list[Line]:
    """One line; a second where there is more to say and no room behind the state."""
    remote, device = _shares(width)
    open = connection.closed_date is None
    line: Line = [
        (f"{fit(connection.remote, remote)} ", "rows--title" if open else ""),
        (f"{fit(connection.device or sign('–'), device)} ", ""),
        (f"{clock(connection.opened_date)} ", "painted--quiet"),
        (f"{count_text(connection.requests):>{COUNT_CELLS}} ", ""),
        (f"{clock(connection.last_date)} ", "painted--quiet"),
    ]
    if width >= WIDE:
        sizes = (bytes_text(connection.bytes_in), bytes_text(connection.bytes_out))
        line += [(f"{size:>{SIZE_CELLS}} ", "painted--quiet") for size in sizes]
    line.append((open_words(connection), "rows--started" if open else "rows--stopped"))
    said = about(connection)
    if not said:
        return [line]
    if width >= WIDE:
        return [[*line, (f"  {said}", "painted--quiet" if not open else "rows--changing")]]
    return [line, [(f"  {said}", "painted--quiet" if not open else "rows--changing")]]


def open_words(connection: Connection) -> str:
    """`● open` or `○ closed`."""
    return f"{sign('●')} open" if connection.closed_date is None else f"{sign('○')} closed"


def about(connection: Connection) -> str:
    """Why it has ended, and what is here of a frame."""
    here = f"{bytes_text(connection.unfinished)} of an unfinished frame" if connection.unfinished else ""
    return "; ".join(part for part in (connection.reason or "", here) if part)


def clock(date: str | None) -> str:
    """The time of day, to the second; a dash for none."""
    return f"{local(date):%H:%M:%S}" if date else fit(sign("–"), CLOCK_CELLS)


def _shares(width: int) -> tuple[int, int]:
    """The cells of remote and device."""
    remote = REMOTE_CELLS_WIDE if width >= WIDE else REMOTE_CELLS
    fixed = remote + 2 * CLOCK_CELLS + COUNT_CELLS + STATE_CELLS + 5
    return remote, max(LEAST_DEVICE, min(MOST_DEVICE, width - fixed))
