"""What of a request is here while its last byte is not."""

from core.wire.http_body import Body, ChunkedBody, CountedBody
from core.wire.http_head import Head
from core.wire.http_shared import HttpShared


class Unfinished:
    """The unfinished request of one connection: a partial head in `rest`, or a judged head and its partial body."""

    __slots__ = ("_held", "_shared", "body", "head", "rest")

    def __init__(self, shared: HttpShared) -> None:
        self._shared = shared
        self._held = 0  # bytes of this connection in the worker's count
        self.rest = b""
        """Read and not yet looked at: a partial head, or what waits while the connection is not read."""
        self.head: Head | None = None
        self.body: Body | None = None

    def begin(self, head: Head) -> None:
        """The head is whole; its body is to come."""
        rules = self._shared.rules
        self.head = head
        self.body = (
            ChunkedBody(max_body=rules.max_body, limits=rules.limits) if head.chunked else CountedBody(head.length)
        )

    def keep(self, rest: bytes) -> bool:
        """Keeps bytes for later; False where the worker holds more than it may."""
        self.rest = rest
        return self.hold(len(rest))

    def take(self) -> bytes:
        """What was kept."""
        rest, self.rest = self.rest, b""
        return rest

    def hold(self, size: int) -> bool:
        """Notes how many bytes are held; False where the worker holds more than it may."""
        self._shared.held += size - self._held
        self._held = size
        return not size or not self._shared.overfull()

    @property
    def held(self) -> int:
        """Bytes that are here of it."""
        return self._held

    def seen(self) -> bytes:
        """What is here of it."""
        return self.body.payload() if self.body is not None else self.rest

    def end(self) -> None:
        """It is whole, or given up."""
        self.rest, self.head, self.body = b"", None, None
        if self._held:
            self.hold(0)
