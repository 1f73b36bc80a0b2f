"""Streams of requests, good and damaged, and what must hold of each: for hypothesis, and for a long run by hand.

    python -m tests.wire.streams --minutes 10

takes the table's requests, cuts, joins and damages them at random, and stops at the first that hangs, raises, or is
read otherwise through the memory of heads, past it, in other pieces, or by h11. It prints the seed, and what it took.
"""

import argparse
import itertools
import random
import time
from collections.abc import Sequence

from tests.wire.conformance import CASES
from tests.wire.in_memory import Recorded, Served, as_h11_reads
from tests.wire.test_conformance import answers

DEBRIS = (
    b"",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"\xff",
    b";",
    b",",
    b"0",
    b"chunked",
    b"\x0b",
    b"HTTP/1.1",
)
SENT = [case.sent for _, case in CASES]


def damaged(stream: bytes, draw: random.Random) -> bytes:
    """The stream with a few of its bytes changed, taken out or put in."""
    raw = bytearray(stream)
    for _ in range(draw.randint(0, 4)):
        place = draw.randrange(len(raw) + 1)
        raw[place : place + draw.randint(0, 3)] = draw.choice(DEBRIS)
    return bytes(raw)


def pieces(stream: bytes, draw: random.Random) -> list[bytes]:
    cuts = sorted({draw.randrange(len(stream) + 1) for _ in range(draw.randint(0, 12))})
    edges = [0, *cuts, len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def hold(stream: bytes, parts: Sequence[bytes], through: Served, past: Served) -> None:
    """AssertionError where one of the properties does not hold of this stream."""
    whole = past([stream])
    for _ in range(3):  # unseen, seen once, remembered
        assert through([stream]) == whole, "the memory of heads changed a verdict"
    cut = past(parts)
    assert through(parts) == cut, "the memory of heads changed a verdict of pieces"
    assert cut.taken[: len(whole.taken)] == whole.taken[: len(cut.taken)], "pieces were read otherwise"
    assert bool(cut.refused) == bool(whole.refused), "pieces were refused, the whole was not"
    if b" ;" not in stream and b"\t;" not in stream:  # spaces before an extension: the RFC has them, h11 has not
        known = iter(as_h11_reads(stream.removeprefix(b"\r\n")))
        assert all(each in known for each in whole.taken), "h11 reads another request"
    _answered(whole)
    _answered(cut)


def _answered(recorded: Recorded) -> None:
    """One answer for each request, none cut off, and a refusal that ends the connection is the last."""
    # what a HEAD is answered says a length and has no content: such streams are not taken apart
    if b"HEAD" in b"".join(method.encode() for method, _, _ in recorded.taken):
        return
    statuses = [status for status, _, _ in answers(recorded.written) if status != 100]
    assert statuses.count(200) == len(recorded.taken)
    assert len(statuses) == len(recorded.taken) + sum(status is not None for _, status in recorded.refused)


def stream_of(draw: random.Random) -> bytes:
    return damaged(b"".join(draw.choice(SENT) for _ in range(draw.randint(1, 3))), draw)


def main() -> None:
    parser = argparse.ArgumentParser(description="Damaged HTTP, until something gives or the time is over.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    draw = random.Random(seed)
    through, past = Served(), Served(remembers=False)
    until, count, slowest = time.monotonic() + options.minutes * 60, 0, 0.0
    while time.monotonic() < until:
        stream = stream_of(draw)
        began = time.perf_counter()
        try:
            hold(stream, pieces(stream, draw), through, past)
        except Exception:
            print(f"stream {count}: {stream[:1500]!r} ({len(stream)} bytes)")
            raise
        slowest = max(slowest, time.perf_counter() - began)
        count += 1
    print(f"{count:,} streams held; the slowest took {slowest * 1000:.0f} ms, each of them read eight times")


if __name__ == "__main__":
    main()
