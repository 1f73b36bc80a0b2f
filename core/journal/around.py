"""A frame without the payload in it, which its row has already: what was before the payload, and what behind it."""

from typing import Final

_MOST_BEFORE: Final = 255


def around(wire: bytes, payload: bytes) -> bytes | None:
    """A byte that counts those before the payload, then these, then those behind it. None where the payload does not
    stand in the frame as it is (it was unescaped, say), or more bytes come before it than a byte can count."""
    if wire.startswith(payload):
        return b"\0" + wire[len(payload) :]
    before = wire.find(payload)
    if not 0 <= before <= _MOST_BEFORE:
        return None
    return bytes((before,)) + wire[:before] + wire[before + len(payload) :]


def wire_of(around: bytes, payload: bytes) -> bytes:
    """The frame again."""
    behind = 1 + around[0]
    return around[1:behind] + payload + around[behind:]
