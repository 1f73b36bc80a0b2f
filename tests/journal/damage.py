"""Ways in which a segment's files are damaged."""

from collections.abc import Callable
from pathlib import Path

PAGE = 4096

Damage = Callable[[Path], None]


def log_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def overwrite(file: Path, page: int, count: int = 1) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * PAGE)
        opened.write(b"\xa5" * PAGE * count)


def middle(file: Path) -> None:
    """A page in the middle is overwritten."""
    overwrite(file, file.stat().st_size // PAGE // 2)


def header(file: Path) -> None:
    """The first page, with the header and the schema, is zeros."""
    with file.open("r+b") as opened:
        opened.write(bytes(PAGE))


def root(file: Path) -> None:
    """The root of the table that the rows are in; pages are made in the order of the schema."""
    overwrite(file, 5)


def cut(file: Path) -> None:
    """The last third is missing."""
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // PAGE * 2 // 3 * PAGE + 100)


def emptied(file: Path) -> None:
    """Nothing is left in the file."""
    with file.open("r+b") as opened:
        opened.truncate(0)
