"""Groups of failures in the index: their counts are exact, whatever is taken, taken again and forgotten."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.control.failures import FailureQuery
from core.journal.failure_list import list_failures, open_failures
from core.journal.follower import Follower
from core.journal.index import connect, indexed_segments
from core.journal.reader import Reader
from core.journal.rows import FAILED
from core.journal.segment_reader import SegmentReader
from core.model.failures import failure_kind

from .segments import SegmentFile

PLACE = "decode.py:14  "


def listed(reader: Reader) -> dict[str, int]:
    return {group.reason: group.count for group in reader.failures(FailureQuery(), {}).groups}


def test_counts_follow_what_is_taken_and_forgotten(tmp_path: Path) -> None:
    journal, index = tmp_path / "journal", tmp_path / "index.db"
    follower, reader = Follower(journal, index), Reader(journal, index)
    first, second = SegmentFile(journal), SegmentFile(journal, name="0198c0de-0000-7000-8000-000000000001")
    first.write(*(first.row(outcome=FAILED, reason=f"{PLACE}no number {n}") for n in range(3)), first.row())
    second.seq = 100
    rows = [second.row(outcome=FAILED, reason=f"{PLACE}no number 7"), second.row(outcome=FAILED, reason=None)]
    second.seq = 0
    second.write(*rows)
    follower.take()
    assert listed(reader) == {f"{PLACE}no number *": 4, "no reason given": 1}
    first.close()
    first.file.unlink()
    follower.take()
    assert first.file.exists() is False
    assert sum(listed(reader).values()) == 2
    follower.close()


def test_a_list_of_groups_looks_at_few_requests_however_many_failed(tmp_path: Path) -> None:
    journal, index = tmp_path / "journal", tmp_path / "index.db"
    follower = Follower(journal, index)
    segment = SegmentFile(journal)
    segment.write(*(segment.row(outcome=FAILED, reason=f"{PLACE}{word} {n}") for n, word in enumerate("abc")))
    follower.take()
    follower.close()
    connection = connect(index)
    more = "WITH RECURSIVE n(n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < ?) INSERT INTO requests"
    of = " SELECT zeroblob(8) || printf('%08d', n), 1, n, n, 1, 422, 0, 0, 0, 1, 0 FROM n"
    connection.execute(more + of, (100_000,))
    connection.execute("UPDATE failures SET count = 99904 WHERE id = 1")
    steps = [0]

    def step() -> None:
        steps[0] += 1

    connection.set_progress_handler(step, 100)
    with SegmentReader(journal, indexed_segments(connection)) as segments:
        found = list_failures(connection, segments, FailureQuery(), {})
    assert [group.count for group in found.groups] == [1, 1, 99_904]
    assert steps[0] < 100  # ten thousand instructions; a look at each request takes fifty times as many
    assert open_failures(connection, {}) == 3
    connection.close()


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255), st.binary(min_size=6, max_size=6))
def test_numbers_and_addresses_are_taken_out(number: int, byte: int, mac: bytes) -> None:
    colons = mac.hex(":")
    for message in (
        f"no number {number}",
        f"device-{number} at 10.0.{byte}.7:{byte}",
        f"from {colons}",
        f"from fe80::{byte:x}:1",
        f"0x{mac.hex()} is none",
        "of 0198c0de-0000-7000-8000-" + mac.hex(),
    ):
        kind = failure_kind(PLACE + message)
        assert kind.startswith(PLACE)
        assert not any(digit in kind.removeprefix(PLACE) for digit in "0123456789")
    assert failure_kind(f"{PLACE}no number {number}") == failure_kind(f"{PLACE}no number 5")
    assert failure_kind(f"from {colons}") == failure_kind("from 00:11:22:33:44:55") == "from *"
    assert failure_kind(f"a.py:1  x {number}") != failure_kind(f"a.py:2  x {number}")
