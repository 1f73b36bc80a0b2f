"""What is kept of a frame beside its payload gives the frame again."""

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from core.journal.around import around, wire_of


@given(before=binary(max_size=300), payload=binary(max_size=40), behind=binary(max_size=40))
def test_a_frame_is_whole_again(before: bytes, payload: bytes, behind: bytes) -> None:
    wire = before + payload + behind
    kept = around(wire, payload)
    if kept is None:
        assert len(before) > 255
    else:
        assert wire_of(kept, payload) == wire
        assert len(kept) == 1 + len(before) + len(behind)


@pytest.mark.parametrize(("wire", "payload"), [(b"\xc0\xdb\xdc\xc0", b"\xc0\x01"), (b"", b"x")])
def test_a_payload_that_does_not_stand_in_its_frame_leaves_it_whole(wire: bytes, payload: bytes) -> None:
    assert around(wire, payload) is None
