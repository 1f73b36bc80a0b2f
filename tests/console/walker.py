"""An operator at the console: presses keys, reads the screen, waits until something is on it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import _character_to_key  # pyright: ignore[reportPrivateUsage]  # as Textual's own parser names keys
from textual.pilot import Pilot

from console import embedded
from console.app import TidegateApp
from core.catalogue.registry import Catalogue
from tests.cli.tidegate import PATIENCE

SMALL = (80, 24)
LARGE = (200, 50)
CHARACTERS = {_character_to_key(char): char for char in map(chr, range(0x20, 0x7F))}


class Walker:
    """Drives a console by keys alone."""

    def __init__(self, app: TidegateApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What is on the screen, as text."""
        strips = self.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  # the one way to it
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def line(self, part: str) -> str:
        """The first line that holds `part`; empty where there is none."""
        return next((line for line in self.screen.splitlines() if part in line), "")

    async def press(self, *keys: str) -> None:
        """Presses keys, all at once as a slow line brings them, and waits until the last has acted."""
        for key in keys:
            char = CHARACTERS.get(key, key)
            self.app.post_message(events.Key(key, char if len(char) == 1 else None))
        taken = asyncio.Event()
        if self.app.call_later(taken.set):  # behind the keys
            await taken.wait()
        await self.until(lambda: self.app.key_turns.idle, "keys to act")
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Types text."""
        await self.press(*(_character_to_key(char) for char in text))

    async def until(self, true: Callable[[], object], what: str) -> None:
        """Waits until something holds."""
        deadline, pause = time.monotonic() + PATIENCE, 0.005
        while not true():
            assert time.monotonic() < deadline, f"waited too long for {what}; on the screen:\n{self.screen}"
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.05)

    async def sees(self, *parts: str) -> None:
        """Waits until all of this is on the screen."""
        for part in parts:
            await self.until(lambda part=part: part in self.screen, repr(part))

    async def sees_no(self, part: str) -> None:
        """Waits until this is not on the screen any more."""
        await self.until(lambda: part not in self.screen, f"{part!r} to go")


@asynccontextmanager
async def walking(
    home: Path, size: tuple[int, int] = SMALL, components: Catalogue | None = None, **options: Any
) -> AsyncGenerator[Walker]:
    """A console on the engine of `home`; `options` are the app's."""
    role = "viewer" if options.get("readonly") else None
    app = TidegateApp(lambda: embedded.reach(home, role), components, **options)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        yield Walker(app, pilot)
