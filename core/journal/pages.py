"""Rows out of the bytes of a SQLite file, page by page, for files that SQLite itself can't make sense of any more.

Only leaf pages of tables are looked at (sqlite.org/fileformat2, 1.5 to 2.1): each tells by itself which rows are on
it. In a segment rows are only ever added, so every row that is found on any page, or in any frame of the write-ahead
log, is one that a writer wrote.
"""

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

Value = None | int | float | str | bytes
Row = tuple[int, list[Value]]
"""Its rowid and its columns; that of an INTEGER PRIMARY KEY is None among them."""

PAGE_SIZE: Final = 4096
"""Of a file whose header does not tell: SQLite's default, which segments have."""

_LEAF: Final = 0x0D
_FRAME_HEAD: Final = 24
_LOG_HEAD: Final = 32
_INTEGERS: Final = (0, 1, 2, 3, 4, 6, 8)
"""Bytes of the serial types 0 to 6."""
_MOST_COLUMNS: Final = 100


class NoRow(Exception):
    """Bytes that are no row."""


class Pages:
    """All pages of a database file and its write-ahead log. `most` is how many bytes a row may have."""

    def __init__(self, file: Path, log: Path | None, most: int = 1 << 31) -> None:
        self._content = _mapped(file)
        self._log = _mapped(log) if log is not None and log.exists() else b""
        self._most = most
        self.size = self._page_size()
        self._latest: dict[int, int] = {}
        """Of each page that the log holds, where its last image begins there."""
        self._images = list(self._logged())
        for number, start in self._images:
            self._latest[number] = start

    def _page_size(self) -> int:
        for size in (int.from_bytes(self._content[16:18], "big"), int.from_bytes(self._log[8:12], "big")):
            if 512 <= size <= 32768 and size & (size - 1) == 0:
                return size
        return PAGE_SIZE

    def _logged(self) -> Iterator[tuple[int, int]]:
        """Number and place of each page image that belongs to the log as it was begun last."""
        salts = self._log[16:24]
        if salts != self._log[_LOG_HEAD + 8 : _LOG_HEAD + 16] and self._log[:3] != b"\x37\x7f\x06":
            salts = self._log[_LOG_HEAD + 8 : _LOG_HEAD + 16]  # the log's own head is gone
        for start in range(_LOG_HEAD, len(self._log) - _FRAME_HEAD, _FRAME_HEAD + self.size):
            if self._log[start + 8 : start + 16] == salts:
                yield int.from_bytes(self._log[start : start + 4], "big"), start + _FRAME_HEAD

    def page(self, number: int) -> bytes:
        """The newest image of a page; empty where there is none."""
        start = self._latest.get(number)
        if start is not None:
            return self._log[start : start + self.size]
        return self._content[(number - 1) * self.size : number * self.size] if number else b""

    def rows(self) -> Iterator[Row]:
        """Every row of every table that can be read, those of the newest images first; one may come several times."""
        for number, start in reversed(self._images):
            yield from self._rows_on(self._log[start : start + self.size], number)
        for number in range(1, len(self._content) // self.size + 1):
            yield from self._rows_on(self._content[(number - 1) * self.size : number * self.size], number)

    def _rows_on(self, page: bytes, number: int) -> Iterator[Row]:
        head = 100 if number == 1 else 0
        if len(page) <= head + 8 or page[head] != _LEAF:
            return
        count = int.from_bytes(page[head + 3 : head + 5], "big")
        for at in range(head + 8, min(head + 8 + 2 * count, len(page) - 1), 2):
            try:
                yield cell(page, int.from_bytes(page[at : at + 2], "big"), self.page, self._most)
            except NoRow:
                continue


def _mapped(file: Path) -> "mmap.mmap | bytes":
    with file.open("rb") as opened:
        if not os.fstat(opened.fileno()).st_size:
            return b""
        return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)


def cell(page: bytes, start: int, page_of: Callable[[int], bytes], most: int) -> Row:
    """The row whose cell begins there; NoRow where none does."""
    if not 8 <= start < len(page):
        raise NoRow
    size, at = varint(page, start)
    rowid, at = varint(page, at)
    if size > most or rowid < 1:
        raise NoRow
    largest = len(page) - 35
    local = size
    if size > largest:
        least = (len(page) - 12) * 32 // 255 - 23
        local = least + (size - least) % (len(page) - 4)
        if local > largest:
            local = least
    record = page[at : at + local]
    if len(record) != local:
        raise NoRow
    if local < size:
        following = int.from_bytes(page[at + local : at + local + 4], "big")
        record += _overflow(following, size - local, page_of)
    return rowid, columns(record)


def _overflow(number: int, size: int, page_of: Callable[[int], bytes]) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        page = page_of(number)
        part = page[4 : 4 + size]
        if not part:
            raise NoRow
        parts.append(part)
        size -= len(part)
        number = int.from_bytes(page[:4], "big")
    return b"".join(parts)


def columns(record: bytes) -> list[Value]:
    """What a record holds; NoRow where its head and its length do not go together."""
    head, at = varint(record, 0)
    types: list[int] = []
    while at < head:
        kind, at = varint(record, at)
        types.append(kind)
    if at != head or len(types) > _MOST_COLUMNS:
        raise NoRow
    values: list[Value] = []
    for kind in types:
        value, at = _value(record, kind, at)
        values.append(value)
    if at != len(record):
        raise NoRow
    return values


def _value(record: bytes, kind: int, at: int) -> tuple[Value, int]:
    if kind in (8, 9):
        return kind - 8, at
    if kind == 0:
        return None, at
    if kind in (7, 10, 11):  # a segment has no floats, and two kinds are nobody's
        raise NoRow
    size = _INTEGERS[kind] if kind < 7 else (kind - 12) // 2
    content = record[at : at + size]
    if len(content) != size:
        raise NoRow
    if kind < 7:
        return int.from_bytes(content, "big", signed=True), at + size
    return (content.decode("utf-8", "replace") if kind % 2 else content), at + size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends; NoRow where it does not end."""
    value = 0
    for place in range(at, min(at + 8, len(data))):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    if at + 8 < len(data):
        value = value << 8 | data[at + 8]
        return (value - (1 << 64) if value >> 63 else value), at + 9
    raise NoRow
