"""Who may do what: roles from the kernel's word on who calls."""

import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config.instance import ControlSettings
from core.engine.roles import role_of
from tests.engine.stead import Stead

NOBODY = pwd.getpwnam("nobody")
GROUP = grp.getgrgid(NOBODY.pw_gid).gr_name
NO_USER = 4_000_000_000


@pytest.mark.parametrize(
    ("user", "admins", "role"),
    [
        (0, (), "admin"),
        (os.geteuid(), (), "admin"),
        (NOBODY.pw_uid, (), "viewer"),
        (NOBODY.pw_uid, ("nobody",), "admin"),
        (NOBODY.pw_uid, (f"@{GROUP}",), "admin"),
        (NOBODY.pw_uid, (GROUP + "x", "@no-such-group", "@", "somebody"), "viewer"),
        (NOBODY.pw_uid, ("@nobody-else", "root"), "viewer"),
        (NO_USER, ("nobody", f"@{GROUP}"), "viewer"),
    ],
)
def test_roles(user: int, admins: tuple[str, ...], role: str) -> None:
    assert role_of(user, ControlSettings(admins=admins)) == role


def test_a_group_counts_by_its_members_too() -> None:
    group = next((group for group in grp.getgrall() if any(_known(name) for name in group.gr_mem)), None)
    if group is None:
        pytest.skip("no group of this machine has members beside those whose own group it is")
    member = next(name for name in group.gr_mem if _known(name))
    control = ControlSettings(admins=(f"@{group.gr_name}",))
    assert role_of(pwd.getpwnam(member).pw_uid, control) == "admin"


def _known(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, as a home is that a group shares."""
    folder = Path(tempfile.mkdtemp(prefix="tide", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


AS_NOBODY = """
import json, os, socket, sys
path, group, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([]); os.setgid(group); os.setuid(user)
line = socket.socket(socket.AF_UNIX)
try:
    line.connect(path)
except PermissionError:
    print(json.dumps("forbidden")); sys.exit()
file = line.makefile("rwb")
for number, method in enumerate(["hello", "status", "lifecycle.stop"]):
    params = {"hello": {"protocol": 1}, "lifecycle.stop": {"path": "default"}}.get(method, {})
    file.write(json.dumps({"id": number, "method": method, "params": params}).encode() + b"\\n"); file.flush()
    answer = json.loads(file.readline())
    print(json.dumps(answer.get("error", {}).get("code") or answer["result"].get("role") or "done"))
"""


def as_nobody(stead: Stead, group: int) -> list[object]:
    """What another user of the machine is told: its role, and what came of a look and of a change."""
    socket = str(stead.path / "data" / "control.sock")
    child = [sys.executable, "-c", AS_NOBODY, socket, str(group), str(NOBODY.pw_uid)]
    done = subprocess.run(child, capture_output=True, check=True, timeout=20)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("instance", "mode", "told"),
    [
        ("", 0o600, ["forbidden"]),
        (f'[control]\ngroup = "{GROUP}"\n', 0o660, ["viewer", "done", 2]),
        (f'[control]\ngroup = "{GROUP}"\nadmins = ["nobody"]\n', 0o660, ["admin", "done", "done"]),
        (f'[control]\ngroup = "{GROUP}"\nadmins = ["@{GROUP}"]\n', 0o660, ["admin", "done", "done"]),
        ('[control]\ngroup = "no-such-group"\n', 0o600, ["forbidden"]),
    ],
)
def test_another_user_of_the_machine(open_folder: Path, instance: str, mode: int, told: list[object]) -> None:
    stead = Stead(open_folder / "home", instance=instance)
    stead.serve()
    socket = (stead.path / "data" / "control.sock").stat()
    try:
        assert stat.S_IMODE(socket.st_mode) == mode
        assert as_nobody(stead, NOBODY.pw_gid) == told
        assert as_nobody(stead, 12345) == ["forbidden"]
    finally:
        stead.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_command_says_which_group_is_missing(open_folder: Path) -> None:
    stead = Stead(open_folder / "home", instance=f'[control]\ngroup = "{GROUP}"\n')
    stead.serve()
    socket = stead.path / "data" / "control.sock"
    become = f"os.setgroups([]); os.setgid(12345); os.setuid({NOBODY.pw_uid})"
    code = f"import os; {become}; print(forbidden(Path({str(socket)!r})))"
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from pathlib import Path; from core.cli.reach import forbidden; import grp; " + code,
            ],
            capture_output=True,
            timeout=20,
        )
        assert f"may be opened by group {GROUP}" in done.stdout.decode(), done.stderr.decode()
        assert not (stead.path / "data" / "index.db").stat().st_mode & 0o007
    finally:
        stead.end()
