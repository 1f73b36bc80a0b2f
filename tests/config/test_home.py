"""The home: where it is, what lies in it, and who holds it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.config.home import Home, HomeLock, HomeLocked, find_home
from core.errors import TidegateError


def test_a_given_home_comes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_HOME", str(tmp_path / "environment"))
    assert find_home(tmp_path / "given") == tmp_path / "given"
    assert find_home(None) == tmp_path / "environment"


def test_without_either_it_is_the_systems_then_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIDEGATE_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr("core.config.home.SYSTEM_HOME", tmp_path / "system")
    assert find_home(None) == tmp_path / "share" / "tidegate"
    (tmp_path / "system").mkdir()
    assert find_home(None) == tmp_path / "system"


def test_a_relative_home_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_home(Path("here")) == tmp_path / "here"


def test_tenants_are_those_with_a_configuration(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not home.exists()
    assert home.tenant_ids() == []
    home.create()
    assert home.exists()
    for name in ("zeta", "alpha", ".removed", "no file", "staged-only"):
        (home.tenants / name).mkdir()
    for name in ("zeta", "alpha", ".removed", "no file"):
        (home.tenants / name / "tenant.toml").write_text("")
    assert home.tenant_ids() == ["alpha", "zeta"]


@pytest.mark.parametrize("bad", ["..", "a/b", "", ".removed", "x" * 65, "a\n"])
def test_no_id_leads_out_of_the_home(tmp_path: Path, bad: str) -> None:
    with pytest.raises(TidegateError, match="is no id"):
        Home(tmp_path).tenant_file(bad)


def test_a_second_holder_is_told_who_has_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert HomeLock(home).holder() is None
    with HomeLock(home) as lock:
        assert lock.holder() == os.getpid()
        with pytest.raises(HomeLocked, match=f"process {os.getpid()}$") as raised:
            HomeLock(home).acquire()
        assert raised.value.pid == os.getpid()
    assert HomeLock(home).holder() is None
    with HomeLock(home):
        assert HomeLock(home).holder() == os.getpid()


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    home = Home(tmp_path)
    program = (
        "import sys, pathlib; from core.config.home import *\n"
        "lock = HomeLock(Home(pathlib.Path(sys.argv[1]))); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert HomeLock(home).holder() == process.pid
        with pytest.raises(HomeLocked, match=f"process {process.pid}$"):
            HomeLock(home).acquire()
        process.kill()
        process.wait()
    assert HomeLock(home).holder() is None
    with HomeLock(home) as lock:
        assert lock.holder() == os.getpid()


def test_a_long_home_has_its_socket_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Home(Path("/short")).control_socket() == Path("/short/data/control.sock")
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    home = Home(tmp_path / ("long" * 30))
    path = home.control_socket()
    assert path.parent == runtime
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    assert Path(home.control_path_file.read_text().strip()) == path
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert Home(home.root).control_socket() == path


def test_a_long_home_without_a_runtime_folder_has_its_socket_in_a_private_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    home = Home(tmp_path / ("long" * 30))
    path = home.control_socket()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert home.control_socket() == path
    path.parent.rmdir()
    again = home.control_socket()
    assert again != path
    again.parent.rmdir()


def test_every_sidecars_socket_fits_where_the_control_socket_does(tmp_path: Path) -> None:
    short = Home(tmp_path)
    assert short.groovy_socket() == tmp_path / "data" / "groovy.sock"
    assert short.groovy_socket("lora") == tmp_path / "data" / "groovy-lora.sock"
    room = 107 - len(str(tmp_path)) - len("/x/data/control.sock") + 1
    tight = Home(tmp_path / ("x" * room))
    sockets = {tight.groovy_socket(tenant) for tenant in ("", "t" * 64, "u" * 64)}
    assert len(sockets) == 3
    assert all(len(str(path)) <= 107 and path.parent == tight.data for path in sockets)
