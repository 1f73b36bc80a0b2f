"""Where a restored home is made, and how it appears."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

from core.config.files import make_folder, sync_folder
from core.config.home import Home, HomeLock
from core.errors import TidegateError

BUILDING: Final = ".restoring-"
"""What the names of folders that are being made begin or end with."""


def must_be_free(home: Path, made: Path | None = None) -> None:
    """TidegateError where something stands there; `made`, a folder in it, does not count."""
    if not home.exists() and not home.is_symlink():
        return
    if not home.is_dir():
        raise TidegateError(f"{home} is no folder: a backup is restored into one that is empty, or not there")
    left = [entry for entry in home.iterdir() if entry.name != "lost+found" and entry != made]
    if not left:
        return
    if (holder := HomeLock(Home(home)).holder()) is not None:
        raise TidegateError(f"{home} is in use by process {holder}: restore into another folder")
    if all(entry.name.startswith(BUILDING) for entry in left):
        raise TidegateError(f"{left[0]} is what a restore that was interrupted left: delete it first")
    raise TidegateError(f"{home} is not empty: a backup is restored into a folder that is, or is not there")


@contextlib.contextmanager
def building(home: Path) -> Generator[Path]:
    """A folder on the same disk: inside `home` where that is there, since it may be all that this user may write to."""
    try:
        if home.is_dir():
            folder = Path(tempfile.mkdtemp(prefix=BUILDING, dir=home))
        else:
            make_folder(home.parent)
            folder = Path(tempfile.mkdtemp(prefix=f".{home.name}{BUILDING}", dir=home.parent))
    except OSError as error:
        raise TidegateError(f"cannot make a home in {home}: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(made: Path, home: Path) -> None:
    """What was made becomes the home. The configuration comes last: it is what makes a folder a home."""
    if not home.is_dir():
        made.chmod(0o750)
        os.rename(made, home)
        sync_folder(home.parent)
        return
    for name in ("data", "scripts", "instance.toml", "tenants"):
        if (made / name).exists():
            os.rename(made / name, home / name)
    sync_folder(home)


def sync_all(folder: Path) -> None:
    """Brings the names in a folder, and in all below it, to disk."""
    for place, _, _ in os.walk(folder):
        sync_folder(Path(place))
