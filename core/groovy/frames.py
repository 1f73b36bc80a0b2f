"""What a worker and the Groovy sidecar say to each other: length-prefixed frames over a Unix socket, pipelined.

A frame is `u32 length` (of what follows it), `u64 id`, `u8 op`, body; numbers are big-endian. A worker sends calls, the
sidecar answers each with the call's id. One JVM thread serves a connection and answers in order. The first call is
HELLO. Before it decodes, the sidecar writes the call's id into the slot that HELLO named (8 bytes, mapped into
memory; 0: nothing is being decoded), so that after its death the worker knows which call it had begun.

HELLO: JSON `Hello`. Answer: OK, empty.

LOAD: JSON `Load`. Answer: OK, JSON `Loaded`; or FAILED, JSON `Failure`.

RUN: u32 handle, u32 time limit in milliseconds, u32 length and JSON of the metadata, u32 length and JSON of the state,
payload. Answer: OK, u32 length and JSON of the events, then JSON `Extras` or nothing; or FAILED, JSON `Failure`.

RELEASE: u32 handle. No answer.

Events are a JSON list in the form in which the journal keeps them (`core.model.events`, defaults left out), empty for
none. For a script of kind `deduplicator` the payload is the JSON of one event and the answer's events are `true` or
`false`; for an `extractor` they are `{"hardwareId": …, "specification": …, "payload": base64}`.
"""

import struct
from typing import Any, Literal

import msgspec

from core.errors import Fault

HEADER = struct.Struct(">IQB")
"""Length of what follows the length, id, op."""
LONGEST_FRAME = 512 << 20
"""Bytes; a peer that announces more is not spoken to any longer."""

HELLO, LOAD, RUN, RELEASE = 1, 2, 3, 4
OK, FAILED = 0, 1

Kind = Literal["binary", "string", "extractor", "deduplicator"]


class Hello(msgspec.Struct, kw_only=True, rename="camel"):
    """Who calls. Scripts are looked for in `folders`, in this order."""

    tenant: str
    source: str
    folders: list[str]
    slot: str


class Load(msgspec.Struct, kw_only=True, rename="camel"):
    """Compiles a script, and what it needs of the folders. Loading it again compiles it again if a file has changed."""

    script: str
    kind: Kind


class Loaded(msgspec.Struct, kw_only=True, rename="camel"):
    """`version` is the short hash of the script's text. The handle before it holds until RELEASE."""

    handle: int
    version: str


class Failure(msgspec.Struct, kw_only=True, rename="camel"):
    """Why a script could not be compiled or failed. `stuck`: it could not be ended, the JVM must be replaced."""

    reason: str
    file: str = ""
    line: int = 0
    column: int = 0
    faults: list[Fault] = []
    log: str = ""
    log_cut: int = 0
    stuck: bool = False

    def said(self, script: str = "") -> str:
        """The reason behind its place; where none is known, behind the name of the script."""
        place = f"{self.file}:{self.line}" if self.file and self.line else script
        return f"{place}  {self.reason}" if place else self.reason


class Extras(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What came of a run beside its events."""

    log: str = ""
    log_cut: int = 0
    state: dict[str, Any] | None = None
    """The connection's state after it; None where it was not touched."""
    respond: tuple[bytes, int] | None = None
    """Body (base64) and status of the answer that the script wants sent."""


def frame(id: int, op: int, *parts: bytes) -> bytes:
    """One frame as bytes."""
    body = b"".join(parts)
    return HEADER.pack(len(body) + 9, id, op) + body


def run_body(handle: int, limit: float, metadata: bytes, state: bytes, payload: bytes) -> bytes:
    """The body of RUN; `limit` is in seconds."""
    lengths = struct.pack(">II", handle, int(limit * 1000))
    return b"".join(
        (lengths, struct.pack(">I", len(metadata)), metadata, struct.pack(">I", len(state)), state, payload)
    )


def split_result(body: bytes) -> tuple[bytes, bytes]:
    """Events and extras of an answer to RUN."""
    length = int.from_bytes(body[:4], "big")
    return body[4 : 4 + length], body[4 + length :]
