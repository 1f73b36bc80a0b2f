"""Every profile: what its folder says is right, and its script understands its simulated device."""

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import NotFound
from core.profiles import SOURCE_TYPE, Profile, device_exchanges, profile_named, profiles
from core.profiles.fix import Fix
from core.profiles.gt06.device import message
from core.profiles.teltonika.device import crc16
from tests.profiles.profiling import Connection, Outcome, Profiled, configured

EACH = pytest.mark.parametrize("name", profiles())
DEVICE = "123456789012"
FIX = Fix(datetime(2026, 3, 4, 23, 59, 58, tzinfo=UTC), -33.8688, 151.2093, 88.0, 271.0, 40.0, 11, 73)
CHECKED = ("teltonika", "gt06", "jt808", "wialon")
"""Those with a checksum."""
FIXES = st.builds(
    Fix,
    time=st.datetimes(datetime(2001, 1, 1), datetime(2068, 12, 31)).map(
        lambda when: when.replace(microsecond=0, tzinfo=UTC)
    ),
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    speed=st.floats(0, 250),
    course=st.floats(0, 360),
    altitude=st.floats(-400, 8000),
    satellites=st.integers(1, 15),
    battery=st.integers(0, 100),
).filter(lambda fix: abs(fix.latitude) > 0.001 or abs(fix.longitude) > 0.001)  # 0, 0 stands for no fix
Load = Callable[[str], Profiled]
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def said(connection: Connection, name: str, *fixes: Fix) -> list[tuple[bytes, bytes, Outcome]]:
    """A simulated device's frames, the answers that it waits for, and what came of them."""
    found: list[tuple[bytes, bytes, Outcome]] = []
    for wire, answer in device_exchanges(name)(DEVICE, fixes):
        (frame,) = connection.frames(wire)
        found.append((frame, answer, connection.decode(frame)))
    return found


def of_type(outcomes: list[tuple[bytes, bytes, Outcome]], type: str) -> list[dict[str, Any]]:
    return [event for _, _, outcome in outcomes for event in outcome.events if event["eventType"] == type]


@EACH
def test_its_tables_fit_the_catalogue(name: str) -> None:
    profile = profile_named(name)
    source = configured(profile)
    assert (source.component.type, profile.script) == (SOURCE_TYPE, f"{name}.py")
    assert source.slots["interaction_handler"].component.type == "framed"
    assert source.slots["decoder"].component.type == "python"
    assert 1024 <= source.table["port"] <= 65535
    assert profile.title
    assert profile.summary


def test_no_two_profiles_share_a_port_or_a_title() -> None:
    found = profiles().values()
    assert len({profile.source["port"] for profile in found}) == len(found)
    assert len({profile.title for profile in found}) == len(found)


@EACH
def test_its_script_stands_alone(name: str) -> None:
    tree = ast.parse(profile_named(name).text)
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert set(modules) <= {"datetime", "re"}
    assert ast.get_docstring(tree)


@EACH
@quick
@given(fixes=st.lists(FIXES, max_size=4))
def test_it_understands_its_device_and_answers_it(name: str, profiled: Load, fixes: list[Fix]) -> None:
    outcomes = said(profiled(name).connection(), name, *fixes)
    for _, answer, outcome in outcomes:
        assert outcome.reason is None
        assert (outcome.answer or b"") == answer
    for fix, event in zip(fixes, of_type(outcomes, "Location"), strict=True):
        assert event["hardwareId"].lstrip("0") == DEVICE
        assert event["latitude"] == pytest.approx(fix.latitude, abs=2e-6)
        assert event["longitude"] == pytest.approx(fix.longitude, abs=2e-6)
        assert datetime.fromisoformat(event["eventDate"]) == fix.time
        assert "valid" not in event["metadata"]


@EACH
def test_it_tells_speed_course_and_battery(name: str, profiled: Load) -> None:
    outcomes = said(profiled(name).connection(), name, FIX)
    told: dict[str, float] = {}
    for event in of_type(outcomes, "Measurements"):
        told.update(event["measurements"])
    assert told["speed"] == pytest.approx(FIX.speed, abs=0.02)
    assert told["course"] == FIX.course
    assert told["batteryLevel"] == (66 if name == "gt06" else FIX.battery)  # six steps in its heartbeat


@EACH
def test_a_time_in_another_zone_is_the_same_time(name: str, profiled: Load) -> None:
    elsewhere = replace(FIX, time=FIX.time.astimezone(timezone(timedelta(hours=9))))
    ours, theirs = (said(profiled(name).connection(), name, fix) for fix in (FIX, elsewhere))
    assert [frame for frame, _, _ in ours] == [frame for frame, _, _ in theirs]


@pytest.mark.parametrize("name", CHECKED)
def test_a_wrong_checksum_fails_and_is_not_taken(name: str, profiled: Load) -> None:
    connection = profiled(name).connection()
    frame = said(connection, name, FIX)[-1][0]
    place = frame.find(b";88;") + 1 or len(frame) // 2  # the speed of the one that is text
    outcome = connection.decode(frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :])
    assert "the checksum is" in (outcome.reason or "")
    assert outcome.events == []
    assert outcome.answer is None or outcome.status >= 400


@pytest.mark.parametrize("name", ["teltonika", "gt06", "wialon"])
def test_data_before_a_login_fails(name: str, profiled: Load) -> None:
    frame = said(profiled(name).connection(), name, FIX)[-1][0]
    outcome = profiled(name).connection().decode(frame)
    assert "it has not logged in" in (outcome.reason or "")
    assert outcome.answer is None


@EACH
@quick
@given(data=st.data())
def test_damaged_frames_fail_in_words_or_are_decoded(name: str, profiled: Load, data: st.DataObject) -> None:
    connection = profiled(name).connection()
    frame = bytearray(data.draw(st.sampled_from([frame for frame, _, _ in said(connection, name, FIX)])))
    for place in data.draw(st.lists(st.integers(0, len(frame) - 1), max_size=4)):
        frame[place] = data.draw(st.integers(0, 255))
    outcome = connection.decode(bytes(frame[: data.draw(st.integers(0, len(frame)))]))
    assert outcome.reason is None or "time limit" not in outcome.reason
    assert outcome.reason is None or not outcome.events


def test_a_teltonika_that_the_script_does_not_accept_is_refused(tmp_path: Path) -> None:
    profile = profile_named("teltonika")
    text = profile.text.replace("    return True\n", '    return device != "123456789012"\n', 1)
    connection = Profiled(profile, tmp_path, text).connection()
    (login, _), *_ = device_exchanges("teltonika")(DEVICE, [])
    refused = connection.decode(login)
    assert (refused.answer, refused.status) == (b"\x00", 400)
    assert "123456789012 is not accepted" in (refused.reason or "")
    assert connection.state == {}
    assert connection.decode(login.replace(b"9", b"8")).answer == b"\x01"


def test_a_wialon_login_whose_checksum_is_wrong_hears_of_it(profiled: Load) -> None:
    refused = profiled("wialon").connection().decode(b"#L#2.0;123;NA;0000")
    assert (refused.answer, refused.status) == (b"#AL#10\r\n", 400)


@EACH
def test_an_imei_is_a_device_of_every_profile(name: str, profiled: Load) -> None:
    connection = profiled(name).connection()
    for wire, answer in device_exchanges(name)("861234567890123", [FIX]):
        (frame,) = connection.frames(wire)
        outcome = connection.decode(frame)
        assert (outcome.reason, outcome.answer or b"") == (None, answer)
    assert connection.state["device"] == ("234567890123" if name == "jt808" else "861234567890123")


def test_a_gt06_that_asks_for_the_time_is_told_it(profiled: Load) -> None:
    outcome = profiled("gt06").connection().decode(message(0x8A, b"", b"\x00\x07"))
    assert outcome.answer is not None
    told = datetime(2000 + outcome.answer[4], *outcome.answer[5:10], tzinfo=UTC)  # pyright: ignore[reportArgumentType]
    assert abs(datetime.now(UTC) - told) < timedelta(minutes=1)
    assert outcome.answer == message(0x8A, outcome.answer[4:10], b"\x00\x07")


def test_jt808_of_2019_is_answered_in_its_own_form(profiled: Load) -> None:
    head = bytes.fromhex("0002 4000 01 00000000123456789012 0005")
    check = 0
    for byte in head:
        check ^= byte
    outcome = profiled("jt808").connection().decode(b"\x7e" + head + bytes([check]) + b"\x7e")
    assert outcome.answer is not None
    assert outcome.answer[1:-2] == bytes.fromhex("8001 4005 01 00000000123456789012 0000 0005 0002 00")


def test_records_of_teltonika_s_other_codecs(profiled: Load) -> None:
    """Codec 16, and codec 8 with the byte that some firmware puts behind each record."""
    when, place = (1_700_000_000_000).to_bytes(8, "big"), bytes.fromhex("000f0ea850209a69000000b40b0032")
    wide = when + b"\0" + place + bytes.fromhex("0042 00 01 00 01 0042 2ee0 00 00")
    spare = when + b"\0" + place + bytes.fromhex("00 00 00 00 00 00 00")
    for codec, one in ((0x10, wide), (0x08, spare)):
        connection = profiled("teltonika").connection(device="d")
        data = bytes([codec, 2]) + one * 2 + bytes([2])
        frame = bytes(4) + len(data).to_bytes(4, "big") + data + crc16(data).to_bytes(4, "big")
        outcome = connection.decode(frame)
        assert (outcome.reason, outcome.answer) == (None, bytes([0, 0, 0, 2]))
        assert [event["eventType"] for event in outcome.events] == ["Location", "Measurements"] * 2
        assert outcome.events[1]["measurements"].get("power") == (12.0 if codec == 0x10 else None)


def test_a_profile_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="there is no device profile gt60; did you mean gt06"):
        device_exchanges("gt60")


def test_its_source_takes_what_is_given_and_its_script_a_free_name() -> None:
    profile: Profile = profile_named("gt06")
    values = profile.values("gt06-2.py", {"id": "trackers", "port": 7000})
    assert (values["id"], values["port"], values["decoder"]["script"]) == ("trackers", 7000, "gt06-2.py")
    assert "port" not in profile.values("gt06.py", {"port": None})
    assert profile.free_script([]) == "gt06.py"
    assert profile.free_script(["gt06.py", "gt06-2.py"]) == "gt06-3.py"
