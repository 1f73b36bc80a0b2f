"""How one request is written in a feed: a line for what came, a line for what became of it."""

from dataclasses import dataclass

from rich.cells import cell_len

from console.text import bytes_text, clock_text, milliseconds_text, sign, visible
from console.widgets.painted import Piece, fit
from core.model.refusals import RefusedGroup
from core.model.requests import TrafficRow, asked

Line = TrafficRow | RefusedGroup
"""What a list of traffic shows: a request, or many that were refused and only counted."""

TIME_CELLS = len("14:02:11.578")
INDENT = TIME_CELLS + 3
"""Where the second line begins: under the source."""
STATUS_CELLS = 3
SIZE_CELLS = 9
DURATION_CELLS = 8
SOURCE_LIMIT = 20
REMOTE_LIMIT = 15
REMOTE_LIMIT_WIDE = 46
"""An IPv6 address with its port."""
WIDE = 110


@dataclass(slots=True)
class Columns:
    """The widths that the rows seen so far ask for; they only grow, so that lines don't jump sideways."""

    all_tenants: bool = True
    source: int = 4
    remote: int = 9
    request: int = 12

    def learn(self, row: Line, width: int) -> bool:
        """Takes a row into account; tells whether a column grew."""
        source = min(SOURCE_LIMIT, max(self.source, cell_len(visible(self.source_of(row)))))
        limit = REMOTE_LIMIT_WIDE if width >= WIDE else REMOTE_LIMIT
        remote = min(limit, max(self.remote, cell_len(visible(remote_of(row, width)))))
        request = min(width, max(self.request, cell_len(visible(asked_of(row)))))
        grew = (source, remote, request) != (self.source, self.remote, self.request)
        self.source, self.remote, self.request = source, remote, request
        return grew

    def source_of(self, row: Line) -> str:
        """The source as the feed names it: with its tenant where it shows several."""
        source = row.source if isinstance(row, RefusedGroup) else row.event_source
        return f"{row.tenant}/{source}" if self.all_tenants else source


def remote_of(row: Line, width: int) -> str:
    """The peer: with its port where there is room. Of refused requests that were only counted, the network."""
    if isinstance(row, RefusedGroup):
        return row.network
    return row.remote if width >= WIDE else row.remote.rpartition(":")[0] or row.remote


def row_line(row: Line, line: int, lines_a_row: int, columns: Columns, width: int) -> list[Piece]:
    """Line `line` of a row that is written in one line or two."""
    if isinstance(row, RefusedGroup):
        return refused_line(row, line, lines_a_row, columns, width)
    if lines_a_row == 1:
        return in_one_line(row, columns, width)
    if line == 0:
        return came(row, columns, width)
    return [(" " * INDENT, ""), *became_now(row, width - INDENT)]


def asked_of(row: Line) -> str:
    """Method and target; of refused requests that were only counted, how many."""
    return f"{row.count:,} more refused" if isinstance(row, RefusedGroup) else asked(row)


def refused_line(row: RefusedGroup, line: int, lines_a_row: int, columns: Columns, width: int) -> list[Piece]:
    """Refused requests that were only counted: how many of which network, and under it why."""
    came: list[Piece] = [
        (f"{clock_text(row.at)} ", "painted--quiet"),
        (f"{fit(columns.source_of(row), columns.source)} ", ""),
    ]
    if lines_a_row == 1:
        return [*came, (f"{sign('✕')} {row.words()}", "painted--warning")]
    if line == 0:
        return [
            *came,
            (f"{fit(remote_of(row, width), columns.remote)} ", "painted--quiet"),
            (asked_of(row), "painted--warning"),
        ]
    why = f"{sign('✕')} refused  {row.why()}"
    return [(" " * INDENT, ""), (fit(why, max(1, width - INDENT)), "painted--warning")]


def came(row: TrafficRow, columns: Columns, width: int) -> list[Piece]:
    """What came: time, source, remote, method and target, status, bytes, milliseconds."""
    fixed = TIME_CELLS + columns.source + columns.remote + STATUS_CELLS + SIZE_CELLS + DURATION_CELLS + 6
    request = min(columns.request, max(6, width - fixed))
    return [
        (f"{clock_text(row.received_date)} ", "painted--quiet"),
        (f"{fit(columns.source_of(row), columns.source)} ", ""),
        (f"{fit(remote_of(row, width), columns.remote)} ", "painted--quiet"),
        (f"{fit(asked(row), request)} ", ""),
        (f"{status_of(row):>{STATUS_CELLS}} ", outcome_class(row)),
        (f"{bytes_text(row.bytes):>{SIZE_CELLS}} ", "painted--quiet"),
        (f"{milliseconds_text(row.milliseconds):>{DURATION_CELLS}}", "painted--quiet"),
    ]


def became_now(row: TrafficRow, width: int) -> list[Piece]:
    """What it became; in front of it a mark where that is of a replay, with its number from the second on."""
    if not row.replayed:
        return became(row, width)
    mark = f"{sign('↻')}{row.replayed if row.replayed > 1 else ''} "
    return [(mark, "painted--key"), *became(row, max(1, width - cell_len(mark)))]


def became(row: TrafficRow, width: int) -> list[Piece]:
    """What it became: the first event in brief, or why there is none."""
    if row.outcome != "decoded":
        words = f"{sign('✕')} {'refused  ' if row.outcome == 'refused' else ''}"
        return [(words + fit(row.reason or "no reason given", max(1, width - len(words))), outcome_class(row))]
    if not row.decoded:
        return [("no events", "painted--quiet")]
    first = row.decoded[0]
    more = row.events - 1
    pieces = [(f"{first.device}  ", "painted--strong"), (f"{first.type}  ", "painted--quiet"), (first.text, "")]
    if more > 0:
        tail = f"  +{more:,} more"
        room = max(0, width - cell_len(tail) - sum(cell_len(visible(text)) for text, _ in pieces[:2]))
        text = first.text if cell_len(visible(first.text)) <= room else fit(first.text, room)
        pieces[2:] = [(text, ""), (tail, "painted--quiet")]
    return pieces


def in_one_line(row: TrafficRow, columns: Columns, width: int) -> list[Piece]:
    """Both in one line: time, source, status, and what it became; the rest is for wide terminals."""
    pieces = [
        (f"{clock_text(row.received_date)} ", "painted--quiet"),
        (f"{fit(columns.source_of(row), columns.source)} ", ""),
    ]
    if width >= WIDE:
        pieces.append((f"{fit(remote_of(row, width), columns.remote)} ", "painted--quiet"))
    pieces.append((f"{status_of(row):>{STATUS_CELLS}}  ", outcome_class(row)))
    used = sum(cell_len(text) for text, _ in pieces)
    return pieces + became_now(row, width - used)


def status_of(row: TrafficRow) -> str:
    """The status answered; a dash where the connection got none."""
    return str(row.status) if row.status is not None else sign("–")


def outcome_class(row: TrafficRow) -> str:
    """The component class that colours an outcome."""
    return {"failed": "painted--error", "refused": "painted--warning"}.get(row.outcome, "")
