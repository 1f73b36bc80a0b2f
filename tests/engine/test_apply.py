"""Applying is all or nothing, and drops nothing that need not be dropped."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.client import ControlClient, ControlError
from core.control.codes import CONFLICT
from core.control.configurations import Applied, Apply
from tests.cli.tidegate import free_port, until
from tests.engine.changes import apply, apply_or_fail, discard, heard_while, plan, stage, target
from tests.engine.load import Devices
from tests.engine.stead import SCRIPT, Stead, body, read_all, source_text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("apply") / "home")
    (stead.scripts / "other.py").write_text(SCRIPT.replace('"value": message', '"other": message'))
    stead.serve()
    yield stead
    stead.end()


@pytest.fixture
def stead(home: Stead) -> Stead:
    """The home with its one source, which runs."""
    discard(home)
    home.port = free_port()
    apply_or_fail(home, source_text("lora", home.port))
    target(home, "start", "default")
    return home


def at(stead: Stead, port: int) -> int:
    """The status that a device is answered with on another port."""
    stead.port, own = port, stead.port
    try:
        return stead.post(body("elsewhere"))
    finally:
        stead.port = own


def connects(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_a_source_that_is_added_by_commands_serves(stead: Stead) -> None:
    port = free_port()
    assert stead("add", "default", "event_sources", "socket", "id=rain", f"port={port}").status == 0
    assert stead("add", "default", "event_sources/rain/interaction_handler", "http").status == 0
    refused = stead("apply", "default")
    assert refused.status == 1
    assert "Binary Event Decoder is Required" in refused.err
    assert not connects(port)
    added = stead("add", "default", "event_sources/rain/decoder", "python", "script=lora.py", "--apply")
    assert added.status == 0, added.err
    assert at(stead, port) == 200
    assert stead.source("rain").state == "started"


def test_the_sources_that_a_change_does_not_concern_keep_workers_and_connections(stead: Stead) -> None:
    workers = stead.workers()
    with socket.create_connection(("127.0.0.1", stead.port)) as kept:
        apply_or_fail(stead, source_text("lora", stead.port) + source_text("rain", free_port()))
        kept.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 40\r\n\r\n")
        kept.sendall(body("still").ljust(40))
        assert b" 200 " in read_all(kept)
    assert stead.workers() == workers


def test_a_port_changes_and_the_old_one_drains(stead: Stead) -> None:
    old, new = stead.port, free_port()
    payload = body("under way")
    with socket.create_connection(("127.0.0.1", old)) as device:
        device.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(payload))
        until(lambda: stead.source().detail["connections"] == 1, "the connection to be seen")
        apply_or_fail(stead, source_text("lora", new))
        assert at(stead, new) == 200
        device.sendall(payload)
        answer = read_all(device)
    assert b" 200 " in answer
    assert b"Connection: close" in answer
    until(lambda: not connects(old), "the old port to close")


async def test_a_script_is_exchanged_under_load_and_no_device_notices(stead: Stead) -> None:
    devices = Devices(stead.port, connections=8)
    devices.start()
    for script in ("other.py", "lora.py", "other.py"):
        before = len(devices.acknowledged)
        await asyncio.to_thread(apply_or_fail, stead, source_text("lora", stead.port, script=script))
        while len(devices.acknowledged) < before + 100:  # noqa: ASYNC110  # the devices have no event for this
            await asyncio.sleep(0.02)
    await devices.stop()
    assert set(devices.statuses) == {200}
    assert devices.cut_off == 0
    stored = {event["hardwareId"] for event in await asyncio.to_thread(stead.events)}
    assert devices.acknowledged <= stored


def test_a_port_that_somebody_has_refuses_the_whole_change(stead: Stead) -> None:
    workers, active = stead.workers(), stead.tenant_file.read_text()
    fine = free_port()
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        applied = apply(stead, source_text("rain", fine) + source_text("lora", taken))
        assert not applied.applied
        (fault,) = applied.faults
        assert (fault.path, fault.key) == ("event_sources/lora", "port")
        assert f"port {taken} is taken by process " in fault.message
        assert "pytest" in fault.message or "python" in fault.message
        assert applied.reason is not None
        assert applied.reason.startswith("nothing has changed")
        assert {change.subject: change.state for change in applied.changes}["source lora"] == "failed"
        assert "is taken by" in (stead.source().reason or "")
        shown = stead("status").out
        assert f"port {taken} is taken" in shown
    assert stead.tenant_file.read_text() == active
    assert stead.workers() == workers
    assert stead.post(body("still here")) == 200
    assert not connects(fine)

    discard(stead)
    assert stead.source().reason is None


@pytest.mark.parametrize(
    ("script", "text", "words"),
    [
        ("broken.py", "def decode(payload, metadata, events, logger:\n", "broken.py:1"),
        ("missing.py", None, "staged.toml:17: event_sources.lora.decoder.script: there is no script 'missing.py'"),
        ("raises.py", SCRIPT + "\n1 / 0\n", "raises.py:8: event_sources.lora: ZeroDivisionError"),
        ("exits.py", SCRIPT + "\nraise SystemExit(4)\n", "exits.py:8: event_sources.lora: SystemExit: 4"),
        ("yields.py", SCRIPT + "    yield\n", "yields.py: event_sources.lora: decode yields"),
        (
            "poor.py",
            "def decode(payload): ...\n",
            "poor.py:1: event_sources.lora.decoder: decode does not take metadata",
        ),
    ],
)
def test_a_script_that_cannot_be_used_refuses_the_change(
    stead: Stead, script: str, text: str | None, words: str
) -> None:
    if text is not None:
        (stead.scripts / script).write_text(text)
    workers = stead.workers()
    applied = apply(stead, source_text("lora", stead.port, script=script))
    assert not applied.applied
    assert words in (applied.reason or "")
    assert words in (stead.source().reason or "")
    assert stead.workers() == workers
    assert stead.post(body("still here")) == 200


def test_an_empty_required_slot_refuses_the_change(stead: Stead) -> None:
    bare = f'\n[[device_communication.event_sources]]\ntype = "socket"\nid = "bare"\nport = {free_port()}\n'
    applied = apply(stead, source_text("lora", stead.port) + bare)
    assert not applied.applied
    assert len(applied.faults) == 2
    assert "Socket Interaction Handler Factory is Required" in (applied.reason or "")


def test_two_sources_swap_their_ports(stead: Stead) -> None:
    one, two = stead.port, free_port()
    apply_or_fail(stead, source_text("lora", one) + source_text("rain", two, script="other.py"))
    apply_or_fail(stead, source_text("lora", two) + source_text("rain", one, script="other.py"))
    until(lambda: at(stead, one) == 200 and newest(stead) == ("rain", "other"), "rain on the port that lora had")
    until(lambda: at(stead, two) == 200 and newest(stead) == ("lora", "value"), "lora on the port that rain had")
    apply_or_fail(stead, source_text("rain", two, script="other.py"))  # lora goes, rain takes its port
    until(lambda: at(stead, two) == 200 and newest(stead) == ("rain", "other"), "rain on the port that lora had")
    until(lambda: not connects(one), "the port that nobody has to close")


def newest(stead: Stead) -> tuple[str, str]:
    event = stead.events()[-1]
    return event["eventSource"], next(iter(event["measurements"]))


def test_a_source_takes_every_address_on_the_port_that_it_has(stead: Stead) -> None:
    every = source_text("lora", stead.port, 'bind_address = "0.0.0.0"')
    apply_or_fail(stead, every)
    assert stead.source().detail["bind_address"] == "0.0.0.0"
    until(lambda: stead.post(body("wide")) == 200, "an answer")
    apply_or_fail(stead, source_text("lora", stead.port))
    until(lambda: stead.post(body("narrow")) == 200, "an answer")


def test_a_removed_or_disabled_source_ends(stead: Stead) -> None:
    rain = free_port()
    both = source_text("lora", stead.port) + source_text("rain", rain)
    apply_or_fail(stead, both)
    apply_or_fail(stead, source_text("lora", stead.port) + source_text("rain", rain, "enabled = false"))
    until(lambda: stead.source("rain").state == "stopped", "the disabled source to stop")
    assert not connects(rain)
    apply_or_fail(stead, both)
    assert at(stead, rain) == 200
    apply_or_fail(stead, source_text("lora", stead.port))
    until(lambda: not connects(rain), "the removed source to end")
    assert [row["eventSource"] for row in stead.events()].count("rain") > 0


def test_a_source_that_was_stopped_by_hand_stays_stopped(stead: Stead) -> None:
    target(stead, "stop", "default/lora")
    apply_or_fail(stead, source_text("lora", stead.port, "threads = 2") + source_text("rain", free_port()))
    assert stead.source().state == "stopped"
    assert stead.source("rain").state == "started"
    target(stead, "start", "default/lora")
    assert len(stead.workers()) == 2


def test_a_source_in_error_holds_up_no_change_of_another(stead: Stead) -> None:
    other = free_port()
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        stuck = source_text("stuck", taken, "enabled = false")
        apply_or_fail(stead, source_text("lora", stead.port) + stuck)
        with pytest.raises(ControlError, match="is taken by"):
            target(stead, "start", "default/stuck")
        assert stead.source("stuck").state == "error"
        apply_or_fail(stead, source_text("lora", other) + stuck)
        assert at(stead, other) == 200
        assert stead.source("stuck").state == "error"


def test_a_plan_that_is_no_longer_what_is_staged_is_not_applied(stead: Stead) -> None:
    seen = plan(stead).staged

    async def late(client: ControlClient) -> None:
        await stage(client, source_text("lora", free_port()))
        await client.call("configuration.apply", Apply(tenant="default", staged=seen), Applied)

    with pytest.raises(ControlError, match="look at the plan again") as refused:
        stead.talk(late)
    assert refused.value.code == CONFLICT
    assert stead.post(body("still here")) == 200


def test_who_applies_is_told_how_far_it_is(stead: Stead) -> None:
    new = source_text("lora", stead.port) + source_text("rain", free_port())
    applied, told = asyncio.run(heard_while(stead, new))
    states = [change.state for message in told for change in message.changes if change.subject == "source rain"]
    assert states == ["preparing", "prepared"]
    assert not any(message.done for message in told)
    assert (applied.done, [change.state for change in applied.changes]) == (True, ["applied"])


def test_many_changes_leave_nothing_behind(stead: Stead) -> None:
    engine = stead.engines[-1].pid
    files = Path(f"/proc/{engine}/fd")
    apply_or_fail(stead, source_text("lora", stead.port, "threads = 2"))
    until(lambda: len(stead.workers()) == 2, "the workers")
    settled(stead)
    before = len(list(files.iterdir()))
    for number in range(10):
        apply_or_fail(stead, source_text("lora", stead.port, "threads = 2", decoder=f"max_events = {number + 1}"))
        assert not apply(stead, source_text("lora", stead.port, script="missing.py")).applied
    settled(stead)
    until(lambda: len(list(files.iterdir())) <= before, "the engine's files to be closed")
    assert len(list((stead.path / "data" / "slots").rglob("*.slot"))) == 2


def settled(stead: Stead) -> None:
    """Waits until the two workers of now are all that is left of the engine's processes."""
    until(lambda: len(stead.children()) == 2, "the other workers to end")
