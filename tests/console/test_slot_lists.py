"""A slot that takes many, by keys alone: a composite decoder's choices are added, filled, moved and removed."""

import os

import pytest

from core.groovy import discovery
from core.groovy.discovery import Missing
from tests.cli.tidegate import Homestead
from tests.console.walker import Walker, walking
from tests.groovy.conftest import give_build, shared_build


@pytest.fixture(autouse=True)
def groovy(home: Homestead, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A composite decoder can be added where there is Groovy, which the engine finds compiled."""
    found = discovery.find()
    if isinstance(found, Missing):
        if os.environ.get("CI") == "true":
            pytest.fail(found.reason)
        pytest.skip(found.reason)
    give_build(home.path, shared_build(found, tmp_path_factory))


async def open_decoder(walker: Walker) -> None:
    """From Manage Tenants to a new composite decoder of the source lora."""
    await walker.sees("1 of 1")
    await walker.press("enter")
    await walker.sees("Engine Configuration")
    await walker.press("down", "enter")
    await walker.sees("Socket Event Source (lora)")
    await walker.press("enter")
    await walker.sees("Number of threads")
    await walker.press("down", "d", "enter")
    await walker.sees("! Binary Event Decoder is Required")
    await walker.press("a")
    await walker.type("comp")
    await walker.press("enter")
    await walker.sees("Metadata Extractor", "! Composite Event Decoder Choices is Required")


async def add_choice(walker: Walker, token: str) -> None:
    """On the form of the decoder, with its list of choices current: adds one that decodes JSON."""
    await walker.press("a", "enter")
    await walker.sees("Match Device Specification (device_specification)", "! Binary Event Decoder is Required")
    await walker.type(token)
    await walker.sees(f"Match Device Specification ({token})")
    await walker.press("down", "a")
    await walker.type("json d")
    await walker.press("enter")
    await walker.sees("added JSON Device Request Decoder")
    await walker.press("escape")
    await walker.sees("Composite Event Decoder Choices", f"Match Device Specification ({token})")


async def test_choices_are_added_moved_and_removed(home: Homestead) -> None:
    staged = home.path / "tenants" / "default" / "staged.toml"
    async with walking(home.path) as walker:
        await open_decoder(walker)
        await walker.press("down")
        for token in ("trackers", "meters"):
            await add_choice(walker, token)
        assert walker.screen.index("(trackers)") < walker.screen.index("(meters)")
        assert "▸ Match Device Specification (meters)" in walker.screen  # the new one is the current one
        await walker.press("K")
        await walker.until(
            lambda: walker.screen.index("(meters)") < walker.screen.index("(trackers)"), "meters to go up"
        )
        await walker.press("enter")
        await walker.sees("JSON Device Request Decoder", "Specification token")
        await walker.press("home")
        await walker.type("trackers")
        await walker.sees("'trackers' is taken by another here")
        await walker.press(*["backspace"] * 8)
        await walker.type("b/c")
        await walker.sees("'b/c' is no token")
        await walker.press("backspace", "backspace", "escape")
        await walker.sees("Match Device Specification (b)")
        await walker.press("down", "d")
        await walker.sees("Delete Component?", "Match Device Specification (trackers)")
        await walker.press("enter")
        await walker.sees_no("Match Device Specification (trackers)")
        await walker.press("up", "ctrl+s")
        await walker.sees("staged: p shows what it means")
        assert 'token = "b"\n\n[device_communication.event_sources.decoder.choices.decoder]' in staged.read_text()
        await walker.press("d")
        await walker.sees("Delete Required Component?", "Composite Event Decoder (Binary) needs one of")
        await walker.press("escape", "up", "a", "enter")
        await walker.sees("Groovy Metadata Extractor (Binary)", "Script path")
        await walker.press("escape", "escape")
        await walker.sees("Composite Event Decoder (Binary)", "metadata_extractor.script: is required")


async def test_commands_reach_into_a_list(home: Homestead) -> None:
    tenant = home.path / "tenants" / "default"
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        for command in (
            "remove default event_sources/lora/decoder",
            "add default event_sources/lora/decoder composite",
            "add default event_sources/lora/decoder/choices device_specification 'token=tag v2'",
            "add default 'event_sources/lora/decoder/choices/tag v2/decoder' json",
            "set default 'event_sources/lora/decoder/choices/tag v2' token=tags",
        ):
            await walker.press("colon")
            await walker.type(command)
            await walker.press("enter")
            await walker.sees("staged: p shows what it means")
            await walker.press("escape")
        await walker.until(lambda: 'token = "tags"' in (tenant / "staged.toml").read_text(), "the last of them")
    assert "[device_communication.event_sources.decoder.choices.decoder]" in (tenant / "staged.toml").read_text()
