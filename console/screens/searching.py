"""A search that goes on page after page, since little of what is kept meets the filter."""

from console.text import looked_text
from core.control.received import Traffic


class Search:
    """How far it has come. Set `stopped`, and it asks for no further page."""

    def __init__(self) -> None:
        self.stopped = False
        self._looked = 0
        self._reached: str | None = None

    def take(self, page: Traffic) -> None:
        """Counts a page in."""
        self._looked += page.looked
        self._reached = page.reached

    def words(self) -> str:
        """How far back it has looked; empty before the first page and where that was all."""
        return looked_text(self._reached, self._looked) if self._reached is not None else ""
