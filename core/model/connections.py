"""A connection as its readers see it: a line of a list, and the whole of it."""

import re
from typing import Any

import msgspec

_ID = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,15})", re.ASCII)


class Connection(msgspec.Struct, kw_only=True, rename="camel"):
    """A device's connection, as `tidegate connections --json` gives it. Dates are RFC 3339."""

    id: str
    """Unique while the engine lives."""
    remote: str
    """As its requests have it; behind a proxy that a source trusts with HTTP these have the devices' own instead."""
    device: str | None
    """The hardware id of the last events, or the `device` in its state."""
    opened_date: str
    last_date: str | None
    """When its last request was there whole."""
    requests: int
    bytes_in: int
    bytes_out: int
    unfinished: int
    """Bytes that are here of a request that is not whole yet."""
    closed_date: str | None = None
    """Null while it is open."""
    reason: str | None = None
    """Why it has ended."""


class ConnectionDetail(Connection, kw_only=True, rename="camel"):
    """The whole of one connection but its requests: those are in the journal, by its remote."""

    state: dict[str, Any] = {}
    """What scripts remember of it."""
    state_reason: str | None = None
    """Why the state cannot be shown, if so."""
    facts: dict[str, Any] = {}
    """The metadata that its requests have in common: `tls.version`, `tls.subject`, `remote.via`, `auth.name`."""
    tail: bytes = b""
    """The first 4 KiB of the unfinished request."""


def connection_id(worker: int, number: int) -> str:
    """The id of a worker's connection."""
    return f"{worker}-{number}"


def parse_connection_id(text: str) -> tuple[int, int] | None:
    """Worker and number in an id; None where it is none."""
    match = _ID.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None
