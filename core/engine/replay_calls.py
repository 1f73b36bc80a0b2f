"""The control protocol's calls about replays."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from core.control.replays import Changes, ChangesOf, OfReplay, Replay, ReplayQuery, Replays, ReplayStatus
from core.engine.replays import ReplayDesk


def replay_handlers(desk: ReplayDesk) -> dict[str, Callable[[Any], Awaitable[object]]]:
    """What answers each of them."""

    async def start(asked: Replay) -> ReplayStatus:
        return desk.start(asked)

    async def list_all(asked: ReplayQuery) -> Replays:
        return desk.listed(asked)

    async def get(asked: OfReplay) -> ReplayStatus:
        return desk.get(asked)

    async def resume(asked: OfReplay) -> ReplayStatus:
        return desk.resume(asked)

    async def undo(asked: OfReplay) -> ReplayStatus:
        return desk.undo(asked)

    async def changes(asked: ChangesOf) -> Changes:
        return await asyncio.to_thread(desk.changes, asked)

    return {
        "replays.start": start,
        "replays.list": list_all,
        "replays.get": get,
        "replays.cancel": desk.cancel,
        "replays.resume": resume,
        "replays.undo": undo,
        "replays.changes": changes,
    }
