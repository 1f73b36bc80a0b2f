"""Whom a proxy forwards for: `X-Forwarded-For`, and `Forwarded` (RFC 7239), believed from trusted proxies alone.

Read from the right: each proxy adds at the end, so that what an untrusted one (or the device itself) wrote stands to
the left of the first address that is not trusted, and is not looked at.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from core.wire.networks import Networks, address_of

ForwardedField = Literal["x-forwarded-for", "forwarded"]

MOST_HOPS = 32
"""Entries of such a field that are looked at."""
_PAIR = re.compile(r"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]+)\s*([;,]|\Z)")


def client_of(
    headers: Mapping[str, str], peer: tuple[str, int], trusted: Networks, field: ForwardedField
) -> tuple[str, int]:
    """The device's address as the trusted proxies say; port 0 where they don't say it. `peer` itself where they say
    nothing, or nothing that can be believed."""
    value = headers.get(field)
    if value is None or peer[0] not in trusted:
        return peer
    hops = _forwarded(value) if field == "forwarded" else value.split(",")
    client = peer
    for _, hop in zip(range(MOST_HOPS), reversed(list(hops)), strict=False):
        found = _node(hop.strip())
        if found is None:
            break  # unknown or hidden: whoever stands before it cannot be told
        client = found
        if found[0] not in trusted:
            break
    return client


def _forwarded(value: str) -> Iterator[str]:
    """What each element says behind `for=`; an empty text where it says nothing."""
    position, said = 0, ""
    while position < len(value):
        match = _PAIR.match(value, position)
        if match is None:
            yield ""
            return
        name, text, end = match.groups()
        if name.lower() == "for":
            said = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
        if end != ";":
            yield said
            said = ""
        position = match.end()


def _node(text: str) -> tuple[str, int] | None:
    """`192.0.2.7`, `192.0.2.7:4711`, `[2001:db8::1]:4711`, `2001:db8::1`."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    address = address_of(host) if host and len(host) <= 45 else None
    if address is None:
        return None
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    return str(address), number if number <= 65535 else 0
