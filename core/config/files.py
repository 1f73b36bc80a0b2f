"""Files that are there whole or not at all, also after a crash."""

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path

from core.errors import TidegateError

WRITING = threading.RLock()
"""Held from looking at what is there to writing what follows from it: callers may be in several threads."""


def revision(text: str) -> str:
    """Names a text's content: a short SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def read_text(path: Path) -> str | None:
    """A file's text with its line ends as they are; None where there is no such file."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TidegateError(f"cannot read {path}: {error.strerror}") from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TidegateError(f"{path}:{line}: is not UTF-8: save the file in that encoding") from error


def write_text(path: Path, text: str, mode: int = 0o640) -> None:
    """Writes a file whole: a temporary file, fsync, rename, fsync of the folder. A present file keeps its mode;
    a symbolic link stays one and its target is written."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise TidegateError(f"cannot write {path.name}: character {error.start} cannot be written as UTF-8") from error
    target = Path(os.path.realpath(path))
    try:
        make_folder(target.parent)
        with contextlib.suppress(FileNotFoundError):
            mode = target.stat().st_mode & 0o777
        _replace(target, content, mode)
    except OSError as error:
        raise TidegateError(f"cannot write {path}: {error.strerror}") from error


def write_private(path: Path, content: bytes) -> None:
    """Writes a file whole, 0600; a folder that it has to make is 0700. What stood there, a symbolic link too, is
    replaced."""
    try:
        make_folder(path.parent.parent)
        make_folder(path.parent, 0o700)
        _replace(path, content, 0o600)
    except OSError as error:
        raise TidegateError(f"cannot write {path}: {error.strerror}") from error


def _replace(target: Path, content: bytes, mode: int) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    sync_folder(target.parent)


def remove_file(path: Path) -> None:
    """Removes a file for good, if it is there."""
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise TidegateError(f"cannot remove {path}: {error.strerror}") from error


def make_folder(path: Path, mode: int = 0o750) -> None:
    """Makes a folder and those above it that are missing; one that is there keeps its mode."""
    if path.is_dir():
        return
    make_folder(path.parent, mode)
    path.mkdir(mode=mode, exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Brings a folder's entries to disk, so that a rename or a removal survives a crash."""
    sync_file(path)


def sync_file(path: Path) -> None:
    """Brings to disk what somebody has written into a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
