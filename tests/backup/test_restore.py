"""What is no whole backup makes no home, and nothing is written outside it."""

import contextlib
import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.backup.format import BadBackup
from core.backup.reading import restore, verify
from core.backup.writing import write_backup
from core.config.home import Home, HomeLock
from core.errors import TidegateError
from tests.cli.tidegate import tidegate
from tests.disks import Mount
from tests.journal.segments import SegmentFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small backup of a home with one tenant and a live segment."""
    folder = tmp_path_factory.mktemp("home")
    home = Home(folder / "home")
    home.create()
    (home.tenants / "default" / "scripts").mkdir(parents=True)
    home.tenant_file("default").write_text('[tenant]\nid = "default"\nname = "D"\n')
    (home.tenant_scripts("default") / "décode.py").write_text("x = 1\n")
    segment = SegmentFile(home.journal)
    segment.fill(20)
    parts = folder / "parts"
    parts.mkdir()
    with (folder / "backup").open("w+b") as out:
        write_backup(home, out, parts, with_secrets=False)
    segment.close()
    return (folder / "backup").read_bytes()


@pytest.fixture
def file(backup: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "gate.tar.zst"
    file.write_bytes(backup)
    return file


Member = tuple[tarfile.TarInfo, bytes]


def members(content: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(content))) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            yield member, opened.read() if opened else b""


def packed(some: list[Member]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in some:
            member.size = len(content)
            member.pax_headers = {}
            archive.addfile(member, io.BytesIO(content))
    return zstd.compress(made.getvalue())


def refused(file: Path, said: str) -> None:
    """Neither checked nor restored: both say why, and nothing is made."""
    before = sorted(os.listdir(file.parent))
    for work in (lambda: verify(file), lambda: restore(file, file.parent / "home")):
        with pytest.raises(BadBackup) as fault:
            work()
        assert said in str(fault.value)
    assert sorted(os.listdir(file.parent)) == before


def test_checking_writes_nothing(file: Path) -> None:
    done = tidegate("restore", "--check", str(file), "--home", str(file.parent / "home"))
    assert (done.status, "20 requests" in done.out, "all is well" in done.out) == (0, True, True)
    assert os.listdir(file.parent) == [file.name]
    (told,) = tidegate("restore", "--check", str(file), "--json").objects
    assert (told["home"], told["tenants"], told["requests"]) == (None, ["default"], 20)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_byte_that_is_another_is_found_or_means_nothing(backup: bytes, tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(backup) - 1))
    flip = data.draw(st.integers(1, 255))
    file = tmp_path / "damaged"
    file.write_bytes(backup)
    whole = verify(file)
    file.write_bytes(backup[:place] + bytes([backup[place] ^ flip]) + backup[place + 1 :])
    try:
        found = verify(file)
    except BadBackup:
        return
    assert found == whole, "it is no part of what is kept: the size of the window for unpacking, or a filling"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_that_was_cut_off_is_found(backup: bytes, tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "cut"
    file.write_bytes(backup[: data.draw(st.integers(0, len(backup) - 1))])
    with pytest.raises(BadBackup):
        verify(file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_inside_are_refused_in_words(backup: bytes, tmp_path: Path, data: st.DataObject) -> None:
    """Whoever packed it: the checksums of the compression say nothing then."""
    unpacked = zstd.decompress(backup)
    place = data.draw(st.integers(0, len(unpacked) - 10_240))
    patch = data.draw(st.binary(min_size=1, max_size=64))
    file = tmp_path / "forged"
    file.write_bytes(zstd.compress(unpacked[:place] + patch + unpacked[place + len(patch) :]))
    with contextlib.suppress(BadBackup):  # else it was a byte that means nothing: a date, a padding
        verify(file)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../outside", "leads out of the home"),
        ("/etc/passwd", "leads out of the home"),
        ("tenants/../../outside", "leads out of the home"),
        ("tenants/./default/tenant.toml", "is no path of a home"),
        ("scripts//x.py", "is no path of a home"),
        ("scripts/\x1b[2J.py", "is no path of a home"),
        ("data/engine.lock", "is nothing that a backup holds"),
        ("data/index.db", "is nothing that a backup holds"),
        ("data/journal/default/lora/other.db", "is nothing that a backup holds"),
        (".bashrc", "is nothing that a backup holds"),
    ],
)
def test_paths_that_have_no_place_in_a_home(file: Path, path: str, said: str) -> None:
    forge(file, (tarfile.TarInfo(path), b"x"))
    refused(file, said)


def forge(file: Path, *more: Member, change: str = "") -> None:
    """Puts members in before the list of files, which names them with their right checksums."""
    import hashlib

    found = list(members(file.read_bytes()))
    manifest: dict[str, Any] = json.loads(found[-1][1])
    for member, content in more:
        entry = {"path": member.name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest["entries"].append(entry)
    listed = (found[-1][0], json.dumps(manifest).encode())
    file.write_bytes(packed([*found[:-1], *more, listed]))


@pytest.mark.parametrize(
    ("type", "said"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is no plain file"),
        (tarfile.BLKTYPE, "is no plain file"),
        (tarfile.FIFOTYPE, "is no plain file"),
        (tarfile.DIRTYPE, "is no plain file"),
        (tarfile.CONTTYPE, "is no plain file"),
        (tarfile.GNUTYPE_SPARSE, ""),
    ],
)
def test_what_is_no_plain_file(file: Path, type: bytes, said: str) -> None:
    member = tarfile.TarInfo("scripts/x")
    member.type, member.linkname = type, "/etc/passwd"
    forge(file, (member, b""))
    refused(file, said)


def test_a_file_that_is_there_twice(file: Path) -> None:
    forge(file, (tarfile.TarInfo("scripts/x"), b"a"), (tarfile.TarInfo("scripts/x"), b"a"))
    refused(file, "has 'scripts/x' twice")


def test_a_checksum_that_is_another(file: Path) -> None:
    found = list(members(file.read_bytes()))
    at = next(n for n, (member, _) in enumerate(found) if member.name.endswith("tenant.toml"))
    found[at] = (found[at][0], b'[tenant]\nid = "default"\nname = "E"\n')
    file.write_bytes(packed(found))
    refused(file, "the checksum of 'tenants/default/tenant.toml' is another")


def test_files_that_are_not_in_the_list_or_lack(file: Path) -> None:
    found = list(members(file.read_bytes()))
    file.write_bytes(packed([*found[:-1], (tarfile.TarInfo("scripts/more.py"), b""), found[-1]]))
    refused(file, "which its list of files lacks")
    file.write_bytes(packed([found[0], *found[2:]]))
    refused(file, "which its list of files has")
    file.write_bytes(packed(found[:-1]))
    refused(file, "is cut off")
    file.write_bytes(packed([*found, (tarfile.TarInfo("scripts/more.py"), b"")]))
    refused(file, "something behind its list")
    file.write_bytes(packed(found[1:]))
    refused(file, "is no backup of Tidegate")


def test_a_newer_format_is_named(file: Path) -> None:
    found = list(members(file.read_bytes()))
    header = json.loads(found[0][1])
    header["format"] = 2
    file.write_bytes(packed([(found[0][0], json.dumps(header).encode()), *found[1:]]))
    refused(file, "is of format 2, of a newer Tidegate")


def test_other_files_are_no_backups(file: Path) -> None:
    file.write_bytes(b"PK\x03\x04 something else")
    refused(file, "is no backup of Tidegate")
    file.write_bytes(zstd.compress(b"something else" * 1000))
    refused(file, "")


def test_a_head_without_end_is_not_read_into_memory(file: Path) -> None:
    found = list(members(file.read_bytes()))
    long = tarfile.TarInfo("scripts/x.py")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        found[0][0].size = len(found[0][1])
        archive.addfile(found[0][0], io.BytesIO(found[0][1]))
        long.pax_headers = {"comment": "x" * (64 << 20)}
        archive.addfile(long)
    file.write_bytes(zstd.compress(made.getvalue()))
    refused(file, "a head of a member is too long")


def test_an_empty_folder_keeps_its_mode(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "lost+found").mkdir()
    done = tidegate("restore", str(file), "--home", str(home))
    assert done.status == 0, done.err
    assert home.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(home)) == ["data", "lost+found", "scripts", "tenants"]
    assert (home / "tenants" / "default" / "scripts" / "décode.py").read_text() == "x = 1\n"


def test_nothing_is_restored_over_what_is_there(file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine").touch()
    with pytest.raises(TidegateError, match="is not empty"):
        restore(file, home)
    assert os.listdir(home) == ["mine"]
    with pytest.raises(TidegateError, match="is no folder"):
        restore(file, home / "mine")
    with HomeLock(Home(tmp_path / "used")), pytest.raises(TidegateError, match="is in use by process"):
        restore(file, tmp_path / "used")


def test_too_small_a_disk_is_told_before(file: Path, tmp_path: Path, mount: Mount) -> None:
    mount(tmp_path / "disk", 4 << 20)
    with pytest.raises(TidegateError, match="are free in"):
        restore(file, tmp_path / "disk" / "home")
    assert os.listdir(tmp_path / "disk") == []
