"""Request ids as they are kept (16 bytes of a UUIDv7) and as they are shown."""

import re

_LAST_MILLISECONDS = (1 << 48) - 1
_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def id_text(request: bytes) -> str:
    text = request.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_bytes(text: str) -> bytes | None:
    """The bytes of an id; None where `text` is none."""
    return bytes.fromhex(text.replace("-", "")) if _TEXT.fullmatch(text) else None


def id_milliseconds(request: bytes) -> int:
    """When the id was made, in milliseconds since the epoch (RFC 9562, 5.7)."""
    return int.from_bytes(request[:6], "big")


def id_at(milliseconds: int) -> bytes:
    """What sorts before every id made at or after `milliseconds`, and behind every one made before."""
    return min(max(milliseconds, 0), _LAST_MILLISECONDS).to_bytes(6, "big") + bytes(10)


def id_after(request: bytes) -> bytes:
    """The least id that is greater."""
    return min(int.from_bytes(request, "big") + 1, (1 << 128) - 1).to_bytes(16, "big")


def id_before(request: bytes) -> bytes:
    """The greatest id that is less."""
    return max(int.from_bytes(request, "big") - 1, 0).to_bytes(16, "big")


def event_id(request: str, number: int, place: int) -> str:
    """An event's id: its request's, the number of its decode if that was a replay's, and its place in it."""
    return f"{request}.r{number}.{place}" if number else f"{request}.{place}"
