"""The messages of `frames.find`: where a framing finds frames in some bytes."""

from typing import Any, Literal

import msgspec

MOST_BYTES = 1 << 16
"""Bytes that are looked at."""
MOST_FOUND = 200
"""Frames, and stretches between them, that are told."""


class FindFrames(msgspec.Struct, kw_only=True):
    """Splits bytes by a framing, stored or not, and stores nothing. `framing` is its table as in tenant.toml."""

    tenant: str
    framing: dict[str, Any]
    data: bytes
    max_frame: str = "32 KiB"
    oversize: Literal["close", "drop"] = "close"


class FrameFound(msgspec.Struct, kw_only=True):
    """A frame, or what was passed over."""

    at: int
    """Where it begins in the bytes."""
    wire: bytes
    frame: bytes | None = None
    """As the decoder is given it; None where it was passed over."""
    said: str = ""
    """Why it was passed over."""


class FramesFound(msgspec.Struct, kw_only=True):
    """What a framing finds in some bytes."""

    found: list[FrameFound] = []
    more: int = 0
    """Frames and stretches that are not told."""
    tail: int = 0
    """Bytes behind them that are an unfinished frame."""
    fault: str | None = None
    """Why it cannot read on, or cannot be used."""
