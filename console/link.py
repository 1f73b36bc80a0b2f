"""The console's connection to its engine: one client, the latest state, live feeds, and the way back when it is lost.

Everything here runs beside the screens and never holds them up. What arrives is handed on as messages that replace one
another while they wait, so a burst costs one redraw.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

from textual.message import Message
from textual.message_pump import MessagePump

from core.control.client import CALL_TIMEOUT, ControlClient, ControlError, EngineGone
from core.control.configurations import Applied
from core.control.feeds import Frame, Subscribe, Subscription
from core.control.greeting import Welcome
from core.control.replays import ReplayStatus
from core.control.states import Status
from core.errors import TidegateError

FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0
"""Seconds between attempts to reach an engine that went away, doubling from the first to the longest."""
EARLY_FRAMES = 8
"""Frames kept of a feed whose number the console has not learned yet."""

R = TypeVar("R")


class StatusChanged(Message, bubble=False):
    """The engine's state is newer; `Screen`s find it in `link.status`."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StatusChanged)


class LinkChanged(Message, bubble=False):
    """The engine was reached, or went away."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, LinkChanged)


class ApplyProgress(Message, bubble=False):
    """How far an apply has come; each carries the whole state."""

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self.applied = applied

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ApplyProgress) and message.applied.tenant == self.applied.tenant


class ReplayProgress(Message, bubble=False):
    """How far a replay has come; each carries the whole state."""

    def __init__(self, status: ReplayStatus) -> None:
        super().__init__()
        self.status = status

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ReplayProgress) and message.status.id == self.status.id


@dataclass(eq=False)
class Feed:
    """A live feed; it is taken up again by itself when the engine comes back."""

    params: Subscribe
    on_frame: Callable[[Frame], None]
    number: int | None = None
    """The engine's number of it; None while the engine is away."""


@dataclass
class EngineLink:
    """The connection to one engine. `connect` makes a greeted client and raises TidegateError where it cannot."""

    connect: Callable[[], Awaitable[ControlClient]]
    audience: Callable[[], list[MessagePump]]
    """Who is told of changes: the screens that are open."""
    status: Status | None = None
    gone_since: datetime | None = None
    reason: str = ""
    """Why the engine cannot be reached."""
    _client: ControlClient | None = None
    _feeds: list[Feed] = field(default_factory=list[Feed])
    _early: dict[int, deque[Frame]] = field(default_factory=dict[int, "deque[Frame]"])

    @property
    def up(self) -> bool:
        """An engine answers."""
        return self._client is not None

    @property
    def welcome(self) -> Welcome | None:
        """What the engine said of itself; None while there is none."""
        return self._client.welcome if self._client else None

    async def run(self) -> None:
        """Connects, and connects again whenever the engine goes away, until it is cancelled."""
        wait = FIRST_WAIT
        try:
            while True:
                try:
                    client = await self.connect()
                except TidegateError as error:
                    self._lost(str(error))
                    await asyncio.sleep(wait)
                    wait = min(wait * 2, LONGEST_WAIT)
                    continue
                if await self._serve(client):
                    wait = FIRST_WAIT
        finally:
            if self._client is not None:
                await self._client.close()

    async def _serve(self, client: ControlClient) -> bool:
        """Lives with one connection until it ends; says whether it ever worked."""
        client.on_notification = self._notified
        try:
            self.status = await client.call("watch", None, Status)
        except TidegateError as error:
            await client.close()
            self._lost(str(error))
            return False
        self._client, self.gone_since, self.reason = client, None, ""
        self._tell(LinkChanged)
        for feed in list(self._feeds):
            with contextlib.suppress(TidegateError):
                await self._subscribe(feed)
        await client.closed.wait()
        self._client = None
        for feed in self._feeds:
            feed.number = None
        self._early.clear()
        self._lost("the engine has gone away")
        await client.close()
        return True

    def _lost(self, reason: str) -> None:
        if self.gone_since is None:
            self.gone_since = datetime.now(UTC)
        self.reason = reason
        self._tell(LinkChanged)

    @overload
    async def call(self, method: str, params: object, kind: type[R], timeout: float = ...) -> R: ...
    @overload
    async def call(self, method: str, params: object = None, *, timeout: float = ...) -> Any: ...
    async def call(
        self, method: str, params: object = None, kind: type | None = None, timeout: float = CALL_TIMEOUT
    ) -> Any:
        """Calls the engine; ControlError where it refuses, EngineGone where it is away."""
        if self._client is None:
            raise EngineGone(f"the engine is away: {self.reason}" if self.reason else "the engine is not reached yet")
        return await self._client.call(method, params, timeout=timeout)

    async def refresh(self) -> None:
        """Fetches the state now, where the next notification would come too late for what an operator just did."""
        self.status = await self.call("status", None, Status)
        self._tell(StatusChanged)

    async def subscribe(self, params: Subscribe, on_frame: Callable[[Frame], None]) -> Feed:
        """Starts a live feed; ControlError where its filter has a fault. While the engine is away it starts later."""
        feed = Feed(params, on_frame)
        if self._client is not None:
            await self._subscribe(feed)
        self._feeds.append(feed)
        return feed

    async def unsubscribe(self, feed: Feed) -> None:
        """Ends a live feed."""
        if feed in self._feeds:
            self._feeds.remove(feed)
        number, feed.number = feed.number, None
        if number is not None and self._client is not None:
            with contextlib.suppress(ControlError, EngineGone):
                await self._client.call("unsubscribe", Subscription(number))
        self._early.pop(number or 0, None)

    async def _subscribe(self, feed: Feed) -> None:
        assert self._client is not None
        given = await self._client.call("subscribe", feed.params, Subscription)
        feed.number = given.subscription
        for frame in self._early.pop(given.subscription, ()):
            feed.on_frame(frame)

    def _notified(self, name: str, params: object) -> None:
        if isinstance(params, Status):
            self.status = params
            self._tell(StatusChanged)
        elif isinstance(params, Applied):
            for pump in list(self.audience()):
                pump.post_message(ApplyProgress(params))
        elif isinstance(params, ReplayStatus):
            for pump in list(self.audience()):
                pump.post_message(ReplayProgress(params))
        elif isinstance(params, Frame):
            self._frame(params)

    def _frame(self, frame: Frame) -> None:
        for feed in self._feeds:
            if feed.number == frame.subscription:
                feed.on_frame(frame)
                return
        self._early.setdefault(frame.subscription, deque(maxlen=EARLY_FRAMES)).append(frame)
        while len(self._early) > EARLY_FRAMES:
            self._early.pop(next(iter(self._early)))

    def _tell(self, kind: type[StatusChanged] | type[LinkChanged]) -> None:
        for pump in list(self.audience()):
            pump.post_message(kind())
