"""A disk that takes no more: devices are told to come again, nothing that was acknowledged is lost, and it recovers."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import until
from tests.engine.stead import Stead, body
from tests.wire.test_http import CLOSE, post, statuses

SMALL = 4 << 20
INSTANCE = '[journal]\nfree_disk = "1 MiB"\nsegment = "1 MiB"\n'


@pytest.fixture
def mounted() -> Iterator[Callable[[Path], None]]:
    """A function that puts a small disk in a folder's place."""
    places: list[Path] = []

    def mount(place: Path) -> None:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)], capture_output=True)
        if done.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted: {done.stderr.decode().strip()}")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("with_reserve", [True, False], ids=["below free_disk", "to the last byte"])
def test_a_full_disk_is_a_503_until_it_has_room(
    make_stead: Callable[..., Stead], mounted: Callable[[Path], None], with_reserve: bool
) -> None:
    stead = make_stead(instance=INSTANCE)
    mounted(stead.path / "data" / "journal")
    stead.serve()
    acknowledged: set[str] = set()
    ballast = stead.path / "data" / "journal" / "ballast"
    for number in range(20):
        assert stead.post(body(f"d{number}")) == 200
        acknowledged.add(f"d{number}")
    fill(ballast, keep=(512 << 10) if with_reserve else 0)

    refused = 0
    for number in range(20, 4000):
        status = stead.post(body(f"d{number}").ljust(4000))
        assert status in (200, 503)
        if status == 200:
            acknowledged.add(f"d{number}")
        else:
            refused += 1
            if refused > 20:
                break
    answer = stead.raw(post(body("full"), CLOSE))
    assert statuses(answer) == [503]
    assert b"\r\nRetry-After: 1\r\n" in answer
    until(lambda: "disk is" in (stead.source().reason or ""), "the reason in the tree of states")

    ballast.unlink()
    until(lambda: stead.post(body("room")) == 200, "room")
    until(lambda: stead.source().reason is None, "the reason to go")
    stored = {event["hardwareId"] for event in stead.events()}
    assert acknowledged <= stored
    assert max(stead.journal_ids().values()) == 1


def fill(ballast: Path, keep: int) -> None:
    """Takes all the room but `keep` bytes."""
    room = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        try:
            file.write(bytes(max(0, room.f_bavail * room.f_frsize - keep)))
            file.flush()
        except OSError:
            pass


def test_a_journal_that_cannot_be_written_is_a_503(make_stead: Callable[..., Stead]) -> None:
    """The next segment has no place to go, and the one there is is full."""
    stead = make_stead(instance=INSTANCE)
    stead.serve()
    folder = stead.path / "data" / "journal" / "default" / "lora"
    aside = folder.with_name("aside")
    for number in range(3):
        assert stead.post(body(f"d{number}").ljust(500_000)) == 200
    folder.rename(aside)
    folder.write_text("in the way")
    assert stead.post(body("lost")) == 503
    until(lambda: "the journal cannot be written" in (stead.source().reason or ""), "the reason")
    folder.unlink()
    aside.rename(folder)
    until(lambda: stead.post(body("well")) == 200, "the journal")
    assert {event["hardwareId"] for event in stead.events()} == {"d0", "d1", "d2", "well"}
