"""The current request beside a list, fetched when the cursor rests."""

from textual.timer import Timer

from console.session import session_of
from console.widgets.request_view import RequestView
from core.control.received import OfRequest
from core.errors import TidegateError
from core.model.requests import RequestDetail, TrafficRow

DELAY = 0.25
"""Seconds until the current request is fetched: a key held down fetches four a second."""
DELAY_FOLLOWING = 1.0
"""The same while the list follows: what changes faster cannot be read."""


class BesideRequest(RequestView):
    """A `RequestView` that follows a cursor; what cannot be fetched leaves what was shown before."""

    _wanted: TrafficRow | None = None
    _shown = ""
    _timer: Timer | None = None

    def follow(self, row: TrafficRow | None, *, at_once: bool) -> None:
        """Shows this request soon; sooner where someone moved the cursor than where the list did."""
        self._wanted = row
        if row is None or row.id == self._shown or self._timer is not None:
            return
        self._timer = self.set_timer(DELAY if at_once or not self._shown else DELAY_FOLLOWING, self._fetch)

    def show_nothing(self) -> None:
        """What is current is no request."""
        self._wanted, self._shown = None, ""
        self.show_row(None)

    async def _fetch(self) -> None:
        self._timer = None
        row = self._wanted
        if row is None:
            return
        self.run_worker(self._show_fetched(row), exclusive=True)

    async def _show_fetched(self, row: TrafficRow) -> None:
        try:
            detail = await session_of(self).link.call("requests.get", OfRequest(row.id), RequestDetail)
        except TidegateError:
            return  # the frame says that the engine is away; a request that is gone says so when it is opened
        if self._wanted is None:
            return
        self._shown = row.id
        self.show(detail)
