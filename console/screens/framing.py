"""A framing's form: its settings, and the frames that it finds in some bytes."""

from functools import partial
from typing import Any, Literal, cast

from textual import on
from textual.app import ComposeResult
from textual.timer import Timer

from console.actions import ACTIONS
from console.forms.frames_preview import FramesPreview
from console.screens.component import ComponentScreen
from core.control.frames import MOST_BYTES, FindFrames, FramesFound
from core.control.received import OfRequest, Query, Requests
from core.model.requests import RequestDetail

LOOK_AFTER = 0.25
"""Seconds after the last change until frames are looked for."""
LATEST = 50
"""Requests among which those of the connection that sent last are taken."""
MOST_TAKEN = 4096
"""Bytes that are taken of what a source received."""


class FramingScreen(ComponentScreen):
    """A component that fills a slot of the role `framing`."""

    TITLE = "Framing"
    ABOUT = (
        ComponentScreen.ABOUT
        + " Below the settings stand the frames that this framing finds in some bytes: paste what "
        "you captured, as hex or as text, or take what the source received last (^r). They are looked for anew at "
        "every change, and nothing of it is kept."
    )
    ACTIONS = (*ComponentScreen.ACTIONS[:5], ACTIONS["received"], *ComponentScreen.ACTIONS[5:])

    def __init__(self, tenant: str, path: str, *, first: str = "") -> None:
        super().__init__(tenant, path, first=first)
        self._soon: Timer | None = None

    def compose_slots(self) -> ComposeResult:
        yield from super().compose_slots()
        yield FramesPreview()

    @property
    def preview(self) -> FramesPreview:
        return self.query_one(FramesPreview)

    def draft_changed(self) -> None:
        super().draft_changed()
        if self.is_mounted and self.query(FramesPreview):
            self._look_soon()

    @on(FramesPreview.Asked)
    def _look_soon(self) -> None:
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(LOOK_AFTER, self._look)

    def _look(self) -> None:
        self.run_worker(partial(self.tried, self._find), group="frames", exclusive=True)

    async def _find(self) -> None:
        data = self.preview.data
        if not data:
            self.preview.show(None)
        elif not self.link.up:
            self.preview.show(FramesFound(fault="the engine is away: frames are looked for there"))
        else:
            self.preview.show(await self.link.call("frames.find", self._asked(data), FramesFound))

    def _asked(self, data: bytes) -> FindFrames:
        """The framing as the draft has it, with the limits of what it stands in."""
        above = self.draft.placed(self.session.catalogue, self.path.rpartition("/")[0])
        around: dict[str, Any] = above.table if above else {}
        most = around.get("max_frame", around.get("max_datagram", "32 KiB"))
        oversize = cast('Literal["close", "drop"]', around.get("oversize", "close"))
        return FindFrames(
            tenant=self.tenant,
            framing=dict(self.table),
            data=data[:MOST_BYTES],
            max_frame=str(most),
            oversize=oversize if oversize in ("close", "drop") else "close",
        )

    def action_received(self) -> None:
        self.work(self._take_received)

    async def _take_received(self) -> None:
        """Takes the bytes that came last over one connection of this source."""
        source = self.path.split("/")[1]
        asked = Query(tenant=self.tenant, source=source, limit=LATEST)
        listed = (await self.link.call("requests.query", asked, Requests)).requests
        if not listed:
            self.say(f"{source} has received nothing yet: start it and let a device send", "wrong")
            return
        data = b""
        for request in reversed([each for each in listed if each.remote == listed[-1].remote]):
            detail = await self.link.call("requests.get", OfRequest(request.id), RequestDetail)
            wire = detail.payload if detail.wire is None else detail.wire
            if len(data) + len(wire) > MOST_TAKEN and data:
                break
            data = (wire + data)[-MOST_TAKEN:]
        self.preview.take(data)
        self.say(f"these are the last {len(data)} bytes from {listed[-1].remote}")
