"""A configuration's text, cut into blocks at its table headers, with the line of every table and key.

A block is a header with its keys; the comment lines directly above a header belong to it, and those directly below
its last key. What lies between two blocks (blank lines, comments that stand alone) is nobody's: it stays where it is.
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from core.config.scan import Entry, Header, Key, scan
from core.errors import ConfigurationError, Fault

MOST_DEEP = 64
"""Tables and lists inside each other; a composite decoder takes four for each one inside it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A table with lines of its own; `header` is None for the keys above the first one."""

    path: Key
    header: Header | None
    start: int
    end: int


class Document:
    """A TOML text with what it means and where it says it; ConfigurationError names the line of a syntax error."""

    def __init__(self, text: str, file: str = "") -> None:
        self.text = text
        self.data = parse(text, file)
        try:
            self._scan = scan(text)
        except RecursionError:
            raise ConfigurationError([_too_deep(file)]) from None

    @property
    def headers(self) -> list[Header]:
        return self._scan.headers

    @property
    def entries(self) -> list[Entry]:
        return self._scan.entries

    @property
    def newline(self) -> str:
        """How this text ends its lines."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def entry(self, path: Key) -> Entry | None:
        """The key, or the inline array's item, that gives the value at `path`."""
        return next((entry for entry in self.entries if entry.path == path), None)

    def block(self, path: Key) -> Block | None:
        """The table at `path`, where it has a header."""
        return next((block for block in self.blocks if block.header and block.path == path), None)

    def comments_in(self, start: int, end: int) -> list[str]:
        """The comments between two offsets."""
        found = self._scan.comments
        return [self.text[comment.start : comment.end] for comment in found if start <= comment.start < end]

    def line_of(self, path: Key) -> int:
        """The line where `path` is said: its own, or that of the nearest table above it; 0 for the whole text."""
        while path and path not in self._first_lines:
            path = path[:-1]
        return self._first_lines.get(path, 0)

    @cached_property
    def _first_lines(self) -> dict[Key, int]:
        """Where each path is said first; a table without a header is said where something in it is."""
        said = [
            *((header.path, header.line) for header in self.headers),
            *((one.path, one.line) for one in self.entries),
        ]
        first = dict(reversed(said))
        for path, line in said:
            for size in range(len(path) - 1, 0, -1):
                first[path[:size]] = min(line, first.get(path[:size], line))
        return first

    @cached_property
    def blocks(self) -> list[Block]:
        """The blocks in the order of the text."""
        spans = self._spans()
        blocks: list[Block] = []
        if None in spans:
            blocks.append(self._cut(None, *spans[None]))
        return blocks + [self._cut(header, *spans[header]) for header in self.headers]

    def _spans(self) -> dict[Header | None, tuple[int, int]]:
        """From a header (or, without one, the first key) to the end of its last value."""
        spans: dict[Header | None, tuple[int, int]] = {header: (header.start, header.end) for header in self.headers}
        starts = [header.start for header in self.headers]
        for entry in self.entries:
            if entry.inside is None:
                above = bisect_right(starts, entry.start)
                header = self.headers[above - 1] if above else None
                spans[header] = (spans.get(header, (entry.key_start, 0))[0], entry.end)
        return spans

    def _cut(self, header: Header | None, start: int, end: int) -> Block:
        lines = self._lines
        first, last = lines.at(start), lines.at(end - 1)
        while first - 1 in self._comment_lines:
            first -= 1
        below = last
        while below + 1 in self._comment_lines:
            below += 1
        if below + 1 < len(lines) and not lines.blank(below + 1):
            below = last  # those comments are the next header's
        return Block(header.path if header else (), header, lines.start(first), lines.end(below))

    @cached_property
    def _lines(self) -> "_Lines":
        return _Lines(self.text)

    @cached_property
    def _comment_lines(self) -> set[int]:
        return {self._lines.at(comment.start) for comment in self._scan.comments if comment.own_line}


class _Lines:
    """A text's lines as offsets; only TOML's own line ends count."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        if len(self._starts) > 1 and self._starts[-1] == len(text):
            self._starts.pop()

    def __len__(self) -> int:
        return len(self._starts)

    def at(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def start(self, line: int) -> int:
        return self._starts[line]

    def end(self, line: int) -> int:
        return self._starts[line + 1] if line + 1 < len(self._starts) else len(self._text)

    def blank(self, line: int) -> bool:
        return not self._text[self.start(line) : self.end(line)].strip()


def parse(text: str, file: str = "") -> dict[str, Any]:
    """A text's data; ConfigurationError says on which line it is no TOML."""
    try:
        text.encode()
        data = tomllib.loads(text)
        if not _is_deep(data):
            return data
        fault = _too_deep(file)
    except RecursionError:
        fault = _too_deep(file)
    except UnicodeEncodeError as error:
        fault = Fault(
            message="holds a character that cannot be saved as UTF-8", file=file, line=_row(text, error.start)
        )
    except ValueError as error:  # tomllib's own error is one, and so is that of a number with too many digits
        fault = _syntax_fault(text, str(error), file)
    raise ConfigurationError([fault])


def _is_deep(data: dict[str, Any]) -> bool:
    """Whether more is nested in it than what reads it may go down."""
    level: list[Any] = [data]
    for _ in range(MOST_DEEP):
        level = [
            inner
            for outer in level
            for inner in (cast("dict[str, Any]", outer).values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _too_deep(file: str) -> Fault:
    return Fault(message="is nested too deeply", file=file)


def _syntax_fault(text: str, said: str, file: str) -> Fault:
    match = re.fullmatch(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", said, re.DOTALL)
    if match is None:
        return Fault(message=f"is no TOML: {said}", file=file)
    what = match[1][:1].lower() + match[1][1:]
    if match[2] is None:
        return Fault(message=f"is no TOML: {what} at the end", file=file, line=_row(text, len(text)))
    return Fault(message=f"is no TOML: {what} (column {match[3]})", file=file, line=int(match[2]))


def _row(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
