"""How often one address may offer wrong credentials."""

import math
import socket
from collections import OrderedDict

WINDOW = 60.0
"""Seconds."""
MOST_ADDRESSES = 4096
"""Addresses that are remembered; the one that failed longest ago is forgotten first."""


class FailureLimit:
    """Counts the failures of addresses: an IPv4 address, or the /64 of an IPv6 one, which is one site's.

    The first failure begins a minute; an address that has failed as often as it may in it waits until it ends. `now` is
    any clock that never goes back.
    """

    def __init__(self, most: int, addresses: int = MOST_ADDRESSES) -> None:
        self._most = most  # 0 is no limit
        self._addresses = addresses
        self._failures: OrderedDict[str | bytes, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, address: str, now: float) -> int:
        """Whole seconds that an address has to wait; 0 where it need not."""
        if not self._failures or not self._most:
            return 0
        key = _site(address)
        began, count = self._failures.get(key, (0.0, 0))
        if count < self._most:
            return 0
        left = began + WINDOW - now
        if left <= 0:
            del self._failures[key]
            return 0
        self._failures.move_to_end(key)
        return min(math.ceil(left), int(WINDOW))

    def failed(self, address: str, now: float) -> None:
        """An address has offered wrong credentials."""
        if not self._most:
            return
        key = _site(address)
        began, count = self._failures.pop(key, (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
        self._failures[key] = (began, count + 1)
        if len(self._failures) > self._addresses:
            self._failures.popitem(last=False)


def _site(address: str) -> str | bytes:
    if ":" not in address:
        return address
    bare, _, zone = address.partition("%")
    try:
        packed = socket.inet_pton(socket.AF_INET6, bare)
    except OSError:
        return address
    if packed.startswith(bytes(10) + b"\xff\xff"):  # IPv4 on an IPv6 socket
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8] + zone.encode()
