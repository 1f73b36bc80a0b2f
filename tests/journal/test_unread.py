"""Rows that nobody looks at go into the index unread, and it says the same as if they were."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.journal import follower as following
from core.journal.audience import ALL_ROWS, Audience
from core.journal.follower import Follower
from core.journal.rows import DECODED, FAILED, REFUSED
from core.journal.taken import TakenRow
from core.model.events import Alert, Event, Location, Measurements, Registration

from .damage import middle
from .segments import NOW, SegmentFile


class Watched:
    """A follower, what it passed on, and how many rows it said that it had not read."""

    def __init__(self, journal: Path, index: Path, wanted: int, since: int = 0) -> None:
        self.index = index
        self.wanted = wanted
        self.rows: list[TakenRow] = []
        self.unread = 0
        self.follower = Follower(
            journal,
            index,
            Audience(self.rows.extend, since=since, wanted=lambda tenant: self.wanted, on_unread=self._unread),
        )

    def _unread(self, tenant: str, source: str, count: int) -> None:
        assert (tenant, source) == ("default", "lora")
        self.unread += count

    def said(self) -> dict[str, list[tuple[object, ...]]]:
        """All that the index says."""
        with sqlite3.connect(self.index) as connection:
            said = {
                table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                for table in ("requests", "events", "segments", "failures")
            }
        connection.close()
        return said


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MANY", 1)


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
maybe = st.none() | words
events = st.one_of(
    st.builds(
        Measurements,
        hardware_id=words,
        alternate_id=maybe,
        measurements=st.dictionaries(words, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    ),
    st.builds(Location, hardware_id=words, latitude=st.just(1.5), longitude=st.just(-2.0), alternate_id=maybe),
    st.builds(
        Alert,
        hardware_id=words,
        type=words,
        message=words,
        level=st.sampled_from(["Info", "Warning", "Error", "Critical"]),
    ),
    st.builds(Registration, hardware_id=words, specification_token=words, site_token=maybe),
)
outcomes = st.sampled_from([DECODED, DECODED, DECODED, FAILED, REFUSED])
clocks = st.sampled_from([0, 0, 0, 1, -1, 3_600_000, -3_600_000])


@given(st.lists(st.tuples(outcomes, st.lists(events, max_size=3), clocks), min_size=1, max_size=20), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_index_says_the_same(made: list[tuple[int, list[Event], int]], wanted: int):
    with tempfile.TemporaryDirectory() as folder:
        segment = SegmentFile(Path(folder, "journal"))
        for outcome, some, ahead in made:
            row = list(segment.row(events=some if outcome == DECODED else None, outcome=outcome, reason="no: 1"))
            row[2] = NOW + segment.seq + ahead
            segment.write(tuple(row))
        segment.close()
        told: dict[int, Watched] = {}
        for most in (wanted, ALL_ROWS):
            told[most] = watched = Watched(segment.file.parents[2], Path(folder, f"{most}.db"), most)
            assert watched.follower.take() == len(made)
            watched.follower.close()
        assert told[wanted].said() == told[ALL_ROWS].said()
        assert len(told[wanted].rows) + told[wanted].unread == len(made) == len(told[ALL_ROWS].rows)
        kept = [row.seq for row in told[ALL_ROWS].rows if row.outcome_code != DECODED or row.seq > len(made) - wanted]
        assert set(kept) <= {row.seq for row in told[wanted].rows}


@pytest.mark.parametrize("events", [b'[{"eventType":"Measurements","hardw', b"\xff\xfe[", b"", b"7", b'{"a":1}'])
def test_events_that_cannot_be_read_hold_nothing_up(journal: Path, tmp_path: Path, events: bytes):
    segment = SegmentFile(journal)
    segment.fill(3)
    row = list(segment.row())
    row[9] = events
    segment.write(tuple(row))
    segment.fill(3)
    said: list[object] = []
    for wanted in (0, ALL_ROWS):
        watched = Watched(journal, tmp_path / f"{wanted}.db", wanted)
        assert watched.follower.take() == 7
        assert watched.follower.faults.errors == watched.follower.faults.damaged == {}
        watched.follower.close()
        requests = watched.said()["requests"]
        said.append([request[:7] for request in requests])
        assert sum(bool(event[3]) for event in watched.said()["events"]) == 6
    assert said[0] == said[1]
    segment.close()


def test_rows_are_told_of_once_and_old_ones_not_at_all(journal: Path, tmp_path: Path):
    segment = SegmentFile(journal)
    segment.fill(20)
    watched = Watched(journal, tmp_path / "index.db", 3, since=NOW + 11)
    watched.follower.take()
    assert (watched.unread, [row.seq for row in watched.rows]) == (7, [18, 19, 20])
    watched.follower.distrust()  # it is built again
    segment.fill(5)
    watched.follower.take()
    assert (watched.unread, [row.seq for row in watched.rows]) == (9, [18, 19, 20, 23, 24, 25])
    watched.follower.close()
    assert len(watched.said()["requests"]) == 25
    segment.close()


def test_numbers_that_are_missing_hold_nothing_up(journal: Path, tmp_path: Path):
    segment = SegmentFile(journal)
    segment.fill(4)
    segment.seq = 9_000
    segment.fill(4)
    watched = Watched(journal, tmp_path / "index.db", 0)
    assert watched.follower.take() == 8
    assert watched.follower.behind() == 0
    watched.follower.close()
    segment.close()


def test_damage_is_the_segments_and_not_the_indexs(journal: Path, tmp_path: Path):
    segment = SegmentFile(journal)
    segment.fill(400)
    segment.close()
    other = tmp_path / "whole"
    shutil.copytree(journal, other)
    middle(segment.file)
    watched = Watched(journal, tmp_path / "index.db", 0)
    watched.follower.take()
    assert segment.path in watched.follower.faults.damaged
    assert not list(tmp_path.glob("index.db.aside*"))
    watched.follower.close()
