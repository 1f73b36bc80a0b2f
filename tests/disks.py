"""Small disks for tests of what happens when one is full."""

import os
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

Mount = Callable[[Path, int], None]


@contextmanager
def small_disks() -> Generator[Mount]:
    """A function that puts a disk of so many bytes in a folder's place; skips the test where that is not allowed."""
    places: list[Path] = []

    def mount(place: Path, size: int) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small disk")
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted: {done.stderr.decode().strip()}")
        places.append(place)

    try:
        yield mount
    finally:
        for place in reversed(places):
            subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast: Path, keep: int = 0) -> None:
    """Takes all the room but `keep` bytes."""
    room = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        try:
            file.write(bytes(max(0, room.f_bavail * room.f_frsize - keep)))
            file.flush()
        except OSError:
            pass
