"""Live Traffic: requests as they arrive, and what became of each."""

from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal

from console.actions import ACTIONS, Action
from console.screens.base import Kind
from console.screens.beside import BesideRequest
from console.screens.connection_of import open_connection_of
from console.screens.dialogs import Answer, Question
from console.screens.replaying import choose_replay
from console.screens.request import OneRequest
from console.screens.save import SaveAs, copied, dated, save_new
from console.screens.traffic_feed import TrafficFeed
from console.text import bytes_text, plural
from console.widgets.filter_bar import FilterBar
from console.widgets.traffic_list import TrafficList
from core.control.received import OfRequest
from core.model.requests import RequestDetail, TrafficRow, request_json

WIDE = 150
"""From here on the current request is shown beside the list."""
ONLY_FAILED = "-outcome:decoded"


class LiveTraffic(TrafficFeed):
    """The feed, its filter, and on a wide terminal the current request."""

    TITLE = "Live Traffic"
    PLACE = "traffic"
    ABOUT = (
        "Every request as it arrives, newest at the bottom, with what became of it. It follows until you move up or "
        "pause it; what has passed is fetched again as you scroll back. On a wide terminal the current request stands "
        "beside the list: tab goes there, escape back.\n\n"
        "Refused connections and requests are rows too, at most twenty a second of a source. Where more come, a row "
        "says how many more, why, and from which network; those were only counted.\n\n"
        "↻ stands before what a replay made of a request, ↻2 before what a second one did: enter opens it, and its tab "
        "Decodes shows what it was before.\n\n"
        "The filter is the one of `tidegate requests --filter`: words that must all hold, such as\n"
        "  source:lora status:>=400\n  device:2789* -outcome:decoded\n  ms:>10 bytes:>1k\n"
        "A bare word is looked for in device, target, reason and the first 4 KiB of the payload; payload:text, or bytes"
        " as payload:0x7878, in the whole of a kept payload. Where little matches it says how far back it has looked; "
        "escape stops it."
    )
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        ACTIONS["open"],
        ACTIONS["pause"].titled("Pause/Follow"),
        ACTIONS["filter"],
        ACTIONS["failed"],
        ACTIONS["replay"],
        ACTIONS["mark"],
        ACTIONS["tenant"],
        ACTIONS["next"].titled("Next failure", "goes to the next request that failed or was refused"),
        ACTIONS["previous"].titled("Previous failure", "goes to the previous request that failed or was refused"),
        ACTIONS["connections"].titled("Its connection", "shows the connection that the current request came on"),
        ACTIONS["copy"].titled("Copy", "copies the marked requests, or the current one, as JSON lines"),
        ACTIONS["save"].titled("Save", "saves the marked requests, or the current one, as JSON lines"),
        ACTIONS["view"].titled("One or two lines", "shows one line a request, or two"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._noted = ""

    def compose_body(self) -> ComposeResult:
        yield FilterBar("everything; / filters, as in source:lora", id="filter")
        with Horizontal():
            yield TrafficList(id="traffic")
            yield BesideRequest(id="beside")

    def on_mount(self) -> None:
        self.list.focus()
        self.work(self.fill)

    # What the frame shows

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", "Live Traffic") if self.tenant is None else ("Tidegate", self.tenant, "Live Traffic")

    def note(self) -> str:
        if not self.is_mounted:
            return ""
        traffic = self.list
        if traffic.following:
            return "following"
        return f"paused, {traffic.held.arrived:,} since" if traffic.held.arrived else "paused"

    def standing(self) -> tuple[str, Kind]:
        if self.search is not None and (said := self.search.words()):
            return f"{said}: escape stops", "waits"
        if self.is_mounted and self.list.marked:
            return (
                f"{plural(len(self.list.marked), 'request')} marked: r replays, w saves, y copies, escape unmarks",
                "waits",
            )
        return "", "done"

    def status_changed(self) -> None:
        self._tell_counts()

    async def follow(self, path: str, filter: str) -> None:
        """Shows a tenant's or a source's traffic, or what a filter lets through."""
        tenant, _, source = path.partition("/")
        self.tenant = tenant or None
        words = [f"source:{source}"] if source else []
        self.bar.show(" ".join([*words, filter]).strip())
        await self.refill()

    # The list moves

    def on_traffic_cursor_moved(self, message: TrafficList.Moved) -> None:
        if self._noted != self.note():
            self._noted = self.note()
            self.refresh_frame()
        self._tell_counts()
        if self.has_class("-wide"):
            self._show_beside()

    def on_traffic_cursor_opened(self, message: TrafficList.Opened) -> None:
        self.action_open()

    def _tell_counts(self) -> None:
        traffic = self.list
        told = f"{len(traffic.ring):,} shown"
        if traffic.held.fallen and self.size.width >= 100:
            told += f", {traffic.held.fallen:,} dropped"
        self.bar.tell(f"{told}, {traffic.held.left_out:,} left out")

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")
        if self.has_class("-wide"):
            self._show_beside()

    def _show_beside(self) -> None:
        traffic, beside = self.list, self.query_one(BesideRequest)
        if traffic.current is None and traffic.current_line is not None and not traffic.following:
            beside.show_nothing()
        else:
            beside.follow(traffic.current, at_once=not traffic.following)

    # Actions

    def action_open(self) -> None:
        row = self.list.current
        if row is not None:
            self.list.pause()
            self.app.push_screen(OneRequest(row, self.list.step))
        elif self.list.current_line is not None:
            self.say("these were only counted; Engine State (5) says how many there were of each reason")

    def action_connections(self) -> None:
        row = self.list.current
        if row is not None:
            self.list.pause()
            self.work(open_connection_of, self, row)
        elif self.list.current_line is not None:
            self.say("these were only counted, whoever sent them")

    def action_pause(self) -> None:
        if self.list.following:
            self.list.pause()
        else:
            self.list.follow()

    def action_filter(self) -> None:
        self.bar.open()

    async def on_filter_bar_entered(self, message: FilterBar.Entered) -> None:
        await self.refill()

    def on_filter_bar_left(self) -> None:
        self.list.focus()

    async def action_failed(self) -> None:
        words = self.bar.entered.split()
        rest = [word for word in words if word != ONLY_FAILED]
        self.bar.show(" ".join(rest if len(rest) < len(words) else [ONLY_FAILED, *words]))
        await self.refill()

    def action_next(self) -> None:
        if not self.list.find_failed(1):
            self.say("no later failure is held; G goes to the newest")

    def action_previous(self) -> None:
        if not self.list.find_failed(-1):
            self.say("no earlier failure is held; f asks the engine for failures alone")

    def action_mark(self) -> None:
        self.list.mark()
        self.say(*self.standing())

    def action_view(self) -> None:
        self.list.set_lines(1 if self.list.lines_a_row == 2 else 2)

    async def action_back(self) -> None:
        if not self.list.has_focus:
            self.list.focus()
            return
        if self.search is not None and self.search.words():
            self.search.stopped = True
            self.say(f"{self.search.words()}, and stopped: entering the filter again begins anew")
            return
        if self.list.marked:
            self.list.unmark()
            self.refresh_frame()
            return
        await super().action_back()

    async def action_replay(self) -> None:
        await choose_replay(self, self.list, self.tenant, self.bar.entered)

    async def action_tenant(self) -> None:
        known = self.link.status.tenants if self.link.status else []
        keys = "123456789abcdefghijklmnopqrstuvwxyz"
        answers = [Answer("", "all tenants", "0")]
        for number, tenant in enumerate(known):
            key = keys[number] if number < len(keys) else " "
            answers.append(Answer(tenant.id, f"{tenant.name}  ({tenant.id})", key))
        question = Question("Live Traffic", "Whose traffic is shown?", tuple(answers))
        await self.ask(question, self._tenant_chosen)

    async def _tenant_chosen(self, tenant: str) -> None:
        if (tenant or None) != self.tenant:
            self.tenant = tenant or None
            await self.refill()

    def action_copy(self) -> None:
        rows = self.list.chosen()
        if not rows:
            return
        lines = b"".join(msgspec.json.encode(request_json(row)) + b"\n" for row in rows).decode()
        self.app.copy_to_clipboard(lines)
        self.say(copied(plural(len(rows), "request"), len(lines.encode())))

    async def action_save(self) -> None:
        rows = self.list.chosen()
        if not rows:
            return
        name = dated(f"tidegate-{rows[0].event_source}", ".jsonl")
        dialog = SaveAs(plural(len(rows), "request"), "one JSON object a line, with its payload in base64", name)
        await self.ask(dialog, lambda path: self._save(rows, path))

    async def _save(self, rows: "list[TrafficRow]", path: Path) -> None:
        lines: list[bytes] = []
        for row in rows:
            detail = await self.link.call("requests.get", OfRequest(row.id), RequestDetail)
            lines.append(msgspec.json.encode(request_json(detail, detail)) + b"\n")
        written = await save_new(path, b"".join(lines))
        self.say(f"{plural(len(rows), 'request')} saved to {path} ({bytes_text(written)})")
        self.list.unmark()
