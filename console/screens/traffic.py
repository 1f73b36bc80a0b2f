"""Live Traffic: requests as they arrive, and what became of each."""

from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal

from console.actions import ACTIONS, Action
from console.link import Feed
from console.screens.base import Kind, TidegateScreen
from console.screens.beside import BesideRequest
from console.screens.connection_of import open_connection_of
from console.screens.dialogs import Answer, Question
from console.screens.replaying import choose_replay
from console.screens.request import OneRequest
from console.screens.save import SaveAs, copied, dated, save_new
from console.screens.searching import Search
from console.text import bytes_text, plural
from console.widgets.filter_bar import FilterBar
from console.widgets.traffic_list import TrafficList
from console.widgets.traffic_row import Line
from core.control.client import ControlError
from core.control.messages import FAULTY, Frame, OfRequest, Query, Subscribe, Traffic
from core.errors import TidegateError
from core.model.filter import FilterError
from core.model.requests import RequestDetail, TrafficRow, request_json

PAGE_ROWS = 500
WIDE = 150
"""From here on the current request is shown beside the list."""
NOTHING_YET = "nothing has arrived yet: Engine State (5) shows the ports that devices send to"
NOTHING_MATCHES = "nothing that was kept matches; what arrives from now on is looked at too"
ONLY_FAILED = "-outcome:decoded"


class LiveTraffic(TidegateScreen):
    """The feed, its filter, and on a wide terminal the current request."""

    TITLE = "Live Traffic"
    PLACE = "traffic"
    ABOUT = (
        "Every request as it arrives, newest at the bottom, with what became of it. It follows until you move up or "
        "pause it; what has passed is fetched again as you scroll back. On a wide terminal the current request stands "
        "beside the list: tab goes there, escape back.\n\n"
        "Refused connections and requests are rows too, at most twenty a second of a source. Where more come, a row "
        "says how many more, why, and from which network; those were only counted.\n\n"
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
        self.tenant: str | None = None
        self.feed: Feed | None = None
        self._filling = 0
        self._search: Search | None = None
        self._older: tuple[str | None, str] | None = None
        """The first row held when older ones were fetched last, and how far was looked for them."""
        self._noted = ""

    def compose_body(self) -> ComposeResult:
        yield FilterBar("everything; / filters, as in source:lora", id="filter")
        with Horizontal():
            yield TrafficList(id="traffic")
            yield BesideRequest(id="beside")

    def on_mount(self) -> None:
        self.list.focus()
        self.work(self.fill)

    @property
    def list(self) -> TrafficList:
        """The list of requests."""
        return self.query_one(TrafficList)

    @property
    def bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one(FilterBar)

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
        if self._search is not None and (said := self._search.words()):
            return f"{said}: escape stops", "waits"
        if self.is_mounted and self.list.marked:
            return (
                f"{plural(len(self.list.marked), 'request')} marked: r replays, w saves, y copies, escape unmarks",
                "waits",
            )
        return "", "done"

    def status_changed(self) -> None:
        self._tell_counts()

    # Filling

    async def fill(self) -> None:
        """Begins afresh with the filter and tenant chosen: the live feed first, then the rows before it."""
        self._filling += 1
        self._older = self._search = None
        turn = self._filling
        traffic = self.list
        old, self.feed = self.feed, None
        if old is not None:
            await self.link.unsubscribe(old)
        traffic.clear()
        tenants = self.link.status.tenants if self.link.status else []
        traffic.columns.all_tenants = self.tenant is None and len(tenants) > 1
        try:
            feed = await self.link.subscribe(
                Subscribe(filter=self.bar.entered, tenant=self.tenant),
                lambda frame: self._received(frame, turn),
            )
        except ControlError as error:
            if error.code != FAULTY:
                raise
            self.bar.show_fault(FilterError(str(error), 1))
            return
        if turn != self._filling:
            await self.link.unsubscribe(feed)
            return
        self.feed = feed
        traffic.say_when_empty("")
        if self.link.up:
            await self.page(older=True)
            traffic.say_when_empty(NOTHING_MATCHES if self.bar.entered or self.tenant else NOTHING_YET)

    def _received(self, frame: Frame, turn: int) -> None:
        if turn == self._filling and self.query(TrafficList):  # not while the screen is being taken down
            lines: list[Line] = [*frame.rows, *frame.refused]
            self.list.receive(sorted(lines, key=lambda row: row.id), frame.left_out)
            self.list.redecoded(frame.redecoded)

    async def page(self, *, older: bool) -> None:
        """Fetches the rows before the first one held, or behind the last one. A filter that is met rarely is asked for
        again until something is found that fills the screen, or the operator stops it."""
        turn, traffic = self._filling, self.list
        cursor = self._older_from() if older else traffic.held.edge(older=False)
        self._search = search = Search()
        found_rows = 0
        try:
            while True:
                query = Query(
                    tenant=self.tenant,
                    filter=self.bar.entered,
                    limit=PAGE_ROWS,
                    before=cursor if older else None,
                    after=None if older else cursor,
                )
                found = await self.link.call("requests.traffic", query, Traffic)
                if turn != self._filling or not self.stands:
                    return
                (traffic.take_older if older else traffic.take_newer)(found.rows, found.more)
                found_rows += len(found.rows)
                search.take(found)
                if older:
                    self._older = None if found.next is None else (traffic.held.edge(older=True), found.next)
                cursor = found.next
                if cursor is None or search.stopped or found_rows >= traffic.size.height:
                    return
                self.refresh_frame()
        except TidegateError:
            traffic.asked_in_vain()
            raise
        finally:
            if self._search is search:
                self._search = None
                if self.stands:
                    self.refresh_frame()

    def _older_from(self) -> str | None:
        """Where the rows before the first one held go on: behind it, or as far as was looked already."""
        edge = self.list.held.edge(older=True)
        if self._older is not None and self._older[0] == edge:
            return self._older[1]
        return edge

    def link_changed(self) -> None:
        """What passed while the engine was away is fetched when it is back."""
        if not self.link.up:
            return
        if self.list.following:
            self.work(self.fill)
        else:
            self.list.held.expect_gap()

    async def follow(self, path: str, filter: str) -> None:
        """Shows a tenant's or a source's traffic, or what a filter lets through."""
        tenant, _, source = path.partition("/")
        self.tenant = tenant or None
        words = [f"source:{source}"] if source else []
        self.bar.show(" ".join([*words, filter]).strip())
        await self._refill()

    async def _refill(self) -> None:
        self.list.held.following = True
        self.list.held.arrived = 0
        self.list.focus()
        self.refresh_frame()
        self.work(self.fill)

    def on_traffic_list_wanted(self, message: TrafficList.Wanted) -> None:
        self.work(self.page, older=message.older)

    def on_traffic_list_behind(self, message: TrafficList.Behind) -> None:
        self.work(self.fill)

    # The list moves

    def on_traffic_list_moved(self, message: TrafficList.Moved) -> None:
        if self._noted != self.note():
            self._noted = self.note()
            self.refresh_frame()
        self._tell_counts()
        if self.has_class("-wide"):
            self._show_beside()

    def on_traffic_list_opened(self, message: TrafficList.Opened) -> None:
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
        await self._refill()

    def on_filter_bar_left(self) -> None:
        self.list.focus()

    async def action_failed(self) -> None:
        words = self.bar.entered.split()
        rest = [word for word in words if word != ONLY_FAILED]
        self.bar.show(" ".join(rest if len(rest) < len(words) else [ONLY_FAILED, *words]))
        await self._refill()

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
        if self._search is not None and self._search.words():
            self._search.stopped = True
            self.say(f"{self._search.words()}, and stopped: entering the filter again begins anew")
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
            await self._refill()

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
