"""Retention by a running engine: real files, real sources, and an engine that is killed while it sweeps."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.config.home import Home
from core.config.instance import read_instance
from core.journal.rows import DECODED, FAILED
from core.model.kept import Kept
from tests.cli.tidegate import tidegate, until
from tests.engine.stead import Stead, body
from tests.journal.segments import SegmentFile

NO_PROCESS = 2**22 + 1
DAY_MS = 86_400_000
SMALL = '[journal]\nsegment = "1 MiB"\n[retention]\nsize = "3 MiB"\n'


def old_segment(stead: Stead, days_ago: int, *outcomes: int, tenant: str = "default") -> Path:
    """A file that a worker left behind."""
    segment = SegmentFile(stead.path / "data" / "journal", tenant, "lora", pid=NO_PROCESS)
    at = time.time_ns() // 1_000_000 - days_ago * DAY_MS
    segment.write(
        *(
            segment.row(received=at + n, outcome=outcome, reason="bad" if outcome == FAILED else None)
            for n, outcome in enumerate(outcomes)
        )
    )
    segment.close()
    return segment.file


def kept(stead: Stead, tenant: str = "") -> Kept:
    tree = stead.status().tree
    node = next((each for each in tree.children if each.path == tenant), tree)
    assert node.kept is not None
    return node.kept


def size_of(stead: Stead) -> int:
    return sum(file.stat().st_size for file in (stead.path / "data" / "journal").rglob("*.db"))


def test_what_is_too_old_goes_and_failed_requests_stay_as_long_as_asked(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance='[retention]\nage = "7 d"\nfailed_age = "30 d"\n')
    old = old_segment(stead, 9, DECODED, FAILED, FAILED)
    older = old_segment(stead, 40, FAILED)
    young = old_segment(stead, 2, DECODED, FAILED)
    stead.serve()
    until(lambda: not (old.exists() or older.exists()), "the old files to go")
    assert young.exists()
    assert len(stead.requests("--failed")) == 3
    assert len(stead.requests()) == 4
    until(lambda: kept(stead).failed == 2, "the figures")
    told = kept(stead)
    assert (told.requests, told.age, told.failed_age) == (4, 7 * 86_400, 30 * 86_400)
    out = stead("status").out
    assert "7 d, 5.0 GiB, failed 30 d" in out
    assert "2 failed requests kept longer than others" in out
    assert stead("replay", "default", "--failed", "--json").status == 0  # they can be decoded again
    assert all(request["replayed"] == 1 for request in stead.requests("--failed"))


def test_the_size_is_kept_to_whatever_kills_the_engine(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance=SMALL + 'failed_age = "30 d"\n')
    stead.serve()
    failed: set[str] = set()
    sent = 0
    for _ in range(3):
        for number in range(30):
            assert stead.post(body(f"d{sent}").ljust(60_000)) == 200
            sent += 1
            if number % 10 == 0:
                assert stead.post(f"no JSON {sent}".encode()) == 422
        time.sleep(0.3)  # somewhere in a sweep, or beside one
        os.kill(stead.engines[-1].pid, signal.SIGKILL)
        stead.engines[-1].wait()
        stead.serve()
        failed |= {request["id"] for request in stead.requests("--failed")}
    until(lambda: size_of(stead) <= 3 << 20, "the size")
    assert len(failed) == 9
    assert {request["id"] for request in stead.requests("--failed")} == failed
    assert len(stead.requests("--failed")) == 9
    until(lambda: stead.requests("--limit", "1") and max(stead.journal_ids().values()) == 1, "each to be there once")
    told = kept(stead)
    assert told.size == 3 << 20
    assert told.growth > 0
    assert told.full_by == "size"
    newest = stead.events()[-1]["hardwareId"]
    assert newest == f"d{sent - 1}"


def test_a_replay_goes_on_while_what_it_decodes_is_deleted(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    old = old_segment(stead, 4, *[FAILED] * 150)
    young = old_segment(stead, 1, *[FAILED] * 30)
    stead.serve()
    until(lambda: kept(stead, "default").requests == 180, "them to be taken")
    with ThreadPoolExecutor(1) as beside:
        replaying = beside.submit(stead, "replay", "default", "--rate", "60")
        until(lambda: any(file.stat().st_size for file in old.parent.glob("replays/*.db")), "the first decodes")
        assert stead("set", "default", "retention", "age=3 d", "--apply").status == 0
        until(lambda: not old.exists(), "the old file to go")
        assert replaying.result().status == 0, replaying.result().err
    assert young.exists()
    assert [request["replayed"] for request in stead.requests()] == [1] * 30


def test_a_tenant_s_own_limits_act_when_they_are_applied(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    file = old_segment(stead, 3, DECODED)
    stead.serve()
    until(lambda: kept(stead, "default").requests == 1, "it to be taken")
    assert stead("set", "default", "retention", "age=2 d", "--apply").status == 0
    assert '[retention]\nage = "2 d"\n' in stead.tenant_file.read_text()
    until(lambda: not file.exists(), "it to go")
    until(lambda: kept(stead, "default").age == 2 * 86_400, "the limit")
    assert kept(stead).age == 7 * 86_400
    until(lambda: kept(stead, "default").since is None, "the figures")


def test_a_looser_limit_is_a_fault_beside_its_field(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance='[retention]\nage = "7 d"\nsize = "1 GiB"\n')
    staged = stead("set", "default", "retention", "age=8 d", "size=2 GiB")
    assert staged.status == 0
    wanted = "retention.age: exceeds 7 d of instance.toml: a tenant's limits may only be tighter"
    told = stead("diff", "default")
    assert wanted in told.out + told.err
    applied = stead("apply", "default")
    assert applied.status != 0
    assert "retention.size: exceeds 1 GiB of instance.toml" in applied.out + applied.err
    stead.tenant_file.write_text(stead.tenant_file.read_text() + '\n[retention]\nfailed_age = "8 d"\n')
    checked = stead("check")
    assert "retention.failed_age: exceeds 7 d of instance.toml (age)" in checked.out + checked.err
    line = stead.tenant_file.read_text().splitlines().index('failed_age = "8 d"') + 1
    assert f"tenant.toml:{line}" in checked.out + checked.err
    stead("discard", "default")
    instance = stead.path / "instance.toml"
    instance.write_text('[retention]\nage = "7 d"\nfailed_age = "6 d"\n')
    _, faults = read_instance(Home(stead.path))
    assert [str(fault) for fault in faults] == [
        f"{instance}:3: retention.failed_age: is less than the age of 7 d: failed requests are kept as long as others "
        "at least"
    ]


def test_a_quiet_source_begins_a_new_file_so_that_the_old_one_can_go(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance='[retention]\nage = "1 min"\n')
    stead.serve()
    assert stead.post(body("d1")) == 200
    folder = stead.path / "data" / "journal" / "default" / "lora"
    (first,) = folder.glob("*.db")
    until(lambda: len(list(folder.glob("*.db"))) == 2, "a second file")  # after an eighth of the age
    until(lambda: not first.with_name(f"{first.name}-wal").exists(), "the first to be finished")
    assert stead.post(body("d2")) == 200
    assert [event["hardwareId"] for event in stead.events()] == ["d1", "d2"]


def test_below_the_floor_of_the_disk_the_engine_says_what_may_go(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance='[journal]\nfree_disk = "16 TiB"\n')
    young, old = old_segment(stead, 2, DECODED), old_segment(stead, 9, DECODED)
    stead.serve()
    until(lambda: not old.exists(), "what is too old to go")
    until(lambda: "in 4 d" in (stead.status().tree.reason or ""), "when the next goes")
    assert young.exists()
    reason = stead.status().tree.reason or ""
    assert "less than free_disk, 16.0 TiB: every source answers 503 until there is more" in reason
    assert "retention lets the next file go in 4 d" in " ".join(stead("status").out.split())
    assert stead.post(body("d1")) == 503
    assert tidegate("status", "--home", str(stead.path), "--json").objects[0]["tree"]["kept"]["disk_least"] == 16 << 40
