"""One request, whole."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult

from console.actions import ACTIONS, Action
from console.link import ReplayProgress
from console.screens.base import TidegateScreen
from console.screens.replaying import replay_rows
from console.screens.save import SaveAs, copied, dated, save_new
from console.screens.scripts import edit_script
from console.text import bytes_text, clock_text
from console.widgets.filter_bar import FilterBar
from console.widgets.request_view import RequestView
from console.widgets.state_tree import node_at
from core.control.received import OfRequest
from core.model.events import event_json
from core.model.requests import RequestDetail, TrafficRow, request_json


class OneRequest(TidegateScreen):
    """A request out of a list; `step` moves in that list and gives the next or previous request."""

    TITLE = "Request"
    PLACE = "traffic"
    ABOUT = (
        "One request with everything that was kept of it. A failed one has its bytes as well: nothing that was "
        "answered is lost.\n\nThe body is shown as JSON, as the text that came, or byte by byte (v). "
        "Control characters are shown as signs. tab goes through head, decode log, events and timing; of a frame also "
        "through its bytes on the wire and what it was answered; of one that was replayed through its decodes."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["copy"].titled(
            "Copy", "copies what the tab shows: the payload, the bytes, the head, the log or the events"
        ),
        ACTIONS["save"].titled("Save", "saves the payload; on Events the events, elsewhere the request as JSON"),
        ACTIONS["edit"].titled("Decoder script", "edits the script that decodes this source's requests, in $EDITOR"),
        ACTIONS["replay"].titled("Replay", "decodes this request again; shows first what would change"),
        ACTIONS["next"].titled("Next", "goes to the next match while searching, else to the next request"),
        ACTIONS["filter"].titled("Search", "searches what the tab shows"),
        ACTIONS["view"].titled("View", "shows the body as JSON, as text, as bytes"),
        ACTIONS["previous"].titled(
            "Previous", "goes to the previous match while searching, else to the request before"
        ),
    )

    def __init__(self, row: TrafficRow, step: Callable[[int], TrafficRow | None]) -> None:
        super().__init__()
        self.row = row
        self.step = step
        self.searching = ""

    def compose_body(self) -> ComposeResult:
        yield RequestView(id="request")
        yield FilterBar("search", check=lambda text: None, id="search")

    @property
    def view(self) -> RequestView:
        """The request."""
        return self.query_one(RequestView)

    def trail(self) -> tuple[str, ...]:
        list = "Failures" if self.place == "failures" else "Live Traffic"
        return ("Tidegate", list, clock_text(self.row.received_date))

    def on_mount(self) -> None:
        self.view.pane.focus()
        self._show(self.row)

    def _show(self, row: TrafficRow) -> None:
        self.row = row
        self.view.show_row(row)
        self.refresh_frame()
        self.work(self._load, row)

    async def _load(self, row: TrafficRow) -> None:
        detail = await self.link.call("requests.get", OfRequest(row.id), RequestDetail)
        if row is self.row:
            self.view.show(detail)
            if self.searching:
                self._search(self.searching)

    def on_replay_progress(self, message: ReplayProgress) -> None:
        """Its decodes may be others now."""
        message.stop()
        if message.status.tenant == self.row.tenant and not message.status.dry_run:
            self.work(self._load, self.row)

    async def action_replay(self) -> None:
        await replay_rows(self, [self.row])

    def link_changed(self) -> None:
        if self.link.up and self.view.detail is None:
            self.work(self._load, self.row)

    # Tabs and search

    def action_filter(self) -> None:
        self.query_one(FilterBar).add_class("-open")
        self.query_one(FilterBar).open()

    def on_filter_bar_entered(self, message: FilterBar.Entered) -> None:
        self.view.pane.focus()
        self.searching = message.text
        self._search(message.text)

    def on_filter_bar_left(self) -> None:
        self.query_one(FilterBar).remove_class("-open")
        self.view.pane.focus()

    def _search(self, text: str) -> None:
        found = self.view.pane.search(text)
        self.query_one(FilterBar).tell(f"1 of {found:,}" if found else "not found" if text else "")
        self.query_one(FilterBar).set_class(bool(text), "-open")

    def _step(self, by: int) -> None:
        if self.searching:
            self.query_one(FilterBar).tell(self.view.pane.step(by) or "not found")
            return
        row = self.step(by)
        if row is None:
            self.say("this is the newest request of the list" if by > 0 else "this is the oldest request of the list")
        else:
            self._show(row)

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    async def action_back(self) -> None:
        if self.searching:
            self.searching = ""
            self._search("")
            self.query_one(FilterBar).show("")
            return
        await super().action_back()

    # What is shown, elsewhere

    def action_view(self) -> None:
        if self.view.tab != "body":
            self.view.tabs.active = 0
            return
        self.say(f"the body as {self.view.next_view()}")
        self.view.pane.focus()

    def action_edit(self) -> None:
        status = self.link.status
        path = f"{self.row.tenant}/{self.row.event_source}/decoder"
        decoder = node_at(status.tree, path) if status else None
        script = decoder.detail.get("script") if decoder else None
        if isinstance(script, str):
            self.work(edit_script, self, self.row.tenant, script)
        else:
            self.say(f"{self.row.event_source} is decoded without a script", "wrong")

    def action_copy(self) -> None:
        detail = self.view.detail
        if detail is None:
            return
        tab = self.view.tab
        text = detail.payload.decode("utf-8", "replace") if tab == "body" else self.view.pane.text()
        self.app.copy_to_clipboard(text)
        self.say(copied({"body": "payload", "log": "decode log"}.get(tab, tab), len(text.encode())))

    async def action_save(self) -> None:
        detail = self.view.detail
        if detail is None:
            return
        match self.view.tab:
            case "body":
                what, how, suffix, data = "payload", "its bytes as they came", ".bin", detail.payload
            case "events":
                what, how, suffix = "events", "one JSON object a line", ".jsonl"
                data = b"".join(msgspec.json.encode(event_json(event)) + b"\n" for event in detail.decoded)
            case _:
                what, how, suffix = "request", "as JSON, with its payload in base64", ".json"
                data = msgspec.json.encode(request_json(detail, detail)) + b"\n"
        name = dated(f"tidegate-{detail.event_source}", suffix)

        async def save(path: Path) -> None:
            written = await save_new(path, data)
            self.say(f"{what} saved to {path} ({bytes_text(written)})")

        await self.ask(SaveAs(what, how, name), save)
