"""Retention over real segments: what goes, what stays, and what the index says afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.received import Query
from core.journal.follower import Follower
from core.journal.indexed import connect
from core.journal.reader import Reader
from core.journal.retention import Swept, sweep

from .segments import NOW, SegmentFile

DAY = 86_400
NO_PROCESS = 2**22 + 1


class Home:
    def __init__(self, folder: Path) -> None:
        self.journal, self.index = folder / "journal", folder / "index.db"
        self.follower = Follower(self.journal, self.index)
        self.reader = Reader(self.journal, self.index)

    def finished(self, days_ago: int, rows: int = 20, payload: bytes = b"x") -> Path:
        segment = SegmentFile(self.journal, pid=NO_PROCESS)
        at = NOW - days_ago * DAY * 1000
        segment.write(*(segment.row(received=at + n, payload=payload) for n in range(rows)))
        segment.close()
        return segment.file

    def sweep(self, **limits: object) -> Swept:
        for _ in range(2):
            self.follower.take()  # the second finds the writers gone
        given: dict[str, object] = {"age": None, "size": None, "now": NOW / 1000, **limits}
        return sweep(self.journal, self.index, **given)  # type: ignore[arg-type]

    def rows(self) -> int:
        return len(self.reader.requests(Query(limit=10_000)).requests)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.follower.close()


def test_what_is_older_than_the_age_goes_with_its_index(home: Home):
    old, recent = home.finished(days_ago=9), home.finished(days_ago=3)
    swept = home.sweep(age=7 * DAY)
    assert swept.segments == 1
    assert swept.bytes > 0
    assert (old.exists(), recent.exists()) == (False, True)
    assert home.rows() == 20
    index = connect(home.index, read_only=True)
    assert index.execute("SELECT count(*) FROM events").fetchone() == (20,)
    assert index.execute("SELECT count(*) FROM segments").fetchone() == (1,)
    index.close()
    assert home.follower.take() == 0


def test_nothing_goes_without_a_limit(home: Home):
    home.finished(days_ago=900)
    assert home.sweep().segments == 0


def test_beyond_the_size_the_oldest_go_first(home: Home):
    files = [home.finished(days_ago=days, payload=b"x" * 5000) for days in (1, 5, 3)]
    one = files[0].stat().st_size
    swept = home.sweep(size=2 * one + 10_000)
    assert [file.exists() for file in files] == [True, False, True]
    assert swept.kept <= 2 * one + 10_000


def test_a_segment_with_a_writer_never_goes(home: Home):
    live = SegmentFile(home.journal)
    live.write(live.row(received=NOW - 100 * DAY * 1000))
    listed = home.finished(days_ago=100)
    assert home.sweep(age=DAY, size=0, live={f"default/lora/{listed.name}"}).segments == 0
    assert live.file.exists()
    assert listed.exists()
    live.fill(1)
    assert home.follower.take() == 1


def test_a_segment_that_was_not_taken_whole_never_goes(home: Home):
    home.follower.take()
    file = home.finished(days_ago=100)
    assert sweep(home.journal, home.index, age=DAY, size=0, now=NOW / 1000).segments == 0
    assert file.exists()


def test_a_segment_without_a_row_goes(home: Home):
    file = home.finished(days_ago=0, rows=0)
    assert home.sweep(age=7 * DAY).segments == 1
    assert not file.exists()


def test_a_sweep_of_many_rows_lets_the_follower_work(home: Home):
    home.finished(days_ago=9, rows=9000)
    assert home.sweep(age=DAY).segments == 1
    segment = SegmentFile(home.journal)
    segment.fill(7)
    assert home.follower.take() == 7
    assert home.rows() == 7
