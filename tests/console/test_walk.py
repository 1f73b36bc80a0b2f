"""The tutorial, by keys alone: from an empty home to a device's event on the screen."""

import pytest

from tests.cli.tidegate import TUTORIAL_BODY, Homestead
from tests.console.walker import LARGE, SMALL, Walker, walking


async def make_tenant(walker: Walker) -> None:
    await walker.sees("New Tenant", "A tenant is one group of devices")
    await walker.press("enter")
    await walker.sees("Default Tenant", "● Started")


async def walk_to_event_sources(walker: Walker) -> None:
    await walker.press("enter")
    await walker.sees("Tenant State", "Engine Configuration", "Device Communication")
    await walker.press("enter")
    await walker.sees("How devices reach this tenant")
    await walker.press("enter")
    await walker.sees("Each source listens alone and fails alone", "[ + Add Component ]")


async def add_source(walker: Walker, port: int) -> None:
    await walker.press("a", "s", "o", "c", "enter")
    await walker.sees("Socket Event Source (socket)")
    await walker.sees(
        "! Socket Interaction Handler Factory is Required",
        "! Binary Event Decoder is Required",
    )
    await walker.type("lora")
    await walker.press("tab")
    await walker.type("99999")
    await walker.sees("✕ 99999 is more than 65535", "✕ port: 99999 is more than 65535")
    for _ in "99999":
        await walker.press("backspace")
    await walker.type(str(port))
    await walker.sees("Socket Event Source (lora)")


async def fill_slots(walker: Walker) -> None:
    await walker.press("down", "down", "down")
    await walker.press("a", "h", "t", "t", "p", "enter")
    await walker.sees("added HTTP Socket Interaction Handler Factory")
    await walker.press("a", "p", "y", "t", "enter")
    await walker.sees("Python Binary Event Decoder", "Script path")
    await walker.press("enter")
    await walker.sees("New from template: decode_lora.py")
    await walker.press("enter")
    await walker.sees("made decode_lora.py from the template")
    await walker.press("escape")
    await walker.sees("Python Binary Event Decoder  decode_lora.py")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_the_tutorial_by_keys_alone(empty_home: Homestead, size: tuple[int, int]) -> None:
    async with walking(empty_home.path, size) as walker:
        await make_tenant(walker)
        await walk_to_event_sources(walker)
        await add_source(walker, empty_home.port)
        await fill_slots(walker)
        await walker.press("escape")
        await walker.sees("✎ new, not applied", f"port {empty_home.port}", "draft is not staged")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
        await walker.press("p")
        await walker.sees("1 change", "lora", "tenant.toml")
        await walker.press("enter")
        await walker.sees("applied: this is what runs now")
        await walker.press("escape")
        await walker.sees("Socket Event Source (lora)", "● Started")
        assert "✎" not in walker.screen

        await walker.press("2")
        await walker.sees("Live Traffic")
        assert empty_home.post(TUTORIAL_BODY) == 200
        await walker.sees("278998", "Measurements", "rssi -111.0", "snr -6.0")
