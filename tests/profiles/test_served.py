"""Sources of profiles added by command, on a real engine: a simulated device logs in, reports and is answered."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.profiles import device_exchanges, profiles
from core.profiles.fix import Fix
from tests.cli.tidegate import Homestead, free_port, tidegate

DEVICE = "861234567890123"
FIX = Fix(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), 52.52, 13.405, 36.0, 90.0, 34.0, 8, 100)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Homestead]:
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    yield homestead
    homestead.end()


def test_two_trackers_from_login_to_event(home: Homestead) -> None:
    home.serve()
    for name in ("gt06", "teltonika"):
        port = free_port()
        added = home("add", "default", "event_sources", name, f"id={name}", f"port={port}", "--apply")
        assert added.status == 0, added.err
        assert f"made the script {name}.py" in added.out
        with socket.create_connection(("127.0.0.1", port), 10) as device:
            for frame, answer in device_exchanges(name)(DEVICE, [FIX]):
                device.sendall(frame)
                if answer:
                    assert device.recv(1024) == answer
            device.shutdown(socket.SHUT_WR)
            assert device.recv(1) == b""  # all of it is taken, and all that was owed is sent

        events = home("events", "--json", "--source", name).objects
        assert {event["hardwareId"] for event in events} == {DEVICE}
        (location,) = [event for event in events if event["eventType"] == "Location"]
        assert (round(location["latitude"], 4), round(location["longitude"], 4)) == (52.52, 13.405)
        assert location["eventDate"] == "2026-03-04T05:06:07.000Z"
        speeds = [event["measurements"].get("speed") for event in events if event["eventType"] == "Measurements"]
        assert 36.0 in speeds
        target = (f"127.0.0.1:{port}", "--profile", name)
        sent = tidegate("send", *target, "--count", "60", "-c", "3", "--wait", "--json")
        assert sent.status == 0, sent.out
        assert (sent.objects[0]["accepted"], sent.objects[0]["wrong"], sent.objects[0]["missing"]) == (60, 0, 0)
    assert {row["outcome"] for row in home("requests", "--json").objects} == {"decoded"}


def test_a_profile_is_staged_without_an_engine_and_its_scripts_have_names_of_their_own(home: Homestead) -> None:
    tenant = home.path / "tenants" / "default"
    first, second = free_port(), free_port()
    assert home("add", "default", "event_sources", "gt06", "id=one", f"port={first}").status == 0
    assert home("add", "default", "event_sources", "gt06", "id=two", f"port={second}", "threads=2").status == 0
    assert home("apply", "default").status == 0
    assert home("check").out.endswith("all is well\n")
    text = (tenant / "tenant.toml").read_text()
    assert 'script = "gt06.py"' in text
    assert 'script = "gt06-2.py"' in text
    assert "threads = 2" in text
    scripts = tenant / "scripts"
    assert (scripts / "gt06.py").read_text() == (scripts / "gt06-2.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["event_sources", "gt60", "id=x"], "'gt60' is no known type; did you mean gt06?"),
        (["event_sources", "gt06"], "needs an id"),
        (["event_sources", "gt06", "id=x", "prt=1"], "prt"),
        (["event_sources/lora/decoder", "gt06"], "'gt06' is no known type"),
    ],
)
def test_what_cannot_be_added_leaves_no_script(home: Homestead, arguments: list[str], said: str) -> None:
    refused = home("add", "default", *arguments)
    assert refused.status == 1
    assert said in refused.err
    assert not list((home.path / "tenants" / "default" / "scripts").glob("gt06*"))


def test_profiles_are_completed_and_stand_in_the_help() -> None:
    words = {"COMP_WORDS": "tidegate add default event_sources gt", "COMP_CWORD": "4"}
    assert "gt06" in tidegate(_TIDEGATE_COMPLETE="complete_bash", **words).out.split()
    said = tidegate("add", "--help").out
    assert all(name in said for name in profiles())
