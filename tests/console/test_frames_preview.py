"""Frames found in pasted bytes, and in what a source received last, as a framing's settings change."""

import socket
from collections.abc import Iterator

import pytest
from textual.events import Paste

from console.forms.frames_preview import BytesEditor, typed_bytes
from tests.console.walker import LARGE, Walker, walking
from tests.engine.stead import SOURCE, Stead, read_all

SCRIPT = "def decode(payload, metadata, events, logger):\n    events.alert('d1', 'frame', payload.hex())\n"
FRAMED = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
PREFIX = (
    'max_frame = "64 B"\n[device_communication.event_sources.interaction_handler.framing]\n'
    'type = "length_prefix"\nwidth = 1\nadjust = 1\nstrip = 1'
)
SIZES = [pytest.param((80, 24), id="80x24"), pytest.param(LARGE, id="200x50")]


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("preview") / "home", script=SCRIPT)
    stead.write(FRAMED.format(id="lora", port=stead.port, settings="", handler=PREFIX, decoder="", script="lora.py"))
    stead.serve()
    yield stead
    stead.end()


async def open_framing(walker: Walker) -> None:
    await walker.sees("Default Tenant")
    await walker.press("enter")
    await walker.sees("Engine Configuration")
    await walker.press("down", "enter")
    await walker.sees("Socket Event Source (lora)")
    await walker.press("enter")
    await walker.sees("Framed Socket Interaction Handler Factory")
    await walker.press("enter")
    await walker.sees("Length Prefix Framing", "Most frame")
    await walker.press("enter")
    await walker.sees("Frames found in these bytes", "paste hex")


async def paste(walker: Walker, text: str) -> None:
    editor = walker.app.screen.query_one(BytesEditor)
    editor.focus()
    editor.value = ""
    editor.post_message(Paste(text))


@pytest.mark.parametrize("size", SIZES)
async def test_frames_are_found_as_bytes_and_settings_change(stead: Stead, size: tuple[int, int]) -> None:
    async with walking(stead.path, size=size) as walker:
        await open_framing(walker)
        await paste(walker, "03 01 02 03\n02:aa:bb 05 01")
        await walker.sees("2 frames, 2 bytes of an unfinished one", "at 0", "03 01 02 03", "02 aa bb")
        await paste(walker, "ff 01")
        await walker.sees("0 frames", "64 are allowed")
        await paste(walker, "0x0")
        await walker.sees("is no hex")
        await paste(walker, "\\x03abc\\x01z")
        await walker.sees("2 frames", "61 62 63")


async def test_what_the_source_received_last_is_taken(stead: Stead) -> None:
    with socket.create_connection(("127.0.0.1", stead.port), 10) as device:
        device.sendall(b"\x03one\x05three")
        device.shutdown(socket.SHUT_WR)
        read_all(device)
    async with walking(stead.path, size=LARGE) as walker:
        await open_framing(walker)
        await walker.press("ctrl+r")
        await walker.sees("these are the last 10 bytes from 127.0.0.1", "2 frames", "05 74 68 72 65 65")
        await walker.press("shift+tab")
        await walker.sees("2 frames")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("7878 0d", b"xx\r"),
        ("78:78-0d", b"xx\r"),
        ("0x78,0x0d", b"x\r"),
        ("OK\\r\\n", b"OK\r\n"),
        ("*HQ,1#", b"*HQ,1#"),
        ("", b""),
    ],
)
def test_bytes_are_read_as_hex_or_as_text(text: str, data: bytes) -> None:
    assert typed_bytes(text) == data
