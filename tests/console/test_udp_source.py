"""A UDP source in the console: added by keys, its traffic, and what the kernel dropped of it."""

import os
import signal

from tests.cli.tidegate import TUTORIAL_BODY, Homestead, free_port
from tests.console.test_walk import walk_to_event_sources
from tests.console.walker import Walker, walking
from tests.wire.datagrams import device


async def add_source(walker: Walker, port: int) -> None:
    await walker.press("a", "u", "d", "p", "enter")
    await walker.sees("UDP Event Source (udp)", "Most datagram", "! Binary Event Decoder is Required")
    await walker.type("gates")
    await walker.press("tab")
    await walker.type(str(port))
    await walker.sees("UDP Event Source (gates)", "where devices send their datagrams")


async def fill_decoder(walker: Walker) -> None:
    await walker.press(*["down"] * 6)
    await walker.press("a", "p", "y", "t", "enter")
    await walker.sees("Python Binary Event Decoder", "Script path")
    await walker.press("enter")
    await walker.sees("an existing script")
    await walker.press("enter")
    await walker.sees("decode_lora")
    await walker.press("escape")
    await walker.sees("Framing    none")


async def apply(walker: Walker) -> None:
    await walker.press("escape")
    await walker.sees("✎ new, not applied")
    await walker.press("ctrl+s")
    await walker.sees("staged: p shows what it means")
    await walker.press("p")
    await walker.sees("gates", "is free")
    await walker.press("enter")
    await walker.sees("applied: this is what runs now")


async def test_a_source_is_added_by_keys_and_its_drops_are_seen(home: Homestead) -> None:
    port = free_port()
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        await walk_to_event_sources(walker)
        await add_source(walker, port)
        await fill_decoder(walker)
        await apply(walker)

        await walker.press("2")
        await walker.sees("Live Traffic")
        with device(port) as one:
            one.send(TUTORIAL_BODY)
            await walker.sees("278998", "Measurements", "rssi -111.0")

            await walker.press("5")
            await walker.sees("UDP Event Source (gates)")
            pid = int(walker.screen.split("gates", 1)[1].split("pid ")[1].split()[0])
            os.kill(pid, signal.SIGSTOP)
            one.send(*[b"x" * 1000] * 1000)
            await walker.until(lambda: "dropped" in walker.line("UDP Event Source (gates)"), "the drops to be shown")
            os.kill(pid, signal.SIGCONT)
