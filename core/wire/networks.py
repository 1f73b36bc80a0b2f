"""Addresses and networks as settings name them, and whether an address is one of them."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


def network_fault(name: str) -> str | None:
    """What is wrong with the name of a network, for a setting."""
    try:
        network_of(name)
    except ValueError:
        return f"{name!r} is no address or network: write one such as 10.0.0.7 or 10.0.0.0/24"
    return None
