"""Which answer `tidegate send` takes for which frame's, right or wrong."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from core.cli.simulator.framed.answers import DatagramAnswers, StreamAnswers
from core.cli.simulator.framed.exchange import Exchange
from core.cli.simulator.framed.tally import FrameTally


def heard(answers: list[bytes | None], *pieces: bytes, datagrams: bool = False) -> dict[str, int | list[str]]:
    """Frames with these answers are sent; these pieces come, and then the connection ends."""

    async def run() -> FrameTally:
        tally = FrameTally()
        book = (DatagramAnswers if datagrams else StreamAnswers)(tally)
        for number, answer in enumerate(answers, 1):
            waiting = book.sending(Exchange(b".", answer, str(number)))
            if waiting is not None:
                waiting.since = 0.0
        for piece in pieces:
            book.received(piece)
        book.lost()
        return tally

    tally = asyncio.run(run())
    counts = {"right": tally.statuses["right"], "wrong": tally.wrong, "missing": tally.missing}
    counts |= {"unexpected": tally.unexpected, "unchecked": tally.unchecked_bytes}
    told: dict[str, int | list[str]] = {name: count for name, count in counts.items() if count}
    if tally.faults:
        told["faults"] = [
            f"{each.kind} {each.frame} {bytes.fromhex(each.got).decode('latin-1')}" for each in tally.faults
        ]
    return told


@given(st.lists(st.binary(min_size=1, max_size=5), max_size=8), st.data())
def test_right_answers_are_right_however_they_are_cut(answers: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(answers)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    told = heard(list(answers), *filter(None, pieces))
    assert told == ({"right": len(answers)} if answers else {})


@given(st.lists(st.none() | st.binary(max_size=3), max_size=6), st.lists(st.binary(min_size=1, max_size=4), max_size=6))
def test_every_expected_answer_comes_to_one_end(answers: list[bytes | None], pieces: list[bytes]) -> None:
    for datagrams in (False, True):
        told = heard(answers, *pieces, datagrams=datagrams)
        ends = [told.get(kind, 0) for kind in ("right", "wrong", "missing")]
        assert sum(end for end in ends if isinstance(end, int)) == sum(map(bool, answers))


def test_one_that_is_left_out_costs_no_other() -> None:
    told = heard([b"A1", b"A2", b"A3"], b"A1A3")
    assert told == {"right": 2, "missing": 1, "faults": ["missing 2 "]}


def test_a_wrong_one_among_right_ones() -> None:
    assert heard([b"A1", b"A2", b"A3"], b"A1no!A3") == {"right": 2, "wrong": 1, "faults": ["wrong 2 no!"]}


def test_a_wrong_one_alone_is_shown_whole() -> None:
    assert heard([b"A1"], b"A", b"2 and more") == {"wrong": 1, "faults": ["wrong 1 A2 and more"]}


def test_one_that_another_begins_with() -> None:
    assert heard([b"ABCD", b"AB"], b"AB") == {"right": 1, "missing": 1, "faults": ["missing 1 "]}


def test_half_an_answer_is_wrong() -> None:
    assert heard([b"A1", b"A2"], b"A1A") == {"right": 1, "wrong": 1, "faults": ["wrong 2 A"]}


def test_none_may_come() -> None:
    assert heard([b"A1", b""], b"A1", b"x") == {"right": 1, "unexpected": 1, "faults": ["unexpected 2 x"]}


def test_what_nobody_knows_is_counted_and_what_is_known_is_found_in_it() -> None:
    assert heard([None, None], b"ab", b"c") == {"unchecked": 3}
    assert heard([None, b"A1"], b"hello A1") == {"right": 1, "unchecked": 6}
    assert heard([b"A1", None], b"A1hello") == {"right": 1, "unchecked": 5}


def test_only_the_first_faults_are_kept() -> None:
    told = heard([b"A1"] * 10)
    assert told == {"missing": 10, "faults": ["missing 1 ", "missing 2 ", "missing 3 "]}


def test_datagrams_may_come_in_another_order_or_not_at_all() -> None:
    assert heard([b"A1", b"A2", b"A3"], b"A3", b"A1", datagrams=True)["right"] == 2
    assert heard([b"A1", b"A2"], b"no", b"A2", datagrams=True) == {"right": 1, "wrong": 1, "faults": ["wrong 1 no"]}
    assert heard([b""], b"no", datagrams=True) == {"unexpected": 1, "faults": ["unexpected 1 no"]}
    assert heard([None], b"ok", b"ok", datagrams=True) == {"unchecked": 4}
