"""Whom a proxy forwards for: `X-Forwarded-For`, and `Forwarded` (RFC 7239), believed from trusted proxies alone.

Read from the right: each proxy adds at the end, so that what an untrusted one (or the device itself) wrote stands to
the left of the first address that is not trusted, and is not looked at.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Literal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ForwardedField = Literal["x-forwarded-for", "forwarded"]

MOST_HOPS = 32
"""Entries of such a field that are looked at."""
_PAIR = re.compile(r"\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]+)\s*([;,]|\Z)")


class Networks:
    """Addresses and networks that were named in a setting."""

    def __init__(self, named: Iterable[str]) -> None:
        """ValueError says which of them is none."""
        self._networks = tuple(network_of(name) for name in named)
        self._has = lru_cache(1024)(self._look)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, host: str) -> bool:
        return bool(self._networks) and self._has(host)

    def _look(self, host: str) -> bool:
        address = address_of(host)
        return address is not None and any(address in network for network in self._networks)


def network_of(name: str) -> Network:
    """`10.0.0.0/8`, `::1`, `192.0.2.7`; ValueError says what is wrong."""
    return ipaddress.ip_network(name.strip(), strict=False)


def address_of(host: str) -> Address | None:
    """An address; an IPv4 one that an IPv6 socket shows as `::ffff:192.0.2.7` as what it is. None where it is none."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


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
