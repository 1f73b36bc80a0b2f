"""What can be read of damaged segments is served on, each row once and with the number it had."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.control.states import DamagedSegment
from core.journal.decodes import DecodeWriter, NewDecode
from core.journal.pages import Pages
from core.journal.rows import BY_ALTERNATE_ID, FORMAT
from core.journal.salvage import SUFFIX, SalvageJob, holder_of, salvage
from tests.journal import damage
from tests.journal.damage import PAGE, Damage
from tests.journal.segments import NOW, SegmentFile, request_id
from tests.journal.test_follower import Followed

Rows = list[tuple[Any, ...]]


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    followed = Followed(tmp_path)
    yield followed
    followed.follower.close()


def rows_of(file: Path, table: str = "requests") -> Rows:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    finally:
        connection.close()


def job(folder: Path, path: str, **given: Any) -> SalvageJob:
    known = {"known": 0, **given}
    return SalvageJob(
        journal=str(folder / "journal"),
        damaged=str(folder / "damaged"),
        path=path,
        reason="it was damaged",
        found="2026-01-01T00:00:00.000Z",
        **known,
    )


def copied(segment: SegmentFile) -> tuple[Path, Path]:
    """The segment as it is on disk now, with its log."""
    file = segment.file.with_name("copy.db")
    file.write_bytes(segment.file.read_bytes())
    damage.log_of(file).write_bytes(damage.log_of(segment.file).read_bytes())
    return file, damage.log_of(file)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.one_of(st.integers(0, 200), st.integers(3900, 13_000)), min_size=1, max_size=60),
    checkpoint=st.booleans(),
)
def test_pages_give_the_rows_that_sqlite_gives(tmp_path: Path, sizes: list[int], checkpoint: bool) -> None:
    segment = SegmentFile(tmp_path / "journal")
    for number, size in enumerate(sizes):
        segment.write(segment.row(payload=bytes([number]) * size, wire=b"w" if number % 3 else None))
        if checkpoint and number == len(sizes) // 2:
            segment.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file, log = copied(segment)
    found = {rowid: values for rowid, values in Pages(file, log).rows() if len(values) == 20}
    expected = segment.connection.execute("SELECT * FROM requests").fetchall()
    assert found == {row[0]: [None, *row[1:]] for row in expected}
    segment.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Rows]:
    """A folded segment, and what is in it."""
    segment = SegmentFile(tmp_path_factory.mktemp("sound"))
    segment.write(*(segment.row(payload=b"p" * (number % 7 * 900)) for number in range(600)))
    segment.connection.execute("PRAGMA journal_mode = DELETE")
    segment.close()
    return segment.file.read_bytes(), rows_of(segment.file)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_costs_no_row_elsewhere(tmp_path: Path, sound: tuple[bytes, Rows], data: st.DataObject) -> None:
    content, rows = sound
    place = data.draw(st.integers(0, len(content) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=5000))
    file = tmp_path / "damaged.db"
    file.write_bytes(content[:place] + patch + content[place + len(patch) :])
    found = {rowid: values for rowid, values in Pages(file, None).rows() if len(values) == 20}
    pages = len(patch) // PAGE + 2
    intact = [row for row in rows if found.get(row[0]) == [None, *row[1:]]]
    assert len(intact) >= len(rows) - pages * 40, "a page holds fewer rows than that"


@pytest.mark.parametrize(
    ("way", "most_lost"),
    [(damage.middle, 60), (damage.header, 0), (damage.root, 0), (damage.cut, 1700)],
    ids=["middle", "header", "root", "cut"],
)
def test_what_is_saved_of_a_folded_segment(tmp_path: Path, way: Damage, most_lost: int) -> None:
    segment = SegmentFile(tmp_path / "journal", deduplicator=BY_ALTERNATE_ID)
    segment.fill(4000)
    segment.connection.execute("PRAGMA journal_mode = DELETE")
    segment.close()
    before, heads, meta = (rows_of(segment.file, table) for table in ("requests", "heads", "meta"))
    way(segment.file)
    content = segment.file.read_bytes()
    found = salvage(job(tmp_path, segment.path, known=4000))
    after = rows_of(segment.file)
    assert set(after) <= set(before)
    assert len(after) >= 4000 - most_lost
    assert (found.saved, found.lost) == (len(after), 4000 - len(after))
    assert rows_of(segment.file, "heads") == heads
    told = dict(rows_of(segment.file, "meta"))
    assert told == {**dict(meta), "pid": "0"} or way is damage.cut
    assert Path(found.kept or "").read_bytes() == content
    assert sqlite3.connect(segment.file).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_rows_that_stand_in_the_log_alone(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path / "journal")
    segment.fill(50)
    segment.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    segment.fill(50)
    before = segment.connection.execute("SELECT * FROM requests ORDER BY seq").fetchall()
    file, log = copied(segment)
    segment.close()
    file.rename(segment.file)
    log.rename(damage.log_of(segment.file))
    damage.header(segment.file)
    found = salvage(job(tmp_path, segment.path))
    assert (found.saved, found.lost) == (100, 0)
    assert rows_of(segment.file) == before
    assert not damage.log_of(segment.file).exists()
    assert damage.log_of(Path(found.kept or "")).exists()


def test_rows_behind_a_damaged_place_of_the_log(tmp_path: Path) -> None:
    """SQLite ends a log where a checksum is wrong."""
    segment = SegmentFile(tmp_path / "journal")
    for _ in range(20):
        segment.fill(5)
    file, log = copied(segment)
    segment.close()
    file.rename(segment.file)
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 0xFF
    damage.log_of(segment.file).write_bytes(content)
    log.unlink()
    found = salvage(job(tmp_path, segment.path, known=100))
    assert (found.saved, found.lost) == (100, 0)


def test_decodes_of_replays(tmp_path: Path) -> None:
    folder = tmp_path / "journal" / "default" / "lora"
    writer = DecodeWriter(folder, "default", "lora", "the-replay")
    writer.add([NewDecode(request_id(NOW, n), NOW, 1, NOW, 0, b"[]", micros=3, effect=1) for n in range(2000)])
    writer.close()
    path = f"default/lora/replays/{writer.path.name}"
    before = rows_of(writer.path, "decodes")
    damage.middle(writer.path)
    found = salvage(job(tmp_path, path, known=2000))
    after = rows_of(writer.path, "decodes")
    assert set(after) < set(before)
    assert (found.saved, found.lost) == (len(after), 2000 - len(after))
    assert dict(rows_of(writer.path, "meta"))["replay"] == "the-replay"


@pytest.mark.parametrize(("format", "lacking"), [(1, ("wire", "answer", "around")), (2, ("around",))])
def test_an_older_segment_becomes_one_of_today(tmp_path: Path, format: int, lacking: Sequence[str]) -> None:
    segment = SegmentFile(tmp_path / "journal")
    segment.fill(500)
    segment.connection.executescript(
        "".join(f"ALTER TABLE requests DROP COLUMN {column};" for column in lacking)
        + f"UPDATE meta SET value = '{format}' WHERE key = 'format'; PRAGMA journal_mode = DELETE; VACUUM;"
    )
    segment.close()
    before = rows_of(segment.file)
    damage.header(segment.file)
    salvage(job(tmp_path, segment.path))
    assert rows_of(segment.file) == [(*row, *[None] * len(lacking)) for row in before]
    assert dict(rows_of(segment.file, "meta"))["format"] == str(FORMAT)


def test_one_that_is_open_is_left_alone(tmp_path: Path) -> None:
    """Asked in a process of its own, since a process's own locks are no hindrance to it."""
    segment = SegmentFile(tmp_path / "journal")
    segment.fill(3)
    asked = [sys.executable, "-c", f"from core.journal.salvage import *; print(holder_of(Path({str(segment.file)!r})))"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == f"{os.getpid()}\n"
    segment.close()
    assert holder_of(segment.file) is None


@pytest.mark.parametrize("step", ["kept", "copied", "replaced"])
def test_an_interrupted_run_is_made_good(tmp_path: Path, step: str) -> None:
    segment = SegmentFile(tmp_path / "journal")
    segment.fill(1000)
    segment.close()
    before = rows_of(segment.file)
    damage.header(segment.file)
    asked = job(tmp_path, segment.path)
    whole = salvage(asked)
    kept = Path(whole.kept or "")
    kept.with_suffix(".json").unlink()
    if step != "replaced":
        segment.file.unlink()
        segment.file.hardlink_to(kept)
    if step == "copied":
        segment.file.with_name(segment.file.name + SUFFIX).write_bytes(b"half")
    assert salvage(asked) == whole
    assert rows_of(segment.file) == before


def test_the_word_of_it_that_was_lost_is_given_again(tmp_path: Path) -> None:
    segment = SegmentFile(tmp_path / "journal")
    segment.fill(1000)
    segment.close()
    damage.middle(segment.file)
    first = salvage(job(tmp_path, segment.path, known=1000))
    content = segment.file.read_bytes()
    assert salvage(job(tmp_path, segment.path, known=1000)) == first
    assert segment.file.read_bytes() == content
    damage.middle(segment.file)
    second = salvage(job(tmp_path, segment.path, known=1000, again=True))
    assert second.kept != first.kept
    assert (second.saved or 0) < (first.saved or 0)


def test_one_that_was_never_begun_is_not_told(followed: Followed) -> None:
    """Its writer was killed before it had made the tables: what it had written of them was not committed."""
    segment = SegmentFile(followed.journal)
    file, log = copied(segment)
    segment.close()
    segment.file.write_bytes(file.read_bytes()[:PAGE])
    damage.log_of(segment.file).write_bytes(log.read_bytes()[: 32 + 24 + PAGE])
    file.unlink()
    log.unlink()
    stamp = NOW // 1000
    os.utime(segment.file, (stamp, stamp))
    followed.follower.take()
    found = salvage(job(followed.folder, segment.path))
    assert (found.saved, found.lost, found.kept) == (0, 0, None)
    assert not [each for each in (followed.folder / "damaged").rglob("*") if each.is_file()]
    followed.follower.renew(segment.path)
    followed.follower.take()
    assert (followed.follower.faults.damaged, followed.follower.faults.errors) == ({}, {})


class TestFollowed:
    def mend(self, followed: Followed, segment: SegmentFile) -> DamagedSegment:
        assert list(followed.follower.faults.damaged) == [segment.path]
        found = salvage(job(followed.folder, segment.path, known=4000))
        followed.follower.renew(segment.path)
        followed.follower.take()
        assert (followed.follower.faults.damaged, followed.follower.faults.errors) == ({}, {})
        return found

    @pytest.mark.parametrize("way", [damage.middle, damage.header, damage.root, damage.cut, damage.emptied])
    def test_it_is_found_when_the_index_is_built_again(self, followed: Followed, way: Damage) -> None:
        segment, other = SegmentFile(followed.journal, pid=2**22 + 1), SegmentFile(followed.journal)
        ids = segment.fill(4000)
        ids += other.fill(10)
        segment.close()
        followed.follower.take()
        followed.follower.close()
        again = Followed(followed.folder)
        way(segment.file)
        told = len(again.rows)
        again.follower.renew(segment.path)
        again.follower.take()
        if way is damage.emptied:
            assert again.follower.faults.damaged == {}, "the index knows of nothing that was in it"
            return
        found = self.mend(again, segment)
        assert again.indexed() == 10 + (found.saved or 0)
        rows = [row.request for row in again.rows[told:]]
        assert len(set(rows)) == len(rows), "none is told twice"
        assert set(rows) <= set(ids)
        again.follower.close()

    @pytest.mark.parametrize("way", [damage.emptied, lambda file: damage.log_of(file).unlink()])
    def test_rows_that_are_gone_are_missed(self, followed: Followed, way: Damage) -> None:
        segment = SegmentFile(followed.journal)
        segment.fill(3900)
        followed.follower.take()
        segment.fill(100)
        followed.follower.take()  # too soon for another checkpoint: these stand in the log alone
        followed.follower.close()
        file, log = copied(segment)
        segment.close()
        file.rename(segment.file)
        log.rename(damage.log_of(segment.file))
        way(segment.file)
        again = Followed(followed.folder)
        again.follower.take()
        (reason,) = again.follower.faults.damaged.values()
        assert "to 4000 are gone" in reason
        found = self.mend(again, segment)
        assert again.indexed() == found.saved
        assert (found.saved or 0) + (found.lost or 0) == 4000
        again.follower.close()

    def test_a_torn_end_of_the_log_is_no_damage(self, followed: Followed) -> None:
        """Nothing of it was answered for: SQLite passes over it."""
        segment = SegmentFile(followed.journal, pid=2**22 + 1)
        segment.fill(30)
        file, log = copied(segment)
        segment.close()
        file.rename(segment.file)
        damage.log_of(segment.file).write_bytes(log.read_bytes()[:-1000])
        log.unlink()
        followed.follower.take()
        assert (followed.follower.faults.damaged, followed.indexed()) == ({}, 0)
