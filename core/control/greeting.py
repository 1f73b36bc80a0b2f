"""The first call on a connection: what either side is."""

from typing import Literal

import msgspec

PROTOCOL = 1
Role = Literal["admin", "viewer"]


class Hello(msgspec.Struct, kw_only=True):
    """What a caller is. `role` asks for less than the peer's rights allow (a read-only console)."""

    protocol: int = PROTOCOL
    version: str = ""
    role: Role | None = None


class Welcome(msgspec.Struct, kw_only=True):
    """What the engine is, and what the caller may do."""

    protocol: int
    version: str
    role: Role
    home: str
    pid: int
    mode: Literal["serve", "embedded", "demo"]
    host: str
    started: str
