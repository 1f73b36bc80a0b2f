"""What of a home belongs into a backup: its configuration, its journal, its dismissals and replays.

Not the index, which is built again; no locks, sockets, logs and slots, which are a running engine's; and secrets only
where they are asked for.
"""

import contextlib
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from core.catalogue.secrets import KEPT
from core.config.home import Home
from core.errors import TidegateError
from core.journal.folders import Folders

MOST_IN_MEMORY: Final = 4 << 20
"""Bytes of a configuration's file that is read at once with the others; a greater one is read when its turn comes."""
_MOST_TRIES: Final = 5
_KEY: Final = b"PRIVATE KEY-----"
"""In the first line of every private key in PEM (RFC 7468)."""


class ConfigFile(msgspec.Struct):
    """A file of the configuration as it was; `content` is None where it is too large to hold on to."""

    path: str
    """In the home."""
    file: Path
    mode: int
    size: int
    content: bytes | None


class Configured(msgspec.Struct):
    """The configuration of a home at one moment."""

    files: list[ConfigFile]
    missing_secrets: list[str]
    variables: list[str]


_Stamps = dict[str, tuple[int, int, int]]


def read_configuration(home: Home, *, with_secrets: bool) -> Configured:
    """All files of the configuration, of one moment: they are read again where one changes meanwhile."""
    for _ in range(_MOST_TRIES):
        before = _stamps(home)
        files = [_read(path, file) for path, file in _files(home)]
        if before == _stamps(home):
            return _without_secrets(home, files, with_secrets)
    raise TidegateError(f"the configuration in {home.root} changes all the time: try again when it rests")


def journal_files(home: Home) -> dict[str, Path]:
    """The segments by their paths in the home, the oldest first."""
    folders = Folders(home.journal)
    folders.changed(True)
    found = sorted(folders.segments.items(), key=lambda item: item[1].name)
    return {f"data/journal/{path}": file for path, file in found}


def _files(home: Home) -> list[tuple[str, Path]]:
    found = [("instance.toml", home.instance_file), ("data/dismissed.json", home.dismissals_file)]
    for folder in (home.scripts, home.tenants, home.replays):
        found += _walk(folder, folder.relative_to(home.root).as_posix(), frozenset())
    return [(path, file) for path, file in found if file.is_file()]


def _walk(folder: Path, path: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, Path]]:
    """Links are followed, for a scripts folder may be one into a checkout; one that leads back to itself is not."""
    try:
        facts = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    identity = (facts.st_dev, facts.st_ino)
    if identity in above:
        return
    for entry in entries:
        if entry.name == "__pycache__" or (entry.name.startswith(".") and f"{path}/{entry.name}" != "tenants/.removed"):
            continue  # hidden files are editors', or half written
        inner = f"{path}/{entry.name}"
        if not inner.isprintable():
            raise TidegateError(f"{inner!r} has a name that no backup holds: rename it")
        if entry.is_dir():
            yield from _walk(Path(entry.path), inner, above | {identity})
        elif entry.is_file():
            yield inner, Path(entry.path)


def _stamps(home: Home) -> _Stamps:
    stamps: _Stamps = {}
    for path, file in _files(home):
        with contextlib.suppress(FileNotFoundError):
            facts = file.stat()
            stamps[path] = facts.st_mtime_ns, facts.st_size, facts.st_ino
    return stamps


def _read(path: str, file: Path) -> ConfigFile:
    try:
        facts = file.stat()
        content = file.read_bytes() if facts.st_size <= MOST_IN_MEMORY else None
    except FileNotFoundError:
        return ConfigFile(path, file, 0, 0, b"")  # the stamps tell that it has gone
    except OSError as error:
        raise TidegateError(f"cannot read {file}: {error.strerror}") from error
    return ConfigFile(path, file, stat.S_IMODE(facts.st_mode), facts.st_size, content)


def _without_secrets(home: Home, files: Sequence[ConfigFile], with_secrets: bool) -> Configured:
    named = _named_secrets(home, files)
    kept: list[ConfigFile] = []
    left_out = named.elsewhere
    for file in files:
        if not with_secrets and (file.path in named.inside or _is_secret(file)):
            left_out.add(file.path)
        else:
            kept.append(file)
    return Configured(kept, sorted(left_out), sorted(named.variables))


def _is_secret(file: ConfigFile) -> bool:
    folder = _tenant_folder(file.path)
    if folder is not None and file.path.startswith(f"{folder}/{KEPT}/"):
        return True
    return file.content is not None and _KEY in file.content


def _tenant_folder(path: str) -> str | None:
    """The folder of the tenant that a file is of: `tenants/default`, `tenants/.removed/default-…`."""
    parts = path.split("/")
    if parts[0] != "tenants":
        return None
    return "/".join(parts[: 3 if parts[1] == ".removed" else 2])


class _Named(msgspec.Struct):
    """Where the tenants' files say that secrets are."""

    inside: set[str]
    """Paths in the home, also of what only a configuration of before names."""
    elsewhere: set[str]
    """Whole paths outside the home; these and `variables` only of what is active or staged."""
    variables: set[str]


def _named_secrets(home: Home, files: Sequence[ConfigFile]) -> _Named:
    named = _Named(set(), set(), set())
    for file in files:
        folder = _tenant_folder(file.path)
        if folder is None or not file.path.endswith(".toml") or file.content is None:
            continue
        try:
            data = tomllib.loads(file.content.decode())
        except ValueError:
            continue  # what cannot be read names nothing
        in_force = file.path.removeprefix(f"{folder}/") in ("tenant.toml", "staged.toml") and ".removed" not in folder
        for way, place in _secrets_in(data):
            if way == "env":
                named.variables |= {place} if in_force else set()
                continue
            whole = os.path.normpath(home.root / folder / place)
            if whole.startswith(f"{home.root}/"):
                named.inside.add(whole.removeprefix(f"{home.root}/"))
            elif in_force:
                named.elsewhere.add(whole)
    return named


def _secrets_in(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        if len(table) == 1:
            way, place = next(iter(table.items()))
            if way in ("file", "env") and isinstance(place, str):
                yield way, place
        for inner in table.values():
            yield from _secrets_in(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _secrets_in(inner)
