"""The ring: whatever comes and falls out, a row keeps its number."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from console.widgets.ring import Ring


@dataclass(frozen=True)
class Row:
    id: str


def rows(*numbers: int) -> list[Row]:
    return [Row(f"{number}") for number in numbers]


def ids(ring: Ring[Row]) -> list[str]:
    return [row.id for row in ring]


def test_the_oldest_fall_out_and_the_others_keep_their_numbers() -> None:
    ring: Ring[Row] = Ring(3)
    assert ring.append(rows(1, 2, 3)) == (3, 0)
    second = ring.number("2")
    assert ring.append(rows(4)) == (1, 1)
    assert ids(ring) == ["2", "3", "4"]
    assert ring.number("2") == second
    assert ring[second or 0].id == "2"


def test_a_row_that_is_kept_stops_what_comes_after() -> None:
    ring: Ring[Row] = Ring(3)
    ring.append(rows(1, 2, 3))
    assert ring.append(rows(4, 5, 6), keep=ring.number("2")) == (1, 1)
    assert ids(ring) == ["2", "3", "4"]


def test_a_row_that_is_held_is_not_taken_twice() -> None:
    ring: Ring[Row] = Ring(5)
    ring.append(rows(3, 4))
    assert ring.append(rows(4, 5)) == (2, 0)
    assert ring.prepend(rows(1, 2, 3), keep=10) == 0
    assert ids(ring) == ["1", "2", "3", "4", "5"]


def test_older_rows_get_numbers_before_the_first() -> None:
    ring: Ring[Row] = Ring(4)
    ring.append(rows(3, 4))
    third = ring.number("3")
    assert ring.prepend(rows(1, 2), keep=10) == 0
    assert ring.number("3") == third
    assert ring.first == -2
    assert ids(ring) == ["1", "2", "3", "4"]


def test_older_rows_push_out_the_newest_but_not_the_one_looked_at() -> None:
    ring: Ring[Row] = Ring(3)
    ring.append(rows(4, 5, 6))
    assert ring.prepend(rows(1, 2, 3), keep=ring.number("5") or 0) == 1
    assert ids(ring) == ["3", "4", "5"]


def test_after_clearing_what_is_appended_gets_new_numbers() -> None:
    ring: Ring[Row] = Ring(3)
    ring.append(rows(1, 2))
    old = ring.number("2")
    ring.clear()
    ring.append(rows(3))
    assert ring.number("3") != old
    assert "2" not in ring
    assert len(ring) == 1


steps = st.lists(
    st.tuples(st.sampled_from(["append", "prepend", "clear"]), st.integers(0, 7), st.integers(-20, 20)), max_size=30
)


@given(capacity=st.integers(1, 12), steps=steps)
def test_a_row_never_changes_its_number_while_it_is_held(capacity: int, steps: list[tuple[str, int, int]]) -> None:
    ring: Ring[Row] = Ring(capacity)
    numbers: dict[str, int] = {}
    newest, oldest = 0, 0
    for step, count, keep in steps:
        if step == "clear":
            ring.clear()
            numbers.clear()
        elif step == "append":
            ring.append(rows(*range(newest, newest + count)), keep)
            newest += count
        else:
            ring.prepend(rows(*range(oldest - count, oldest)), keep)
            oldest -= count
        held = {row.id: ring.number(row.id) for row in ring}
        assert len(ring) <= capacity
        assert [ring[number].id for number in range(ring.first, ring.end)] == ids(ring)
        assert all(numbers.get(id, number) == number for id, number in held.items())
        numbers = {id: number for id, number in held.items() if number is not None}
        assert numbers == {id: at for at, id in enumerate(ids(ring), ring.first)}
