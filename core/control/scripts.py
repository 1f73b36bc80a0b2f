"""Scripts of a tenant, and what its decoder makes of some bytes."""

from typing import Any, Literal

import msgspec

from core.errors import Fault
from core.model.events import Event


class ScriptInfo(msgspec.Struct, kw_only=True):
    """A script in one of a tenant's two folders. `scope` is `tenant` or `instance` (HOME/scripts)."""

    name: str
    scope: Literal["tenant", "instance"]
    revision: str
    size: int
    fault: Fault | None = None
    used_by: list[str] = []


class Scripts(msgspec.Struct):
    scripts: list[ScriptInfo]


class OfScript(msgspec.Struct, kw_only=True):
    tenant: str
    name: str


class Script(msgspec.Struct, kw_only=True):
    name: str
    scope: Literal["tenant", "instance"]
    text: str
    revision: str
    fault: Fault | None = None


class WriteScript(msgspec.Struct, kw_only=True):
    """`base` is the revision that was read; null makes a new script and refuses to overwrite one."""

    tenant: str
    name: str
    text: str
    base: str | None = None


class TryDecode(msgspec.Struct, kw_only=True):
    """Runs a source's decoder over bytes and stores nothing. `staged` takes the decoder that is staged."""

    tenant: str
    source: str
    payload: bytes
    metadata: dict[str, Any] = {}
    staged: bool = False


class Trial(msgspec.Struct, kw_only=True):
    """What a decoder made of some bytes."""

    outcome: Literal["decoded", "failed"]
    reason: str | None = None
    events: list[Event] = []
    log: str = ""
    milliseconds: float = 0.0
    script: str | None = None
