"""Connections as rows, and one with its frames, on a real engine with real devices."""

import asyncio
from collections.abc import Iterator

import pytest

from console.screens.connection import OneConnection
from console.screens.connections import ConnectionsScreen
from tests.cli.tidegate import free_port
from tests.console.walker import LARGE, Walker, walking
from tests.engine.stead import SOURCE, Stead

SCRIPT = """
def decode(payload, metadata, events, logger, state, respond):
    if payload == b"bad":
        raise ValueError("it is bad")
    state["device"] = payload.decode("latin-1")
    events.alert(payload.decode("latin-1"), "frame", "came")
    respond(b"+" + payload)
"""
FRAMED = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
STX = 'max_frame = "64 B"\n[device_communication.event_sources.interaction_handler.framing]\ntype = "stx_etx"'


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("connections") / "home", script=SCRIPT)
    tracker = FRAMED.format(id="lora", port=stead.port, settings="", handler=STX, decoder="", script="lora.py")
    empty = FRAMED.format(id="quiet", port=free_port(), settings="", handler=STX, decoder="", script="lora.py")
    stead.write(tracker + empty)
    stead.serve()
    yield stead
    stead.end()


class Device:
    """A device that talks while the console runs in the same loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        host, port = writer.get_extra_info("sockname")
        self.remote = f"{host}:{port}"

    @classmethod
    async def come(cls, stead: Stead) -> "Device":
        return cls(*await asyncio.open_connection("127.0.0.1", stead.port))

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def ask(self, name: str) -> None:
        await self.say(b"\x02" + name.encode() + b"\x03")
        assert await self._reader.readexactly(len(name) + 1) == b"+" + name.encode()

    async def ended(self) -> None:
        assert await self._reader.read() == b""
        self.go()

    def go(self) -> None:
        self._writer.close()


async def to_connections(walker: Walker, source: str = "lora") -> None:
    await walker.sees("Default Tenant", "Started")
    await walker.press("colon")
    await walker.type(f"connections default/{source}")
    await walker.press("enter")
    await walker.until(lambda: isinstance(walker.app.screen, ConnectionsScreen), "the connections")


async def to_one(walker: Walker, device: Device) -> None:
    await to_connections(walker)
    await walker.press("slash")
    await walker.type(device.remote)
    await walker.press("enter")
    await walker.sees(f"▸ {device.remote}")
    await walker.press("enter")
    await walker.until(lambda: isinstance(walker.app.screen, OneConnection), "the connection")


async def test_connections_are_rows_that_stay_fresh(stead: Stead) -> None:
    first, second = await Device.come(stead), await Device.come(stead)
    await second.ask("d2")
    await asyncio.sleep(0.002)  # the engine tells milliseconds apart
    await first.ask("d1")
    async with walking(stead.path) as walker:
        await to_connections(walker)
        await walker.sees("Remote", "Frames", "2 open", f"▸ {first.remote}", f"  {second.remote}")
        assert "d1" in walker.line(first.remote)
        assert "● open" in walker.line(first.remote)
        await second.ask("d3")  # which puts it first; the current row stays the current one
        await walker.until(lambda: "d3" in walker.line(second.remote), "the device")
        lines = walker.screen.splitlines()
        assert lines.index(walker.line(second.remote)) < lines.index(walker.line(first.remote))
        assert "▸" in walker.line(first.remote)
        second.go()
        await walker.sees("○ closed", "  the device ended it", "1 open")
    first.go()


async def test_the_keys_that_lead_there(stead: Stead) -> None:
    device = await Device.come(stead)
    await device.ask("d1")
    async with walking(stead.path) as walker:
        for seen in ("Engine Configuration", "How devices reach this tenant", "fails alone"):
            await walker.press("enter")
            await walker.sees(seen)
        await walker.sees(f"port {stead.port}")
        await walker.press("c")
        await walker.sees("lora › Connections", device.remote)
        await walker.press("2")
        await walker.sees("shown", "▸")
        await walker.press("c")
        await walker.sees("● open", "opened ", "1 frame", "▸ in ", "02 64 31 03", "◂ out", "2b 64 31")
        await walker.press("5")
        await walker.sees("Engine State", "Socket Event Source (lora)")
        await walker.press("c")
        await walker.sees("connections are an event source's")
        await walker.press("j", "j", "c")
        await walker.sees("lora › Connections", device.remote)
    device.go()


async def test_a_connection_with_its_frames_state_and_unfinished_bytes(stead: Stead) -> None:
    device = await Device.come(stead)
    await device.ask("d\x1b7")
    async with walking(stead.path) as walker:
        await to_one(walker, device)
        await walker.sees("0000  02 64 1b 37 03", ".d.7.", "0000  2b 64 1b 37", "d␛7  Alert")
        await device.say(b"\x02bad\x03")
        await walker.sees("failed", "✕ lora.py:4 it is bad")
        assert "▸ ▸ in" in walker.line("failed")  # who was at the newest frame stays there
        await device.say(b"\x02half of it")
        await walker.sees("11 B  of an unfinished frame", "68 61 6c 66", "Unfinished 11 B")
        await walker.press("tab")
        await walker.sees("┌ State ┐", '"device": "d\\u001b7"')
        await walker.press("tab")
        await walker.sees("┌ Unfinished 11 B ┐", "00000000  02 68 61 6c 66")
        await walker.press("tab", "k", "enter")
        await walker.sees("✕ failed", "┌ Body ┐", "62 61 64")
        await walker.press("tab")
        await walker.sees("┌ Wire ┐", "5 B on the wire", "02 62 61 64 03")
        await walker.press("tab")
        await walker.sees("nothing was answered")
        await walker.press("N")
        await walker.sees("decoded", "4 B, sent after the commit")
        await walker.press("N")
        await walker.sees("this is the oldest request of the list")
        await walker.press("escape")
        await walker.sees("┌ Frames ┐")
        device.go()
        await walker.sees("○ closed", "the device ended it", "the connection ended in the middle of a frame")


async def test_a_frame_that_is_too_long_is_shown_with_its_reason(stead: Stead) -> None:
    device = await Device.come(stead)
    await device.ask("d1")
    await device.say(b"\x02" + b"long " * 30)
    async with walking(stead.path) as walker:
        await to_one(walker, device)
        await walker.sees("refused", "more than 64 bytes and no end of a frame", "6c 6f 6e 67", "○ closed")
        assert "151 B" in walker.line("refused")
        await walker.sees("23 bytes more")
    device.go()


async def test_an_operator_closes_a_connection_after_a_question(stead: Stead) -> None:
    device, other = await Device.come(stead), await Device.come(stead)
    async with walking(stead.path) as walker:
        await to_connections(walker)
        await walker.press("slash")
        await walker.type(device.remote)
        await walker.press("enter")
        await walker.sees_no(other.remote)
        await walker.press("x")
        await walker.sees("Close Connection?", "what is here of another is refused and kept")
        await walker.press("c")
        await walker.sees_no("Close Connection?")
        await walker.press("x")
        await walker.sees("Close Connection?")
        await walker.press("x")
        await device.ended()
        await walker.sees("○ closed", "closed by the operator")
        await walker.press("x")
        await walker.sees("it is closed already: closed by the operator")
        await walker.press("enter")
        await walker.sees("no frame of this connection is kept yet")
        await walker.press("x")
        await walker.sees("it is closed already")
    other.go()


async def test_a_viewer_sees_and_closes_nothing(stead: Stead) -> None:
    device = await Device.come(stead)
    async with walking(stead.path, readonly=True) as walker:
        await to_connections(walker)
        await walker.sees(device.remote)
        await walker.press("x")
        await walker.sees("read-only")
    await device.ask("d1")
    device.go()


async def test_where_nothing_is_connected_it_says_what_to_do(stead: Stead) -> None:
    async with walking(stead.path) as walker:
        await to_connections(walker, "quiet")
        await walker.sees("no device has connected yet: quiet listens on port")
        await walker.press("slash")
        await walker.type("nobody")
        await walker.press("enter")
        await walker.sees("no connection has this in its address")
        await walker.press("escape")
        await walker.sees("no device has connected yet")
        await walker.press("escape")
        await walker.press("colon")
        await walker.type("connections default/lorra")
        await walker.press("enter")
        await walker.sees("no event source default/lorra runs; did you mean default/lora?")


async def test_earlier_frames_are_fetched_as_one_goes_up(stead: Stead) -> None:
    device = await Device.come(stead)
    for number in range(130):
        await device.ask(f"n{number}")
    async with walking(stead.path, size=LARGE) as walker:
        await to_one(walker, device)
        await walker.sees("n129  Alert", "130 frames")
        screen = walker.app.screen
        assert isinstance(screen, OneConnection)
        assert len(screen.frames) == 100
        await walker.press("g")
        await walker.until(lambda: len(screen.frames) == 130, "the earlier frames")
        await walker.press("g")
        await walker.sees("n0  Alert")
        await device.ask("newer")
        await walker.until(lambda: len(screen.frames) == 131, "the newer frame")
        await walker.sees("n0  Alert")  # who reads is not moved
        await walker.press("y")
        await walker.sees("copied")
    device.go()


async def test_on_a_wide_terminal_a_row_says_all_on_one_line(stead: Stead) -> None:
    device = await Device.come(stead)
    await device.ask("d1")
    async with walking(stead.path, size=LARGE) as walker:
        await to_connections(walker)
        await walker.sees(device.remote)
        device.go()
        await walker.until(lambda: "the device ended it" in walker.line(device.remote), "the reason")
        assert "4 B        3 B ○ closed  the device ended it" in walker.line(device.remote)


async def test_a_connection_that_the_engine_knows_no_more_keeps_its_frames(stead: Stead) -> None:
    device = await Device.come(stead)
    await device.ask("kept")
    device.go()
    assert stead("restart", "default/lora").status == 0
    async with walking(stead.path) as walker:
        await walker.sees("Default Tenant", "Started")
        await walker.press("2")
        await walker.sees("shown", "▸")
        await walker.press("c")
        await walker.sees("the engine knows this connection no more", device.remote, "02 6b 65 70 74 03", "◂ out")
        await walker.press("tab")
        await walker.sees("nothing more is known of this connection")
