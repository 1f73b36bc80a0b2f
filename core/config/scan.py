"""Where everything stands in a TOML text: headers, keys, values and comments, by offset and line.

tomllib says what a text means and not where it says it. This walks a text that tomllib has accepted, so it need not
judge, only find the ends of things (TOML 1.0).
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

Key = tuple[str | int, ...]
"""Where a value stands in the data: `("device_communication", "event_sources", 0, "port")`."""
Shape = Literal["scalar", "array", "table"]


@dataclass(frozen=True, slots=True)
class Header:
    """`[a.b]` or `[[a.b]]`; `start` and `end` enclose the brackets."""

    path: Key
    array: bool
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value, or an item of an inline array (whose key is empty).

    `inside` is the path of the inline array or table that holds it, None where the entry has lines of its own.
    `table` is the path of the header it stands under.
    """

    path: Key
    table: Key
    inside: Key | None
    shape: Shape
    key_start: int
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Comment:
    start: int
    end: int
    own_line: bool
    """Nothing else stands on its line, and it is not within a value."""


@dataclass(slots=True)
class Scan:
    """What was found in a text, in the order of the text."""

    headers: list[Header] = field(default_factory=list[Header])
    entries: list[Entry] = field(default_factory=list[Entry])
    comments: list[Comment] = field(default_factory=list[Comment])


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"#[^\r\n]*")


def scan(text: str) -> Scan:
    """Finds everything in a text that tomllib accepts."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found = Scan()
        self._table: Key = ()
        self._counts: dict[Key, int] = {}  # how many [[…]] of a path came by
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def run(self) -> Scan:
        while self._skip(_SPACE) < len(self._text):
            match self._text[self._at]:
                case "#":
                    self._comment(own_line=True)
                case "[":
                    self._header()
                case _:
                    self._pair(self._table, inside=None)
                    self._skip(_BLANK)
                    if self._peek() == "#":
                        self._comment(own_line=False)
        return self._found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, what: re.Pattern[str]) -> int:
        match = what.match(self._text, self._at)
        if match:
            self._at = match.end()
        return self._at

    def _line(self, offset: int) -> int:
        return bisect_right(self._line_starts, offset)

    def _comment(self, *, own_line: bool) -> None:
        start = self._at
        self._skip(_COMMENT)
        self._found.comments.append(Comment(start, self._at, own_line))

    def _header(self) -> None:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        names = self._keys()
        self._skip(_BLANK)
        self._at += 2 if array else 1
        path = self._resolve(names, array)
        self._table = path
        self._found.headers.append(Header(path, array, start, self._at, self._line(start)))
        self._skip(_BLANK)
        if self._peek() == "#":
            self._comment(own_line=False)

    def _resolve(self, names: list[str], array: bool) -> Key:
        path: Key = ()
        for place, name in enumerate(names, start=1):
            path = (*path, name)
            if array and place == len(names):
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _keys(self) -> list[str]:
        """A key's parts; the scanner then stands behind the last one."""
        names: list[str] = []
        while True:
            self._skip(_BLANK)
            start = self._at
            if self._peek() in "\"'":
                self._skip(_BASIC if self._peek() == '"' else _LITERAL)
                names.append(next(iter(tomllib.loads(f"{self._text[start : self._at]} = 0"))))
            else:
                self._skip(_BARE)
                names.append(self._text[start : self._at])
            behind = self._at
            self._skip(_BLANK)
            if self._peek() != ".":
                self._at = behind
                return names
            self._at += 1

    def _pair(self, above: Key, inside: Key | None) -> None:
        key_start = self._at
        names = self._keys()
        self._skip(_BLANK)
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._value((*above, *names), inside, key_start)

    def _value(self, path: Key, inside: Key | None, key_start: int) -> None:
        start, place = self._at, len(self._found.entries)
        shape = self._walk_value(path)
        entry = Entry(path, self._table, inside, shape, key_start, start, self._at, self._line(key_start))
        self._found.entries.insert(place, entry)

    def _walk_value(self, path: Key) -> Shape:
        if self._peek() == "[":
            self._array(path)
            return "array"
        if self._peek() == "{":
            self._inline_table(path)
            return "table"
        for opening, pattern in (('"""', _LONG_BASIC), ("'''", _LONG_LITERAL), ('"', _BASIC), ("'", _LITERAL)):
            if self._text.startswith(opening, self._at):
                self._skip(pattern)
                return "scalar"
        start = self._at
        self._skip(_SCALAR)
        self._at = start + len(self._text[start : self._at].rstrip(" \t"))
        return "scalar"

    def _array(self, path: Key) -> None:
        self._at += 1
        place = 0
        while self._between() != "]":
            self._value((*path, place), path, self._at)
            place += 1
        self._at += 1

    def _inline_table(self, path: Key) -> None:
        self._at += 1
        while self._between() != "}":
            self._pair(path, inside=path)
        self._at += 1

    def _between(self) -> str:
        """Passes spaces, commas and comments within an inline value, and gives what comes next."""
        while True:
            self._skip(_SPACE)
            if self._peek() == "#":
                self._comment(own_line=False)
            elif self._peek() == ",":
                self._at += 1
            else:
                return self._peek()
