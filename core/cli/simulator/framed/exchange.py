"""What framed devices say, and what they expect to hear."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from core.cli.simulator.devices import Payloads


class Exchange(NamedTuple):
    """One frame and its answer. An `answer` of None is not known, an empty one must not come."""

    sent: bytes
    answer: bytes | None
    name: str
    """What a report calls the frame by."""
    writes: tuple[int, ...] = ()
    """Where each write ends, in bytes from the beginning, where the frame is to be sent in these."""


Source = Callable[[int], Iterator[Exchange]]
"""What the connection of that number (from 0) sends, from its first frame to its last."""


def each_the_same(exchanges: Sequence[Exchange]) -> Source:
    """Every connection sends these."""
    return lambda number: iter(exchanges)


def endless(payloads: Payloads, *, lines: bool) -> Source:
    """Payloads without end, as lines or as they are; each connection takes the next."""

    def made(number: int) -> Iterator[Exchange]:
        count = 0
        while True:
            count += 1
            payload = payloads()
            yield Exchange(payload.replace(b"\n", b" ") + b"\n" if lines else payload, None, str(count))

    return made


def answered(source: Source, answer: bytes) -> Source:
    """The same frames, each with this answer."""
    return lambda number: (exchange._replace(answer=answer) for exchange in source(number))
