"""What was refused at the door, counted: by a reason that stays the same, and by the network it came from."""

import re
import socket
from typing import Final

import msgspec

from core.model.text import plural

OTHER_REASONS: Final = "other reasons"
"""What is counted here where there are too many reasons to tell apart."""
OTHER_NETWORKS: Final = "other networks"
"""The same for networks."""

_REASON_LIMIT: Final = 200
_MAPPED: Final = bytes(10) + b"\xff\xff"
"""How an IPv4 address begins that is written as one of IPv6 (RFC 4291, 2.5.5.2)."""
_DETAIL: Final = re.compile(r"(?<![^\s(\[\"'])(?:[0-9]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:)[^\s,;)\]\"']*")


class RefusedCount(msgspec.Struct, frozen=True, array_like=True):
    """Refused requests that were only counted: not recorded, since there were too many."""

    reason: str
    network: str
    count: int


class RefusedGroup(msgspec.Struct, kw_only=True):
    """Refused requests that a live feed tells as one: those of a source and a reason that were only counted since the
    last group of the same."""

    id: str
    """A UUIDv7, so that it has its place among the rows; no request has it."""
    tenant: str
    source: str
    reason: str
    network: str
    """The /24 or /64 that most of them came from."""
    networks: int = 1
    """How many networks they came from."""
    count: int
    at: str

    def words(self) -> str:
        """`1,204 more refused: more connections than the source allows, from 10.1.2.0/24`."""
        return f"{self.count:,} more refused: {self.why()}"

    def why(self) -> str:
        """The reason, and where they came from."""
        more = f" and {plural(self.networks - 1, 'other network')}" if self.networks > 1 else ""
        return f"{self.reason}, from {self.network}{more}"


def reason_kind(reason: str) -> str:
    """The reason without what differs from request to request: what stands behind a colon, addresses and numbers.

    `more than 1000 connections from 10.0.0.7: reset` becomes `more than * connections from *`, which a filter takes as
    it is.
    """
    return _DETAIL.sub("*", reason[:_REASON_LIMIT].partition(": ")[0])


def network(host: str) -> str:
    """The network that an address is counted under: its /24, or its /64."""
    if ":" not in host:
        return ".".join(host.split(".")[:3]) + ".0/24"
    try:
        packed = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    except OSError:
        return OTHER_NETWORKS
    if packed.startswith(_MAPPED):
        return network(socket.inet_ntop(socket.AF_INET, packed[12:]))
    return socket.inet_ntop(socket.AF_INET6, packed[:8] + bytes(8)) + "/64"
