"""Damaged streams of requests: see `streams.py`, which runs the same for as long as one likes."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.in_memory import Served
from tests.wire.streams import hold, pieces, stream_of

THROUGH, PAST = Served(), Served(remembers=False)


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, (1 << 64) - 1))
def test_a_damaged_stream_is_read_alike_through_memory_past_it_and_in_pieces(seed: int) -> None:
    draw = random.Random(seed)
    stream = stream_of(draw)
    hold(stream, pieces(stream, draw), THROUGH, PAST)
