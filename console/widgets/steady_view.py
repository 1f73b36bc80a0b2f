"""A view whose length changes all the time without anything moving or being laid out again.

Textual lays a screen out anew when a scrolling view's length changes. For a list that grows ten times a second that
costs more than painting it, so here length and position are set beside that path, and only the scrollbar is told.
"""

from textual.geometry import Size
from textual.widget import Widget

from console.widgets.painted import PaintedView


class SteadyView(PaintedView):
    """A painted view that always has its scrollbar; its lines are as wide as `cells`."""

    DEFAULT_CSS = "SteadyView { overflow-y: scroll; overflow-x: hidden; }"

    @property
    def cells(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    def resize_quietly(self, lines: int) -> None:
        """Gives the view this many lines, and repaints nothing."""
        size = Size(self.cells, lines)
        self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]  # a reactive, on the class
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.window_virtual_size = lines

    def scroll_quietly(self, y: float) -> bool:
        """Scrolls and repaints nothing; False where it could not go so far.

        For when the same rows stay on the screen, or all of it is repainted anyway.
        """
        place = max(0, min(y, self.bottom))
        self.set_scroll(None, place)
        self.set_reactive(Widget.scroll_target_y, place)  # pyright: ignore[reportArgumentType]  # likewise
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = place
        return place == y

    @property
    def bottom(self) -> int:
        """The position from which the last line is seen."""
        return max(0, self.virtual_size.height - self.size.height)
