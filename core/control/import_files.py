"""What an import needs from the caller's machine: the XML, its properties file and the scripts that it names."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.control.importing import ImportSitewhere
from core.errors import TidegateError
from core.model.text import bytes_text

MOST_XML = 4 << 20
MOST_PROPERTIES = 1 << 20
MOST_SCRIPT = 1 << 20
MOST_SCRIPTS = 16 << 20
"""Bytes of all scripts together: they cross the control protocol in one message."""
GROOVY_FOLDER = "groovy"
"""Where SiteWhere keeps a tenant's scripts below `scripts/`."""


@dataclass(slots=True)
class ReadScripts:
    """Scripts by name, and why others could not be read."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    unread: dict[str, str] = field(default_factory=dict[str, str])


def request_of(file: Path, tenant: str, name: str | None = None, properties: Path | None = None) -> ImportSitewhere:
    """The request that looks at a file; TidegateError where one of the two cannot be read."""
    text = None
    if properties is not None:
        raw = _read(properties, MOST_PROPERTIES)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")  # what Java writes them in
    return ImportSitewhere(tenant=tenant, name=name, xml=_read(file, MOST_XML), file=file.name, properties=text)


def read_scripts(folder: Path, names: Iterable[str]) -> ReadScripts:
    """The named scripts out of a folder or the `groovy` folder in it, and nothing from outside of it."""
    if not folder.is_dir():
        raise TidegateError(f"there is no folder {folder}")
    read = ReadScripts()
    size = 0
    for name in names:
        try:
            raw = _read(_find(folder, name), MOST_SCRIPT)
            size += len(raw)
            if size > MOST_SCRIPTS:
                raise TidegateError(f"the scripts have more than {bytes_text(MOST_SCRIPTS)} together")
            read.texts[name] = raw.decode()
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            read.unread[name] = f"it is not UTF-8 at line {line}: save it in that encoding"
        except TidegateError as error:
            read.unread[name] = str(error)
    return read


def _find(folder: Path, name: str) -> Path:
    root = os.path.join(os.path.realpath(folder), "")
    for path in (folder / name, folder / GROOVY_FOLDER / name):
        if not os.path.realpath(path).startswith(root):
            raise TidegateError(f"it leads out of {folder}")
        if path.is_file():
            return path
    raise TidegateError(f"it is not in {folder}")


def _read(path: Path, most: int) -> bytes:
    try:
        if path.is_dir():
            raise TidegateError(f"{path} is a folder: a file was expected")
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise TidegateError(f"cannot read {path}: {why}") from error
    if len(raw) > most:
        raise TidegateError(f"{path} has more than {bytes_text(most)}")
    return raw
