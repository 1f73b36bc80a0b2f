"""A backup of a home that is in use holds all that was answered before it began, once, and makes a home that serves."""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tidegate import COMMAND, Finished, Homestead, environment, tidegate, until
from tests.disks import Mount
from tests.engine.load import Devices
from tests.engine.stead import Stead, body, kill
from tests.journal.segments import SegmentFile

MakeStead = Callable[..., Stead]


def back_up(stead: Homestead, file: Path, *options: str) -> Any:
    done = stead("backup", str(file), "--json", *options)
    assert done.status == 0, done.err
    return done.objects[0]


def restored(file: Path, home: Path, port: int = 0) -> Homestead:
    done = tidegate("restore", str(file), "--home", str(home))
    assert done.status == 0, done.err
    return Homestead(home, port)


def device_counts(stead: Homestead) -> Counter[str]:
    done = stead("events", "--json", "--limit", "1000000")
    assert done.status == 0, done.err
    return Counter(event["hardwareId"] for event in done.objects)


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".")]


def test_under_load(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead(settings="threads = 2", instance='[journal]\nsegment = "1 MiB"\n')
    stead.serve()
    large = {f"large{number}" for number in range(6)}
    for id in large:
        assert stead.post(body(id).ljust(400_000)) == 200
    file = tmp_path / "gate.tar.zst"

    async def load() -> tuple[set[str], set[str], Any]:
        devices = Devices(stead.port)
        devices.start()
        while len(devices.acknowledged) < 4000:  # noqa: ASYNC110  # the devices have no event for this
            await asyncio.sleep(0.02)
        before = set(devices.acknowledged)
        made = await asyncio.to_thread(back_up, stead, file)
        after = len(devices.acknowledged)
        while len(devices.acknowledged) < after + 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await devices.stop()
        assert set(devices.statuses) == {200}
        return before | large, devices.acknowledged | large, made

    before, in_all, made = asyncio.run(load())
    assert (made["tenants"], made["damaged"]) == (1, [])
    assert len(before) <= made["requests"] <= len(in_all)
    assert made["segments"] >= 3, "some segments are folded, some are written"
    assert file.stat().st_mode & 0o777 == 0o600
    assert leftovers(tmp_path) == []
    stead.end()

    other = restored(file, tmp_path / "other", stead.port)
    found = device_counts(other)
    assert before <= set(found) <= in_all
    assert set(found.values()) == {1}
    assert sum(found.values()) == made["requests"]
    other.serve()
    try:
        assert other.post(body("new")) == 200
        assert set(device_counts(other)) == set(found) | {"new"}
        assert other("requests", "--json", "--limit", "5").objects[-1]["outcome"] == "decoded"
    finally:
        other.end()
    assert device_counts(stead).keys() == in_all, "the home that was backed up has lost nothing"


def test_beside_a_simulator(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead()
    stead.serve()
    url = f"http://127.0.0.1:{stead.port}/x"
    (tmp_path / "body.json").write_bytes(body("simulated"))
    sending = subprocess.Popen(
        [*COMMAND, "send", url, "--body", str(tmp_path / "body.json"), "--count", "2000", "--connections", "4"],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    until(lambda: len(stead.requests("--limit", "100")) >= 50, "the simulator's requests")
    before = {row["id"] for row in stead.requests()}
    back_up(stead, tmp_path / "gate.tar.zst")
    assert sending.communicate(timeout=60)[0]
    assert sending.returncode == 0, "every request was answered 200"
    rows = restored(tmp_path / "gate.tar.zst", tmp_path / "other")("requests", "--json", "--limit", "100000").objects
    ids = Counter(row["id"] for row in rows)
    assert before <= set(ids)
    assert set(ids.values()) == {1}


def test_of_a_home_whose_processes_were_all_killed(make_stead: MakeStead, tmp_path: Path) -> None:
    """What they had committed stands in write-ahead logs."""
    stead = make_stead()
    engine = stead.serve()
    for number in range(30):
        assert stead.post(body(f"d{number}")) == 200
    for pid in [engine.pid, *stead.workers()]:
        kill(pid)
    engine.wait()
    logs = list((stead.path / "data" / "journal").rglob("*.db-wal"))
    assert logs
    assert sum(log.stat().st_size for log in logs)
    made = back_up(stead, tmp_path / "gate.tar.zst")
    assert made["requests"] == 30
    other = restored(tmp_path / "gate.tar.zst", tmp_path / "other")
    assert device_counts(other) == {f"d{number}": 1 for number in range(30)}
    assert not list((other.path / "data" / "journal").rglob("*-wal"))


def test_the_configuration_comes_along(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead(instance='[retention]\nage = "3 d" # as agreed\n')
    (stead.path / "scripts" / "shared.py").write_text("SHARED = 1\n")
    assert stead("set", "default", "event_sources/lora", "threads=2").status == 0
    removed = stead.path / "tenants" / ".removed" / "old-20260101"
    removed.mkdir(parents=True)
    (removed / "tenant.toml").write_text('[tenant]\nid = "old"\nname = "Old"\n')
    files = {path.relative_to(stead.path): path.read_bytes() for path in config_files(stead.path)}
    assert {Path("instance.toml"), Path("scripts/shared.py"), Path("tenants/default/staged.toml")} <= set(files)
    back_up(stead, tmp_path / "gate.tar.zst")
    other = tmp_path / "other"
    restored(tmp_path / "gate.tar.zst", other)
    assert {path.relative_to(other): path.read_bytes() for path in config_files(other)} == files
    assert tidegate("check", "--home", str(other)).status == 0


def config_files(home: Path) -> list[Path]:
    found = [home / "instance.toml", *(home / "scripts").rglob("*"), *(home / "tenants").rglob("*")]
    return [path for path in found if path.is_file()]


def test_a_scripts_folder_that_is_a_link_comes_along(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead()
    checkout = tmp_path / "checkout"
    stead.scripts.rename(checkout)
    stead.scripts.symlink_to(checkout)
    (checkout / "round").symlink_to(checkout)
    back_up(stead, tmp_path / "gate.tar.zst")
    restored(tmp_path / "gate.tar.zst", tmp_path / "other")
    copy = tmp_path / "other" / "tenants" / "default" / "scripts" / "lora.py"
    assert copy.read_bytes() == (checkout / "lora.py").read_bytes()
    assert not copy.is_symlink()


AUTHENTICATION = """
[[device_communication.event_sources.interaction_handler.authentication]]
type = "bearer"
id = "gateway"
token = { file = "%s" }

[[device_communication.event_sources.interaction_handler.authentication]]
type = "bearer"
id = "other"
token = { env = "GATE_TOKEN" }
"""


def with_secrets(make_stead: MakeStead, tmp_path: Path) -> Stead:
    stead = make_stead()
    folder = stead.path / "tenants" / "default"
    (folder / "secrets" / "typed").write_text("s3cret")
    (folder / "beside.txt").write_text("s3cret-beside")
    (folder / "tls.pem").write_text("-----BEGIN PRIVATE KEY-----\ns3cret-key\n-----END PRIVATE KEY-----\n")
    (tmp_path / "far").write_text("s3cret-far")
    for name in ("secrets/typed", "beside.txt"):
        (folder / name).chmod(0o600)
    text = stead.tenant_file.read_text()
    stead.tenant_file.write_text(text + AUTHENTICATION % "beside.txt")
    (folder / "staged.toml").write_text(text + AUTHENTICATION % (tmp_path / "far"))
    return stead


def test_secrets_stay_at_home_unless_asked_for(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = with_secrets(make_stead, tmp_path)
    file = tmp_path / "gate.tar.zst"
    done = stead("backup", str(file))
    assert done.status == 0
    assert "without 4 secrets" in done.out
    content = subprocess.run(["tar", "--zstd", "-xOf", str(file)], capture_output=True)
    if content.returncode == 0:
        assert b"lora.py" in content.stdout
        assert b"s3cret" not in content.stdout
    home = tmp_path / "other"
    told = tidegate("restore", str(file), "--home", str(home)).out
    assert not list((home / "tenants").rglob("typed"))
    for name in ("tenants/default/secrets/typed", "tenants/default/beside.txt", "tenants/default/tls.pem"):
        assert f"{name} is not in the backup" in told
        assert not (home / name).exists()
    assert f"{tmp_path / 'far'} is not in the backup" in told
    assert "GATE_TOKEN is an environment variable with a secret" in told


def test_secrets_come_along_where_asked_for(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = with_secrets(make_stead, tmp_path)
    file, home = tmp_path / "gate.tar.zst", tmp_path / "other"
    done = stead("backup", str(file), "--with-secrets")
    assert "secrets are in it" in done.out
    assert file.stat().st_mode & 0o777 == 0o600
    told = tidegate("restore", str(file), "--home", str(home)).out
    folder = home / "tenants" / "default"
    assert (folder / "secrets" / "typed").read_text() == "s3cret"
    assert (folder / "secrets" / "typed").stat().st_mode & 0o777 == 0o600
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert "tenants/default" not in told
    assert f"{tmp_path / 'far'} is not in the backup" in told, "what is outside the home never comes along"


def test_replays_and_dismissals_come_along(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead(script="def decode(payload, metadata, events, logger):\n    raise ValueError('no')\n")
    stead.serve()
    assert stead.post(body("a", 1)) == 422
    (group,) = stead("requests", "--failed", "--group", "--json").objects
    assert stead("dismiss", group["id"], "known").status == 0
    better = tmp_path / "better.py"
    better.write_text("def decode(payload, metadata, events, logger):\n    events.alert('a', 'mended', 'now')\n")
    assert stead("replay", "default", "--failed", "--script", str(better)).status == 0
    back_up(stead, tmp_path / "gate.tar.zst")
    other = restored(tmp_path / "gate.tar.zst", tmp_path / "other")
    (row,) = other("requests", "--json").objects
    assert (row["outcome"], row["replayed"]) == ("decoded", 1)
    assert [event["type"] for event in other("events", "--json").objects] == ["mended"]
    assert (other.path / "data" / "dismissed.json").read_bytes() == (
        stead.path / "data" / "dismissed.json"
    ).read_bytes()


def test_a_damaged_segment_comes_along_as_it_is(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead()
    journal = stead.path / "data" / "journal"
    good, bad = SegmentFile(journal), SegmentFile(journal)
    good.fill(5)
    bad.fill(3000)
    bad.close()
    with bad.file.open("r+b") as file:
        file.seek(bad.file.stat().st_size // 8192 * 4096)
        file.write(b"\xa5" * 4096)
    damaged = bad.file.read_bytes()
    done = stead("backup", str(tmp_path / "gate.tar.zst"))
    assert f"data/journal/{bad.path} is damaged in the home" in done.out
    other = restored(tmp_path / "gate.tar.zst", tmp_path / "other")
    assert (other.path / "data" / "journal" / bad.path).read_bytes() == damaged
    good.close()


def test_it_overwrites_nothing_and_stands_outside_the_home(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead()
    file = tmp_path / "gate.tar.zst"
    file.write_text("mine")
    assert "is there already" in stead("backup", str(file)).err
    assert file.read_text() == "mine"
    inside = stead("backup", str(stead.path / "data" / "gate.tar.zst"))
    assert (inside.status, "which is backed up itself" in inside.err) == (1, True)
    assert "is no home" in tidegate("backup", str(tmp_path / "x"), "--home", str(tmp_path / "none")).err
    assert "cannot write into" in stead("backup", str(tmp_path / "none" / "x")).err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_cancelled_leaves_nothing(make_stead: MakeStead, tmp_path: Path, number: signal.Signals) -> None:
    stead = make_stead()
    large = stead.path / "scripts" / "large.bin"
    large.touch()
    os.truncate(large, 64 << 30)  # which takes no room, and a minute to read
    folder = tmp_path / "backups"
    folder.mkdir()
    backup = subprocess.Popen(
        [*COMMAND, "backup", str(folder / "gate.tar.zst"), "--home", str(stead.path)], env=environment()
    )
    until(lambda: any(name.endswith(".partial") for name in os.listdir(folder)), "the backup to begin")
    time.sleep(0.1)
    backup.send_signal(number)
    assert backup.wait(20) == 130
    assert os.listdir(folder) == []


def test_a_full_disk_ends_it_with_words_and_leaves_nothing(make_stead: MakeStead, tmp_path: Path, mount: Mount) -> None:
    stead = make_stead()
    (stead.path / "scripts" / "large.bin").write_bytes(os.urandom(30 << 20))
    mount(tmp_path / "disk", 24 << 20)
    done: Finished = stead("backup", str(tmp_path / "disk" / "gate.tar.zst"))
    assert done.status == 1
    assert "write the backup to another disk" in done.err
    assert os.listdir(tmp_path / "disk") == []


def test_the_journals_own_disk_keeps_its_reserve(make_stead: MakeStead, tmp_path: Path) -> None:
    stead = make_stead(instance='[journal]\nfree_disk = "16 TiB"\n')
    done = stead("backup", str(tmp_path / "gate.tar.zst"))
    assert done.status == 1
    assert "(free_disk) sources take no more requests; write the backup to another disk" in done.err
