"""Bytes for people: offset, bytes in hexadecimal, and what of them is ASCII."""

from typing import Final, NamedTuple

BYTES_A_LINE: Final = 16


class DumpLine(NamedTuple):
    """One line; `cells` is as long for every line of a dump."""

    offset: str
    cells: str
    text: str


def dump_line(data: bytes, start: int, width: int = BYTES_A_LINE) -> DumpLine:
    """The line of the `width` bytes from `start` on."""
    row = data[start : start + width]
    cells = " ".join(f"{byte:02x}" for byte in row).ljust(width * 3)
    return DumpLine(f"{start:08x}", cells, "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row))


def dump(data: bytes, width: int = BYTES_A_LINE) -> list[DumpLine]:
    """All lines, of `width` bytes each."""
    return [dump_line(data, start, width) for start in range(0, len(data), width)]
