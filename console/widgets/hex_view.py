"""Bytes as a hex dump: offset, bytes, and what of them is ASCII."""

import bisect
import re

from textual.geometry import Size

from console.widgets.document import Document, overlaid
from console.widgets.painted import Piece

OFFSET_CELLS = 10
LARGEST = 16
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}\s*)+")


class HexView(Document):
    """A hex dump as wide as there is room for, at most 16 bytes a line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._data = b""
        self._places: list[tuple[int, int]] = []
        self._row = LARGEST

    def show_bytes(self, data: bytes) -> None:
        """Shows these bytes from their beginning."""
        self._data = data
        self._places, self._at = [], -1
        self._lay_out()
        self.scroll_home(animate=False, immediate=True)

    def line_count(self) -> int:
        return -(-len(self._data) // self._row)

    def _lay_out(self) -> None:
        width = self.fold_width
        room = (width - OFFSET_CELLS - 1) // 4
        self._row = next((size for size in (16, 12, 8, 6, 4) if size <= room), 2)
        self.forget_painted()
        self.virtual_size = Size(width, self.line_count())
        self.refresh()

    def pieces(self, y: int) -> list[Piece]:
        start = y * self._row
        row = self._data[start : start + self._row]
        cells = " ".join(f"{byte:02x}" for byte in row).ljust(self._row * 3)
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        pieces: list[Piece] = [(f"{start:08x}  ", "painted--quiet"), (cells, ""), (text, "painted--string")]
        letters = OFFSET_CELLS + len(cells)
        place = bisect.bisect_right(self._places, start, key=lambda span: span[1])
        while place < len(self._places) and self._places[place][0] < start + len(row):
            first, last = max(0, self._places[place][0] - start), min(len(row), self._places[place][1] - start)
            name = self._match_class(place)
            pieces = overlaid(pieces, OFFSET_CELLS + first * 3, OFFSET_CELLS + last * 3 - 1, name)
            pieces = overlaid(pieces, letters + first, letters + last, name)
            place += 1
        return pieces

    def search(self, text: str) -> int:
        """Finds `text`, or the bytes that it names in hex, and goes to the first place; how many there are."""
        wanted = text.encode()
        if wanted not in self._data and _HEX.fullmatch(text):
            wanted = bytes.fromhex(text)
        self._places = [match.span() for match in re.finditer(re.escape(wanted), self._data)] if wanted else []
        self._at = -1
        self.step(1)
        return len(self._places)

    def step(self, by: int) -> str:
        self.forget_painted()
        self.refresh()
        if not self._places:
            return ""
        self._at = (self._at + by) % len(self._places)
        y = self._places[self._at][0] // self._row
        if not self.scroll_offset.y <= y < self.scroll_offset.y + self.size.height:
            self.scroll_there(y - self.size.height // 3)
        return f"{self._at + 1:,} of {len(self._places):,}"
