"""Segments of the formats before this one are read by the columns that they have."""

import os
import sqlite3
from pathlib import Path

import pytest

from core.control.received import Query
from core.journal.follower import Follower
from core.journal.reader import Reader
from tests.journal.segments import NOW, SegmentFile, request_id

BEFORE_FRAMES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE heads(id INTEGER PRIMARY KEY, method TEXT, target TEXT, head BLOB, metadata BLOB);
CREATE TABLE requests(
  seq INTEGER PRIMARY KEY, id BLOB, received INTEGER, remote TEXT, head INTEGER, payload BLOB, metadata BLOB,
  state BLOB, outcome INTEGER, events BLOB, reason TEXT, log BLOB, log_cut INTEGER, status INTEGER, script TEXT,
  micros INTEGER, size INTEGER
);
"""
BEFORE_AROUND = BEFORE_FRAMES.replace("size INTEGER", "size INTEGER, wire BLOB, answer BLOB")


class Kept:
    """A journal that is followed and read in this process."""

    def __init__(self, folder: Path) -> None:
        self.journal, self.index = folder / "journal", folder / "index.db"
        self.journal.mkdir()
        self.follower = Follower(self.journal, self.index)
        self.reader = Reader(self.journal, self.index)

    def old_segment(self, format: int, *payloads: bytes) -> None:
        """A segment as an earlier Tidegate wrote it, or as a later one may."""
        folder = self.journal / "default" / "tracker"
        folder.mkdir(parents=True)
        connection = sqlite3.connect(folder / f"0198c0de-0000-7000-8000-00000000000{format}.db", isolation_level=None)
        connection.executescript("PRAGMA journal_mode=WAL; BEGIN;" + (BEFORE_FRAMES if format == 1 else BEFORE_AROUND))
        about = {"format": format, "tenant": "default", "source": "tracker", "pid": os.getpid()}
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, str(value)) for key, value in about.items()])
        for seq, payload in enumerate(payloads, 1):
            columns = (seq, request_id(NOW, seq), NOW, "10.0.0.7:5000", None, payload, None, None, 0, None, None, None)
            connection.execute(
                f"INSERT INTO requests VALUES ({', '.join('?' * 17)}{', ?, ?' * (format > 1)})",
                (*columns, 0, None, None, 5, len(payload), *[b"<%b>" % payload, b"ok"] * (format > 1)),
            )
        connection.execute("COMMIT")
        connection.close()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


@pytest.mark.parametrize(("format", "framed"), [(1, [(None, None)] * 2), (2, [(b"<one>", b"ok"), (b"<two>", b"ok")])])
def test_a_segment_of_a_format_before_is_read(kept: Kept, format: int, framed: list[tuple[bytes, bytes]]):
    kept.old_segment(format, b"one", b"two")
    kept.follower.take()
    found = kept.reader.requests(Query()).requests
    assert [request.bytes for request in found] == [3, 3]
    whole = [kept.reader.request(request.id) for request in found]
    assert [each.payload for each in whole] == [b"one", b"two"]
    assert [(each.wire, each.answer) for each in whole] == framed
    kept.follower.close()


def test_segments_of_several_formats_are_read_side_by_side(kept: Kept):
    kept.old_segment(1, b"old")
    segment = SegmentFile(kept.journal)
    segment.write(segment.row(payload=b"new", wire=b"\x02new\x03", answer=b"\x06"), segment.row(payload=b"plain"))
    kept.follower.take()
    whole = [kept.reader.request(request.id) for request in kept.reader.requests(Query()).requests]
    assert [(each.payload, each.wire, each.answer) for each in whole] == [
        (b"old", None, None),
        (b"new", b"\x02new\x03", b"\x06"),
        (b"plain", None, None),
    ]
    segment.close()
    kept.follower.close()


def test_a_segment_of_a_later_format_is_left_alone(kept: Kept, caplog: pytest.LogCaptureFixture):
    kept.old_segment(4, b"later")
    kept.follower.take()
    assert kept.reader.requests(Query()).requests == []
    assert "is of format 4; this Tidegate reads 1, 2, 3" in caplog.text
    kept.follower.close()
