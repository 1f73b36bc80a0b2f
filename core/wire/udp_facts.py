"""What a worker tells the engine of its UDP socket."""

import msgspec


class DatagramFacts(msgspec.Struct, kw_only=True):
    """The socket now, and what happened on it since this was told last."""

    receive_buffer: int
    """Bytes of datagrams that the kernel holds for it, with what it needs for itself."""
    warning: str | None = None
    """What an operator should know, with what to do about it."""
    unsent: int = 0
    """Answers that could not be sent."""
    unsent_reason: str | None = None
    """Why the last of them could not."""
