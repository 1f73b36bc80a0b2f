"""A journal segment that turns corrupt under a running engine, or was damaged while none ran."""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.control.states import DamagedSegment
from tests.cli.tidegate import until
from tests.engine.stead import Stead, body, kill
from tests.journal import damage
from tests.journal.damage import PAGE, overwrite

MakeStead = Callable[..., Stead]


def segments(stead: Stead) -> list[Path]:
    return sorted((stead.path / "data" / "journal" / "default" / "lora").glob("*.db"))


def send(stead: Stead, first: int, count: int) -> set[str]:
    """Requests that are all answered 200."""
    ids = {f"d{number}" for number in range(first, first + count)}
    for id in ids:
        assert stead.post(body(id)) == 200
    return ids


def devices(stead: Stead) -> Counter[str]:
    return Counter(event["hardwareId"] for event in stead.events())


def set_aside(stead: Stead, count: int = 1) -> None:
    until(lambda: len([each for each in stead.status().damaged if each.waits is None]) == count, "it to be set aside")


def test_one_that_is_written_is_left_for_another(make_stead: MakeStead) -> None:
    stead = make_stead()
    stead.serve()
    ids = send(stead, 0, 40)
    before = devices(stead)
    (file,) = segments(stead)
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO meta VALUES ('a word', 'that has the writer look at the file again')")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    overwrite(file, 2, file.stat().st_size // PAGE - 1)
    ids |= send(stead, 40, 5)
    assert len(segments(stead)) == 2, "the request that met the damage was kept in another"
    set_aside(stead)
    (told,) = stead.status().damaged
    assert (told.tenant, told.source, told.saved, told.lost) == ("default", "lora", 0, 40)
    assert Path(told.kept or "").read_bytes()[PAGE : PAGE + 4] == b"\xa5" * 4
    assert "1 journal segment was found damaged, 40 rows lost" in (stead.status().tree.reason or "")
    out = stead("status").out
    assert "0 rows saved, 40 rows lost; it is kept as" in out
    until(lambda: set(devices(stead)) == ids - set(before), "what is left")
    assert set(devices(stead).values()) == {1}
    assert stead.source().state == "started"


def test_one_that_rests_is_left_too(make_stead: MakeStead) -> None:
    """Nothing comes, so that only a query meets the damage: its worker closes the file all the same."""
    stead = make_stead()
    stead.serve()
    ids = send(stead, 0, 200)
    assert set(devices(stead)) == ids
    (file,) = segments(stead)
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO meta VALUES ('a word', 'that has readers look at the file again')")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damage.middle(file)
    shown = set(devices(stead))
    assert 0 < len(shown) < 200
    set_aside(stead)
    ids = send(stead, 200, 3)
    assert len(segments(stead)) == 2
    until(lambda: set(devices(stead)) == shown | ids, "what could be read, and what is new")
    assert stead.source().state == "started"


def test_with_all_headers_gone_nothing_is_lost(make_stead: MakeStead) -> None:
    stead = make_stead(settings="threads = 2")
    engine = stead.serve()
    ids = send(stead, 0, 60)
    engine.terminate()
    engine.wait()
    files = segments(stead)
    for file in files:
        damage.header(file)
    (stead.path / "data" / "index.db").unlink()
    stead.serve()
    ids |= send(stead, 60, 10)
    set_aside(stead, len(files))
    until(lambda: set(devices(stead)) == ids, "all that was acknowledged")
    assert set(devices(stead).values()) == {1}
    told = stead.status().damaged
    assert sum(each.saved or 0 for each in told) == 60
    assert sum(each.lost or 0 for each in told) == 0


def test_of_a_killed_writer_the_log_stands_in_for_the_header(make_stead: MakeStead) -> None:
    stead = make_stead()
    engine = stead.serve()
    ids = send(stead, 0, 30)
    for pid in [engine.pid, *stead.workers()]:
        kill(pid)
    engine.wait()
    for file in segments(stead):
        damage.header(file)
    (stead.path / "data" / "index.db").unlink()
    stead.serve()
    until(lambda: set(devices(stead)) == ids, "all that was acknowledged")
    assert stead.status().damaged == []


def test_a_folded_one_is_found_when_it_is_read(make_stead: MakeStead) -> None:
    """Nobody looks at it until somebody asks for what is in it. Once it is cleared away nothing is said any more."""
    stead = make_stead()
    engine = stead.serve()
    ids = send(stead, 0, 200)
    engine.terminate()
    engine.wait()
    assert len(stead.events()) == 200
    (file,) = segments(stead)
    damage.middle(file)
    stead.serve()
    ids |= send(stead, 200, 10)
    shown = devices(stead)
    assert 100 < len(shown) < 210, "all but what stood on that page"
    assert set(shown.values()) == {1}
    set_aside(stead)
    (told,) = stead.status().damaged
    assert (told.saved or 0) + (told.lost or 0) == 200
    until(lambda: set(devices(stead)) == set(shown), "the same to be shown")
    assert len(stead.requests()) == len(shown)
    for kept in (stead.path / "data" / "damaged").rglob("*.*"):
        kept.unlink()
    until(lambda: stead.status().damaged == [] and stead.status().tree.reason is None, "the word to go")
    assert set(devices(stead)) == set(shown)


def test_it_is_said_after_a_restart_and_found_once(make_stead: MakeStead) -> None:
    stead = make_stead()
    engine = stead.serve()
    send(stead, 0, 100)
    engine.terminate()
    engine.wait()
    (file,) = segments(stead)
    damage.root(file)
    (stead.path / "data" / "index.db").unlink()
    engine = stead.serve()
    set_aside(stead)
    content = file.read_bytes()
    engine.terminate()
    engine.wait()
    stead.serve()
    (told,) = stead.status().damaged
    assert (told.saved, told.lost) == (100, 0)
    until(lambda: len(stead.events()) == 100, "the events")
    assert file.read_bytes() == content
    assert len(list((stead.path / "data" / "damaged").rglob("*.json"))) == 1


def test_what_is_kept_aside_has_a_bound(make_stead: MakeStead, capfd: pytest.CaptureFixture[str]) -> None:
    stead = make_stead()
    folder = stead.path / "data" / "damaged"
    for name in ("one", "two"):
        file = folder / "default" / "lora" / f"{name}.db"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.truncate(file, 700 << 20)  # with no bytes on the disk
        damaged = DamagedSegment(
            tenant="default",
            source="lora",
            segment=f"default/lora/{name}.db",
            reason="malformed",
            found=f"2026-01-0{1 if name == 'one' else 2}T00:00:00.000Z",
            saved=1,
            lost=4,
            kept=str(file),
        )
        file.with_suffix(".json").write_bytes(msgspec.json.encode(damaged))
    stead.serve()
    until(lambda: not (folder / "default" / "lora" / "one.db").exists(), "the oldest to go")
    until(lambda: len(stead.status().damaged) == 2, "both to be told of")
    assert [(each.lost, each.kept is None) for each in stead.status().damaged] == [(4, False), (4, True)]
    assert "1 row saved, 4 rows lost; the damaged file was removed, for too much was kept aside" in stead("status").out
    assert "one.db is removed: those kept took more than 1,024 MiB" in capfd.readouterr().err
