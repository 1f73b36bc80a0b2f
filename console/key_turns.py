"""Keys take turns: each acts on what the one before it led to, however many a slow line brings at once.

Textual hands a key to the focused widget's queue, and one that is not text travels back to the end of the app's queue
before its binding acts. Of `soc`, enter, `lora` in one packet, `lora` would be typed before enter did anything.
"""

import asyncio
from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode

LONGEST_TURN = 1.0
"""Seconds that the next key waits at most for what a key began."""
MOST_WAITING = 1024
"""Keys that may wait; more is a paste gone astray, and is left out."""


class KeyTurns:
    """Whose turn it is. `hold` and `release` make a turn last until work beside the screens is done."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque(maxlen=MOST_WAITING)
        self._turn: events.Key | None = None
        self._settling: asyncio.Task[None] | None = None
        self._released = asyncio.Event()
        self._released.set()

    @property
    def idle(self) -> bool:
        """No key is on its way."""
        return self._turn is None and not self._waiting

    def hold(self) -> None:
        """The next key waits."""
        self._released.clear()

    def release(self) -> None:
        """The next key need not wait longer."""
        self._released.set()

    def admit(self, key: events.Key) -> bool:
        """Whether it is this key's turn; where it is not, it will come again."""
        if self._turn is None or self._turn is key:
            self._turn = key
            return True
        self._waiting.append(key)
        return False

    def acted(self, taker: DOMNode | None) -> None:
        """The key was handed to `taker`; its turn ends when that has had its effect."""
        self._settling = asyncio.create_task(self._end(taker))

    async def _end(self, taker: DOMNode | None) -> None:
        try:
            async with asyncio.timeout(LONGEST_TURN):
                if taker is not None:
                    await self._pass_along(taker)  # the key goes up to the app
                    await self._pass_along(taker)  # and what its action says goes the same way
                await self._released.wait()
        except TimeoutError:
            pass
        finally:  # whatever became of a key, the next one must have its turn: a console that takes no key is dead
            self._released.set()
            self._turn = self._waiting.popleft() if self._waiting else None
            if self._turn is not None:
                self._app.post_message(self._turn)

    async def _pass_along(self, taker: DOMNode) -> None:
        for node in (*taker.ancestors_with_self, self._app):
            done = asyncio.Event()
            if node.call_later(done.set):
                await done.wait()
