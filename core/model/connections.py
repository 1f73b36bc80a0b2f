"""A connection as its readers see it: a line of a list, and the whole of it."""

import re
from typing import Any

import msgspec

_ID = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,15})", re.ASCII)


class Connection(msgspec.Struct, kw_only=True, rename="camel"):
    """A device's connection, as `tidegate connections --json` gives it. Dates are RFC 3339: when it was opened, when
    its last request was there whole, and when it was closed, `reason` saying why (null while it is open). `device` is
    the hardware id of its last events, or the `device` in its state; `unfinished` counts the bytes that are here of a
    request that is not whole. Its requests are those of the journal with its `remote`."""

    id: str
    """Unique while the engine lives."""
    remote: str
    """Behind a proxy that an HTTP handler trusts the requests have the devices' own addresses instead."""
    device: str | None
    opened_date: str
    last_date: str | None
    requests: int
    bytes_in: int
    bytes_out: int
    unfinished: int
    closed_date: str | None = None
    reason: str | None = None


class ConnectionDetail(Connection, kw_only=True, rename="camel"):
    """The whole of one connection but its requests. `state` is what scripts remember of it (`stateReason` says why that
    cannot be shown, if so), `facts` the metadata that its requests have in common (`tls.version`, `tls.subject`,
    `remote.via`, `auth.name`), `tail` the first 4 KiB of an unfinished request."""

    state: dict[str, Any] = {}
    state_reason: str | None = None
    facts: dict[str, Any] = {}
    tail: bytes = b""


def connection_id(worker: int, number: int) -> str:
    """The id of a worker's connection."""
    return f"{worker}-{number}"


def parse_connection_id(text: str) -> tuple[int, int] | None:
    """Worker and number in an id; None where it is none."""
    match = _ID.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None
