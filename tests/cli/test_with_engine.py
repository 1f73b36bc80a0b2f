"""The commands on a running engine, and the tutorial from end to end."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cli.tidegate import COMMAND, TUTORIAL_BODY, Homestead, environment, free_port, in_terminal, tidegate, until


@pytest.fixture
def engine(home: Homestead) -> subprocess.Popen[bytes]:
    return home.serve()


def test_the_tutorial(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    assert home("check").out.endswith("all is well\n")
    assert home.post(TUTORIAL_BODY) == 200
    (event,) = home("events", "--json").objects
    assert event["eventType"] == "Measurements"
    assert event["hardwareId"] == "278998"
    assert event["measurements"] == {"rssi": -111.0, "snr": -6.0}
    assert (event["tenant"], event["eventSource"]) == ("default", "lora")
    (request,) = home("requests", "--json").objects
    assert request["id"] == event["request"]
    assert (request["outcome"], request["status"], request["events"]) == ("decoded", 200, 1)
    assert (request["method"], request["target"], request["bytes"]) == ("POST", "/lora", len(TUTORIAL_BODY))


def test_people_read_two_lines_a_request(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    home.post(TUTORIAL_BODY)
    home.post(b'{"rssi": "\x1b[2J"')
    good, decoded, bad, reason = home("requests").out.splitlines()
    assert good.split()[1:5] == ["default/lora", "127.0.0.1", "POST", "/lora"]
    assert good.split()[5] == "200"
    assert decoded.split()[:2] == ["278998", "Measurements"]
    assert bad.split()[5] == "422"
    assert "decode_lora.py" in reason
    assert "\x1b" not in home("requests", "--payload").out
    assert "␛[2J" in home("requests", "--payload").out
    (line,) = home("events").out.splitlines()
    assert line.split()[1:] == ["default/lora", "278998", "Measurements", "rssi", "-111.0", "snr", "-6.0"]


def test_colours_are_for_terminals_that_want_them(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    home.post(TUTORIAL_BODY)
    place = str(home.path)
    assert "\x1b[32m200" in in_terminal("requests", "--home", place)[1]
    assert "\x1b[32m" not in in_terminal("requests", "--home", place, NO_COLOR="1")[1]
    assert "\x1b" not in home("requests").out


def test_rows_are_selected(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    for number in range(12):
        home.post(b'{"id": "device-%d", "rssi": %d}' % (number % 3, -number))
    home.post(b"no JSON")

    def count(*options: str) -> int:
        return len(home("requests", "--json", *options).objects)

    assert (count(), count("--limit", "5"), count("--since", "1h"), count("--until", "1h")) == (13, 5, 13, 0)
    assert (count("--failed"), count("--refused"), count("--failed", "--refused")) == (1, 0, 1)
    assert (count("--device", "device-1"), count("--filter", "device:device-1 -status:422")) == (4, 4)
    assert (count("--tenant", "default", "--source", "lora"), count("--source", "other")) == (13, 0)
    devices = [event["hardwareId"] for event in home("events", "--json", "--limit", "2").objects]
    assert devices == ["device-1", "device-2"]
    assert len(home("events", "--json", "--type", "measurements", "--since", "1h").objects) == 12
    (failed,) = home("requests", "--json", "--failed", "--payload").objects
    assert failed["payload"] == "bm8gSlNPTg=="


def test_follow_is_live_and_ends_with_the_engine(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    home.post(TUTORIAL_BODY)
    command = [*COMMAND, "events", "--follow", "--limit", "1", "--json", "--device", "278998", "--home", str(home.path)]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert following.stdout is not None
    first = json.loads(following.stdout.readline())
    home.post(TUTORIAL_BODY.replace(b"278998", b"278999"))
    home.post(TUTORIAL_BODY.replace(b"-111", b"-90"))
    second = json.loads(following.stdout.readline())
    assert [event["measurements"]["rssi"] for event in (first, second)] == [-111.0, -90.0]
    engine.terminate()
    _, err = following.communicate(timeout=30)
    assert following.returncode == 1
    assert err == b"tidegate: the engine has gone away\n"


def test_follow_says_exactly_how_much_it_left_out(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    sent, target = 6000, f"http://127.0.0.1:{home.port}/lora"
    home.post(TUTORIAL_BODY)
    command = [*COMMAND, "requests", "--follow", "--limit", "1", "--json", "--home", str(home.path)]
    with tempfile.TemporaryFile() as rows:
        following = subprocess.Popen(command, stdout=rows, stderr=subprocess.PIPE, env=environment())
        until(lambda: os.fstat(rows.fileno()).st_size > 0, "the row that was there")
        assert tidegate("send", target, "--count", str(sent), "-c", "16").status == 0
        until(lambda: home("status", "--json").objects[0]["behind"] == 0, "the index")
        engine.terminate()
        _, err = following.communicate(timeout=30)
        rows.seek(0)
        printed = len(rows.read().splitlines()) - 1
    left_out = sum(int(count.replace(",", "")) for count in re.findall(r"([\d,]+) rows? left out", err.decode()))
    assert printed + left_out == sent


def test_ctrl_c_ends_follow_quietly(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    command = [*COMMAND, "requests", "--follow", "--limit", "1", "--home", str(home.path)]
    home.post(TUTORIAL_BODY)
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert following.stdout is not None
    following.stdout.readline()
    os.kill(following.pid, signal.SIGINT)
    _, err = following.communicate(timeout=30)
    assert (following.returncode, err) == (130, b"")


@pytest.mark.parametrize("options", ["--json", ""])
def test_a_reader_that_goes_away_ends_a_command_quietly(
    home: Homestead, engine: subprocess.Popen[bytes], options: str
) -> None:
    assert tidegate("send", f"http://127.0.0.1:{home.port}/lora", "--count", "2000", "-c", "8").status == 0
    shell = f'{" ".join(COMMAND)} events --since 1h {options} --home {home.path} | head -1; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, env=environment(), timeout=60)
    assert done.stderr == b""
    assert done.stdout.splitlines()[-1] == b"0"


def test_status_is_the_tree_with_rates(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    home.post(TUTORIAL_BODY)
    told = home("status").out
    for part in ("Default Tenant", "Started", f"port {home.port}", "decode_lora.py"):
        assert part in told
    (status,) = home("status", "--json").objects
    assert status["tree"]["kind"] == "instance"
    assert status["tenants"][0]["id"] == "default"


def test_stop_start_and_restart(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    assert home("stop", "default/lora").status == 0
    with pytest.raises(OSError, match="refused"):
        home.post(TUTORIAL_BODY)
    (node,) = home("start", "default/lora", "--json").objects
    assert node["state"] == "started"
    assert home.post(TUTORIAL_BODY) == 200
    assert home("restart", "default").status == 0
    assert home.post(TUTORIAL_BODY) == 200
    missing = home("start", "default/nobody")
    assert missing.status == 1
    assert "nobody" in missing.err


def test_a_second_engine_is_refused_with_the_firsts_pid(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    second = home("serve")
    assert second.status == 1
    assert str(engine.pid) in second.err
    assert len(second.err.splitlines()) == 1


def test_the_engine_drains_and_exits_0(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    home.post(TUTORIAL_BODY)
    engine.terminate()
    assert engine.wait(10) == 0
    assert len(home("events", "--json").objects) == 1


def test_changes_are_staged_then_applied(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    added = home("add", "default", "event_sources", "socket", "id=tracker", "port=1")
    assert added.status == 0, added.err
    assert "+ source tracker" in added.out
    incomplete = home("apply", "default")
    assert incomplete.status == 1
    assert "Binary Event Decoder is Required" in incomplete.err
    home("add", "default", "event_sources/tracker/interaction_handler", "http")
    home("add", "default", "event_sources/tracker/decoder", "json")
    assert home("set", "default", "event_sources/tracker", f"port={home.port}", "--apply").status == 1
    assert home.post(TUTORIAL_BODY) == 200
    assert home("remove", "default", "event_sources/tracker").status == 0
    assert home("diff", "default").out == "nothing is staged\n"
    done = home("set", "default", "event_sources/lora/interaction_handler", "success_status=202", "--apply")
    assert done.status == 0, done.err
    assert home.post(TUTORIAL_BODY) == 202


def test_a_configuration_edited_by_hand_acts_on_apply(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    file = home.path / "tenants" / "default" / "tenant.toml"
    file.write_text(file.read_text().replace('type = "http"', 'type = "http"\nsuccess_status = 201'))
    assert "edited by hand" in home("status").out
    assert "edited by hand" in home("diff", "default").out
    assert home.post(TUTORIAL_BODY) == 200
    assert home("apply", "default").status == 0
    assert home.post(TUTORIAL_BODY) == 201


def test_the_control_bridge_carries_the_protocol(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"protocol": 1}}
    status = {"jsonrpc": "2.0", "id": 2, "method": "status", "params": {}}
    done = home("control", input=b"".join(json.dumps(call).encode() + b"\n" for call in (hello, status)))
    assert done.status == 0, done.err
    welcome, answer = done.objects
    assert welcome["result"]["pid"] == engine.pid
    assert answer["result"]["tree"]["kind"] == "instance"


def test_decoding_is_tried_without_storing(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    done = home("decode", "default/lora", "--json", input=TUTORIAL_BODY)
    assert [event["hardwareId"] for event in done.objects] == ["278998"]
    assert home("events", "--json").out == ""


def test_init_makes_a_second_tenant_on_a_running_engine(home: Homestead, engine: subprocess.Popen[bytes]) -> None:
    done = home("init", "--tenant", "site-a", "--name", "Site A", "--json")
    assert done.status == 0, done.err
    assert done.objects[0]["port"] != home.port
    tenants = {row["id"]: row for row in home("status", "--json").objects[0]["tenants"]}
    assert (tenants["site-a"]["name"], tenants["site-a"]["started"]) == ("Site A", 1)
    taken = home("init", "--tenant", "site-b", "--port", str(home.port))
    assert taken.status == 1
    assert f"port {home.port} is taken" in taken.err
    assert home("init", "--tenant", "site-b", "--port", str(free_port())).status == 0


def test_the_headless_demo_counts_events() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console.main", "demo", "--headless", "--seconds", "2"],
        capture_output=True,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["events"] > 10
    assert told["accepted"] == told["statuses"]["200"]


def test_a_demo_that_is_killed_leaves_nothing_behind() -> None:
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp") as folder:  # short, so that the socket is in the home
        demo = subprocess.Popen(
            [*COMMAND, "demo", "--headless"], stdout=subprocess.PIPE, env=environment(TMPDIR=folder)
        )
        try:
            until(lambda: any(Path(folder).glob("tidegate-demo-*/data/control.sock")), "the demo's engine")
        finally:
            demo.kill()
            demo.communicate(timeout=30)
        until(lambda: not any(Path(folder).iterdir()), "the home to go")
