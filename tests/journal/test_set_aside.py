"""How much is kept of damaged segments: the oldest go first."""

import os
from pathlib import Path

import msgspec

from core.control.states import DamagedSegment
from core.journal.set_aside import keep_within, read_aside, record_of

MIB = 1 << 20


def aside(folder: Path, minute: int, size: int = MIB) -> Path:
    """A damaged segment of 2026-01-01T00:<minute>, kept with its log."""
    file = folder / "default" / "lora" / f"{minute:02d}.db"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size // 2))
    file.with_name(f"{file.name}-wal").write_bytes(bytes(size // 2))
    damaged = DamagedSegment(
        tenant="default",
        source="lora",
        segment=f"default/lora/{file.name}",
        reason="malformed",
        found=f"2026-01-01T00:{minute:02d}:00.000Z",
        saved=3,
        lost=minute,
        kept=str(file),
    )
    record_of(file).write_bytes(msgspec.json.encode(damaged))
    return file


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*") if each.is_file())


def test_the_oldest_files_go_and_what_was_lost_is_still_told(tmp_path: Path) -> None:
    kept = [aside(tmp_path, minute) for minute in (3, 1, 2)]
    went = [(each.file.name, why) for each, why in keep_within(read_aside(tmp_path), most_bytes=2 * MIB)]
    assert went == [("01.db", "those kept took more than 2 MiB")]
    assert files(tmp_path) == ["01.json", "02.db", "02.db-wal", "02.json", "03.db", "03.db-wal", "03.json"]
    told = [each.damaged for each in read_aside(tmp_path)]
    assert [(each.lost, each.kept) for each in told if each] == [(3, str(kept[0])), (2, str(kept[2])), (1, None)]
    assert list(keep_within(read_aside(tmp_path), most_bytes=2 * MIB)) == []


def test_the_newest_stays_however_large_it_is(tmp_path: Path) -> None:
    aside(tmp_path, 1)
    newest = aside(tmp_path, 2, 5 * MIB)
    assert [each.file.name for each, _ in keep_within(read_aside(tmp_path), most_bytes=2 * MIB)] == ["01.db"]
    assert newest.stat().st_size == 5 * MIB // 2


def test_of_more_than_so_many_the_oldest_go_with_their_records(tmp_path: Path) -> None:
    for minute in range(1, 6):
        aside(tmp_path, minute)
    went = [(each.file.name, why) for each, why in keep_within(read_aside(tmp_path), most=3)]
    assert went == [("02.db", "more than 3 were kept"), ("01.db", "more than 3 were kept")]
    assert [each.file.stem for each in read_aside(tmp_path)] == ["05", "04", "03"]
    assert not [name for name in files(tmp_path) if name[:2] in ("01", "02")]


def test_one_without_a_record_counts_and_one_that_is_in_the_journal_still_does_not(tmp_path: Path) -> None:
    """Whoever set them aside ended before its word was written."""
    for minute in (1, 2):
        record_of(aside(tmp_path, minute)).unlink()
    journal = tmp_path / "01.journal"
    os.link(tmp_path / "default" / "lora" / "01.db", journal)
    (left,) = read_aside(tmp_path)
    assert (left.file.name, left.size, left.damaged) == ("02.db", MIB, None)
    journal.unlink()
    aside(tmp_path, 3)
    kept = read_aside(tmp_path)
    assert len(kept) == 3
    assert len(list(keep_within(kept, most_bytes=MIB))) == 2
    assert len([name for name in files(tmp_path) if name.endswith(".db")]) == 1
