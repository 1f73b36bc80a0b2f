"""`tidegate secret`: with an engine and without one, and from a terminal that does not show what is typed."""

import os
import pty
import select
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.tidegate import COMMAND, PATIENCE, Homestead, environment, free_port

HIDDEN = "hünter2"


@pytest.fixture
def home(tmp_path: Path) -> Homestead:
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    return homestead


def kept(home: Homestead, name: str) -> Path:
    return home.path / "tenants" / "default" / "secrets" / name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_kept_for_its_owner_alone(home: Homestead) -> None:
    done = home("secret", "default", "lora-token", input=f"{HIDDEN}\n".encode())
    assert (done.status, done.out) == (0, "kept; a setting names it as file:secrets/lora-token\n")
    assert kept(home, "lora-token").read_text() == HIDDEN
    assert (mode(kept(home, "lora-token")), mode(kept(home, ""))) == (0o600, 0o700)


def test_a_secret_is_replaced_and_a_link_in_its_place_is_not_followed(home: Homestead, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("untouched")
    kept(home, "lora-token").symlink_to(tmp_path / "elsewhere")
    home("secret", "default", "lora-token", input=b"one")
    done = home("secret", "default", "lora-token", "--json", input=b"two")
    assert done.objects == [{"name": "lora-token", "file": "secrets/lora-token"}]
    assert kept(home, "lora-token").read_text() == "two"
    assert not kept(home, "lora-token").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert [path.name for path in kept(home, "").iterdir()] == ["lora-token"]


@pytest.mark.parametrize(
    ("tenant", "name", "content", "said"),
    [
        ("default", "../tenant.toml", b"a", "is no name for a secret"),
        ("default", ".hidden", b"a", "is no name for a secret"),
        ("default", "a", b"\n", "the secret is empty"),
        ("default", "a", b"x" * ((64 << 10) + 1), "longer than 64 KiB"),
        ("default", "a", b"\xff", "is not UTF-8"),
        ("other", "a", b"a", "there is no tenant other"),
    ],
)
def test_what_is_no_secret_is_refused(home: Homestead, tenant: str, name: str, content: bytes, said: str) -> None:
    done = home("secret", tenant, name, input=content)
    assert done.status == 1
    assert said in done.err
    assert not list(kept(home, "").iterdir())


def test_an_engine_keeps_it_and_says_nothing_of_it(home: Homestead) -> None:
    home.serve()
    try:
        assert home("secret", "default", "lora-token", input=HIDDEN.encode()).status == 0
    finally:
        home.end()
    assert kept(home, "lora-token").read_text() == HIDDEN
    others = [path for path in home.path.rglob("*") if path.is_file() and path != kept(home, "lora-token")]
    assert all(HIDDEN.encode() not in path.read_bytes() for path in others)


def test_a_terminal_does_not_show_what_is_typed(home: Homestead) -> None:
    near, far = pty.openpty()
    command = [*COMMAND, "secret", "default", "lora-token", "--home", str(home.path)]
    process = subprocess.Popen(
        command, stdin=far, stdout=far, stderr=far, env=environment(), start_new_session=True, preexec_fn=_take_terminal
    )
    os.close(far)
    shown, deadline, typed = b"", time.monotonic() + PATIENCE, False
    while time.monotonic() < deadline:
        if not select.select([near], [], [], 0.1)[0]:
            continue
        try:
            shown += os.read(near, 1000)
        except OSError:
            break  # it has ended
        if b"lora-token: " in shown and not typed:
            os.write(near, f"{HIDDEN}\n".encode())
            typed = True
    assert process.wait(PATIENCE) == 0
    os.close(near)
    assert kept(home, "lora-token").read_text() == HIDDEN
    assert HIDDEN not in shown.decode()


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
