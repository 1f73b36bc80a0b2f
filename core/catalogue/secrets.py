"""Secrets: settings that say where a secret is found, and never hold one.

In TOML a secret is `{ env = "NAME" }` or `{ file = "path" }`; a path that is not absolute is below the tenant's folder.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec

from core.errors import TidegateError

MOST_BYTES = 64 << 10
"""Bytes that a secret may have."""
LOOK_EVERY = 1.0
"""Seconds between two looks at a secret's file."""
KEPT = "secrets"
"""The folder, below the tenant's, in which the engine keeps what was typed into a secret's field."""
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
"""What the name of a secret that the engine keeps matches."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IMPLIED = ("event_sources", "interaction_handler")
"""Parts of a component's path that tell nothing more about it: a source has one handler."""


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is found: in an environment variable, or in a file. One of the two is given."""

    env: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return f"env:{self.env}" if self.env is not None else f"file:{self.file}"

    def path(self, folder: Path) -> Path | None:
        """Its file, where it is in one; `folder` is the tenant's."""
        return None if self.file is None else folder / self.file

    def read(self, folder: Path) -> bytes:
        """The secret, without the newline at its end; `folder` is the tenant's. TidegateError says what is wrong with
        the variable or the file, by name."""
        path = self.path(folder)
        if path is not None:
            return _usable(_read_file(path), f"the file {self.file}")
        assert self.env is not None  # `secret_problem` saw to it
        value = os.environb.get(os.fsencode(self.env))
        if value is None:
            raise TidegateError(f"the environment variable {self.env} is not set where the engine runs")
        return _usable(value, f"the environment variable {self.env}")


class SecretValue:
    """A secret as it is now: a file that has changed is read again.

    While a changed file cannot be read, what was read before holds.
    """

    def __init__(self, secret: Secret, folder: Path) -> None:
        self._secret = secret
        self._folder = folder
        self._look_at = 0.0
        self._seen = self._state()
        self.now = secret.read(folder)
        """The secret. It is in no log, no message and no answer."""

    def __repr__(self) -> str:
        return f"SecretValue({self._secret})"

    def look(self, now: float) -> bool:
        """Looks at the file, at most once a second of `now`, a clock that never goes back; whether it says another
        secret."""
        if self._secret.file is None or now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY
        state = self._state()
        if state is None or state == self._seen:
            return False
        try:
            value = self._secret.read(self._folder)
        except TidegateError:
            return False  # it is half written, perhaps: the next look tells
        self._seen = state
        changed, self.now = value != self.now, value
        return changed

    def _state(self) -> tuple[int, int, int] | None:
        path = self._secret.path(self._folder)
        if path is None:
            return None
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _read_file(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hold it up
    except (OSError, ValueError) as error:
        raise TidegateError(f"the file {path} cannot be read: {getattr(error, 'strerror', error)}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TidegateError(f"{path} is no file that a secret could be read from")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(MOST_BYTES + 3)  # one too many, behind the newline
    except OSError as error:
        raise TidegateError(f"the file {path} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)


def _usable(value: bytes, place: str) -> bytes:
    stripped = value.removesuffix(b"\n").removesuffix(b"\r") if value.endswith(b"\n") else value
    if not stripped:
        raise TidegateError(f"{place} is empty: it must hold the secret")
    if len(stripped) > MOST_BYTES:
        raise TidegateError(f"{place} holds more than {MOST_BYTES >> 10} KiB: a secret is shorter")
    return stripped


def secret_problem(value: object) -> str | None:
    """What is wrong with a secret's value in TOML, in a sentence without a subject and without the value."""
    if not isinstance(value, Mapping):
        return f"is given as plain text: no secret stands in this file; {_WRITE}"
    table = cast("Mapping[object, object]", value)
    if len(table) != 1 or next(iter(table)) not in ("env", "file"):
        return f"says not in one way where the secret is; {_WRITE}"
    if "env" in table and not (isinstance(table["env"], str) and _VARIABLE.fullmatch(table["env"])):
        return "names no environment variable: its name is letters, digits and _, and begins with no digit"
    if "file" in table and not (isinstance(table["file"], str) and _is_path(table["file"])):
        return "names no file: write a path, absolute or below the tenant's folder"
    return None


_WRITE = 'write { env = "NAME" } or { file = "path" }'


def _is_path(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()


def parse_secret(text: str) -> dict[str, str]:
    """`env:NAME` or `file:PATH` as TOML's table; ValueError says what to write, and never what was written."""
    way, colon, place = text.strip().partition(":")
    if not colon or way not in ("env", "file"):
        raise ValueError("is no place of a secret: write env:NAME or file:PATH, and not the secret itself")
    return {way: place.strip()}


def secret_text(value: object) -> str:
    """A secret's table as `parse_secret` reads it; empty where it is none, so that plain text is never shown."""
    if secret_problem(value) is not None:
        return ""
    way, place = next(iter(cast("Mapping[str, str]", value).items()))
    return f"{way}:{place}"


def secret_name(path: str, key: str) -> str:
    """What the engine calls the secret of a component's setting: `lora-authentication-gateway-token`."""
    parts = [part for part in path.split("/") if part not in _IMPLIED]
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join([*parts, key])).strip("-._")
    return name[:100]


def kept_name(file: str) -> str | None:
    """The name of the secret that the engine keeps in `file`; None where that file is another."""
    name = file.removeprefix(f"{KEPT}/")
    return name if name != file and re.fullmatch(NAME, name) else None
