"""How commands print: JSON one object a line, and tables and lines for people.

What came over the wire is never read as markup, and its control characters are shown instead of obeyed.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_encoder = msgspec.json.Encoder()

_CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")


def print_json(value: object) -> None:
    """One object on one line; bytes become base64. Flushed, since a reader may be waiting for it.

    JSON lets DEL, the C1 controls and Unicode's line ends stand as they are; a terminal or a splitter of lines minds.
    """
    line = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", _encoder.encode(value).decode())
    sys.stdout.buffer.write(line.encode() + b"\n")
    sys.stdout.buffer.flush()


def terminal(*, stderr: bool = False) -> Console:
    """Rich's way to the terminal: colours on a terminal alone and not under NO_COLOR, nothing taken as markup."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # Rich would end the process with status 1

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 1000  # what is piped is never wrapped
    return Terminal(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True, width=width)


def columns(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines; the columns named in `right` are aligned to it. One without a heading may wrap."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", no_wrap=bool(heading))
    return table
