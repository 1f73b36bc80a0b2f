"""How the list of Live Traffic is filled: by a live feed, and by pages of what was before or has passed meanwhile."""

from console.link import Feed
from console.screens.base import TidegateScreen
from console.screens.searching import Search
from console.widgets.filter_bar import FilterBar
from console.widgets.traffic_list import TrafficList
from console.widgets.traffic_row import Line
from core.control.client import ControlError
from core.control.codes import FAULTY
from core.control.feeds import Frame, Subscribe
from core.control.received import Query, Traffic
from core.errors import TidegateError
from core.model.filter import FilterError

PAGE_ROWS = 500
NOTHING_YET = "nothing has arrived yet: Engine State (5) shows the ports that devices send to"
NOTHING_MATCHES = "nothing that was kept matches; what arrives from now on is looked at too"


class TrafficFeed(TidegateScreen):
    """A screen with a `TrafficList` and a `FilterBar`: requests of one tenant or of all, as the filter says."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant: str | None = None
        self.feed: Feed | None = None
        self._filling = 0
        self.search: Search | None = None
        """What goes on page after page; None where nothing does."""
        self._older: tuple[str | None, str] | None = None
        """The first row held when older ones were fetched last, and how far was looked for them."""

    @property
    def list(self) -> TrafficList:
        """The list of requests."""
        return self.query_one(TrafficList)

    @property
    def bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one(FilterBar)

    # Filling

    async def fill(self) -> None:
        """Begins afresh with the filter and tenant chosen: the live feed first, then the rows before it."""
        self._filling += 1
        self._older = self.search = None
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
        self.search = search = Search()
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
            if self.search is search:
                self.search = None
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

    async def refill(self) -> None:
        """Begins afresh, and follows."""
        self.list.held.following = True
        self.list.held.arrived = 0
        self.list.focus()
        self.refresh_frame()
        self.work(self.fill)

    def on_traffic_cursor_wanted(self, message: TrafficList.Wanted) -> None:
        self.work(self.page, older=message.older)

    def on_traffic_cursor_behind(self, message: TrafficList.Behind) -> None:
        self.work(self.fill)
