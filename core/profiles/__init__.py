"""Device profiles: what a socket source needs for one protocol, as data and a script to start from.

A profile is a folder here: `profile.toml` has what it is called and the tables of its source, `decode.py` the decoder
that an operator starts from, `device.py` a simulated device. No code but this package knows one by its name.
"""

import importlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import NotFound
from core.model.nearest import nearest
from core.profiles.fix import Exchanges

SOURCE_TYPE = "socket"
"""The event source that a profile makes."""
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile as its folder has it."""

    name: str
    """The folder's, and what stands for a type in `tidegate add`: `gt06`."""
    title: str
    summary: str
    source: Mapping[str, Any]
    """The event source's settings and components, without `type` and `id`."""
    script: str
    """The script's name: `gt06.py`."""
    text: str
    """The script."""

    def values(self, script: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What an edit adds: the source with its decoder's script called `script`; what is `given` goes before what
        the profile says, and None there takes a setting away."""
        own = {**self.source, "decoder": {**self.source["decoder"], "script": script}}
        values = {**given, **{key: value for key, value in own.items() if key not in given}}
        return {key: value for key, value in values.items() if value is not None}

    def free_script(self, taken: Collection[str]) -> str:
        """A name for the script that is not `taken`: gt06.py, gt06-2.py …"""
        stem, dot, suffix = self.script.rpartition(".")
        number, name = 1, self.script
        while name in taken:
            number += 1
            name = f"{stem}-{number}{dot}{suffix}"
        return name


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles by name, read once a process."""
    return {file.parent.name: _read(file.parent) for file in sorted(_FOLDER.glob("*/profile.toml"))}


def _read(folder: Path) -> Profile:
    source = tomllib.loads((folder / "profile.toml").read_text("utf-8"))
    title, summary = source.pop("title"), source.pop("summary")
    text = (folder / "decode.py").read_text("utf-8")
    return Profile(folder.name, title, summary, source, source["decoder"]["script"], text)


def profile_named(name: str) -> Profile:
    """The profile of that name; NotFound with the nearest."""
    found = profiles().get(name)
    if found is None:
        near = nearest(name, profiles())
        hint = f"did you mean {near}?" if near else f"known: {', '.join(profiles())}"
        raise NotFound(f"there is no device profile {name}; {hint}")
    return found


def device_exchanges(name: str) -> Exchanges:
    """What a simulated device of the profile says and waits for; NotFound as in `profile_named`."""
    found: Exchanges = importlib.import_module(f"core.profiles.{profile_named(name).name}.device").exchanges
    return found
