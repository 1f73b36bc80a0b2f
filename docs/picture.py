"""Draws the README's picture: the real console on a demo with live traffic, as SVG.

python docs/picture.py docs/console.svg
"""

import asyncio
import contextlib
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

from console import embedded
from console.app import TidegateApp
from core.cli.throwaway import Demo, start_demo

SIZE = (84, 26)
RATE = 12.0
TRAFFIC = 6.0
"""Seconds of traffic to show."""
CUT_OFF = b'{"deveui":"hex","dataFrame":"AB==","port":1,"fcnt":139,"rssi":-1'


async def draw(demo: Demo, to: Path) -> None:
    """The console's Live Traffic as it is after some seconds, with a failure among the last requests."""
    app = TidegateApp(lambda: embedded.reach(demo.home), owned=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await pilot.pause(TRAFFIC)
        await asyncio.to_thread(fail, demo.url)
        await pilot.pause(0.5)
        picture = app.export_screenshot(title="tidegate")
    to.write_text(re.sub(r"@font-face\s*{[^}]*}\s*", "", picture))  # a picture that fetches nothing


def fail(url: str) -> None:
    """Sends what cannot be decoded."""
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(url, CUT_OFF), timeout=10).close()


def main() -> None:
    demo = start_demo(RATE)
    try:
        asyncio.run(draw(demo, Path(sys.argv[1])))
    finally:
        demo.stop()


if __name__ == "__main__":
    main()
