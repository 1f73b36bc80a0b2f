"""`tidegate replay` with a real engine."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import COMMAND, PATIENCE, environment, until
from tests.engine.stead import Stead, body

DOUBLED = """import json
import time


def decode(payload, metadata, events, logger):
    time.sleep({pause})
    message = json.loads(payload)
    events.measurements(message.get("id", "nobody"), {{"value": message["value"] * 2}})
"""


@pytest.fixture
def stead(tmp_path: Path) -> Iterator[Stead]:
    stead = Stead(tmp_path / "home")
    stead.serve()
    assert stead.post(body("d", 2)) == 200
    assert stead.post(b'{"value": 5}') != 200
    yield stead
    stead.end()


def script(stead: Stead, pause: float = 0.0) -> str:
    file = stead.path.parent / "doubled.py"
    file.write_text(DOUBLED.format(pause=pause))
    return str(file)


def test_a_dry_run_prints_a_diff_and_a_replay_what_came_of_it(stead: Stead) -> None:
    looked = stead("replay", "default", "--dry-run", "--script", script(stead))
    assert looked.status == 0, looked.err
    assert "- d  Measurements  value 2.0" in looked.out
    assert "+ d  Measurements  value 4.0" in looked.out
    assert "- failed: lora.py:" in looked.out
    assert "2 requests would be decoded again, 2 changed, 1 mended, 0 failed" in looked.out
    assert len(stead.requests("--failed")) == 1

    done = stead("replay", "default", "--failed", "--script", script(stead))
    assert done.status == 0, done.err
    assert "1 request decoded again, 1 changed, 1 mended, 0 failed; tidegate replay --undo " in done.out
    id = done.out.split("--undo ")[1].split()[0]
    assert stead.requests("--failed") == []

    undone = stead("replay", "--undo", id)
    assert (undone.status, undone.out) == (0, "1 decode undone\n")
    assert len(stead.requests("--failed")) == 1

    listed = stead("replay", "--list")
    assert "undone" in listed.out
    assert "failed, with doubled.py" in listed.out
    assert stead("replay", "--list", "--json").objects[0]["id"] == id


def test_json_gives_each_change_of_a_dry_run_and_the_end_of_a_replay(stead: Stead) -> None:
    id = stead.requests()[0]["id"]
    changes = stead("replay", "default", "--request", id, "--dry-run", "--script", script(stead), "--json").objects
    assert [(each["request"], each["events"][0]["kind"]) for each in changes] == [(id, "changed")]
    (ended,) = stead("replay", "default", "--request", id, "--json").objects
    assert (ended["state"], ended["done"], ended["changed"]) == ("done", 1, 0)


def test_ctrl_c_stops_it_and_resume_goes_on(stead: Stead) -> None:
    for number in range(25):
        stead.post(body(f"d{number}", number))
    arguments = ["replay", "default", "--script", script(stead, 0.2), "--home", str(stead.path)]
    running = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, env=environment())
    until(lambda: any(row["done"] > 0 for row in stead("replay", "--list", "--json").objects), "its begin")
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert b"--resume" in out
    (row,) = stead("replay", "--list", "--json").objects
    assert row["state"] == "cancelled"
    assert 0 < row["done"] < 27
    resumed = stead("replay", "--resume", row["id"])
    assert "27 requests decoded again" in resumed.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "say which tenant's requests"),
        (("default", "--undo", "x", "--failed"), "--undo stands alone"),
        (("default", "--request", "x", "--failed"), "it names requests"),
        (("default", "--filter", "sorce:x"), "sorce"),
        (("default", "--rate", "0"), "a number of requests a second"),
    ],
)
def test_wrong_usage_is_said(stead: Stead, arguments: tuple[str, ...], said: str) -> None:
    refused = stead("replay", *arguments)
    assert refused.status == 2
    assert said in refused.err


def test_without_an_engine_it_says_that_none_runs(tmp_path: Path) -> None:
    stead = Stead(tmp_path / "home")
    refused = stead("replay", "default")
    assert refused.status == 1
    assert "no engine runs" in refused.err
