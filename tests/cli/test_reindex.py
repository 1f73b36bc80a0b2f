"""`tidegate reindex`, with an engine and without, and searches that take more than one page."""

import http.client
import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from core.journal.follower import Follower
from tests.cli.tidegate import Homestead, free_port
from tests.journal.segments import SegmentFile


@pytest.fixture
def kept(tmp_path: Path) -> Homestead:
    """A home with a journal, and no engine."""
    homestead = Homestead(tmp_path / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    (homestead.path / "instance.toml").write_text('[retention]\nage = "36500 d"\n')  # the rows are of a day long past
    segment = SegmentFile(homestead.path / "data" / "journal", pid=2**22 + 1)
    segment.write(segment.row(payload=b"the needle"))
    segment.fill(25_000)
    segment.close()
    return homestead


def inode(home: Homestead) -> int:
    return (home.path / "data" / "index.db").stat().st_ino


def leftovers(home: Homestead) -> list[str]:
    return [file.name for file in (home.path / "data").glob("index.db.*")]


def test_without_an_engine(kept: Homestead) -> None:
    before = kept("requests", "--json", "--limit", "5")
    assert before.status == 0, before.err
    old = inode(kept)
    done = kept("reindex")
    assert done.status == 0, done.err
    assert "the index was built anew: 25,001 rows" in done.out
    assert inode(kept) != old
    assert leftovers(kept) == []
    assert kept("requests", "--json", "--limit", "5").out == before.out


def test_with_an_engine_that_goes_on_taking_and_answering(kept: Homestead) -> None:
    kept.serve()
    try:
        old = inode(kept)
        answers: list[int] = []
        ended = threading.Event()

        def post() -> None:
            with closing(http.client.HTTPConnection("127.0.0.1", kept.port, timeout=20)) as device:
                while not ended.is_set():
                    device.request("POST", "/lora", b'{"no": 1}', {"Content-Type": "application/json"})
                    answer = device.getresponse()
                    answer.read()
                    answers.append(answer.status)

        posting = threading.Thread(target=post)
        posting.start()
        done = kept("reindex", "--json")
        ended.set()
        posting.join()
        assert done.status == 0, done.err
        status = json.loads(done.out)
        assert (status["state"], status["unread"]) == ("done", [])
        assert status["done"] >= 25_001
        assert inode(kept) != old
        assert set(answers) == {422}  # kept as failed
        listed = kept("requests", "--json", "--limit", "100000")
        assert len(listed.out.splitlines()) == 25_001 + len(answers)
        again = kept("reindex", "--cancel")
        assert again.status == 1
        assert "nothing to cancel" in again.err
        shown = json.loads(kept("status", "--json").out)
        assert shown["reindex"]["state"] == "done"
    finally:
        kept.end()


def test_a_search_for_what_is_old_goes_on_until_it_is_found(kept: Homestead) -> None:
    for filter in ("payload:needle", "needle"):
        found = kept("requests", "--filter", filter, "--json", "--payload")
        assert found.status == 0, found.err
        (line,) = found.out.splitlines()
        assert json.loads(line)["bytes"] == len("the needle")
    assert kept("requests", "--filter", "payload:nowhere").out == ""


def test_an_index_of_another_format_is_built_again(kept: Homestead) -> None:
    assert kept("requests", "--limit", "1").status == 0
    with closing(sqlite3.connect(kept.path / "data" / "index.db")) as index:
        index.execute("PRAGMA user_version = 1")
    follower = Follower(kept.path / "data" / "journal", kept.path / "data" / "index.db")
    assert follower.take() == 25_001
    follower.close()
