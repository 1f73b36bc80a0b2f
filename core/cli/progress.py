"""A line on stderr that is written over, where somebody looks at it."""

import sys

from core.model.text import visible


class ProgressLine:
    """Says how far something is, on a terminal alone."""

    def __init__(self, *, on: bool = True) -> None:
        self._on = on and sys.stderr.isatty()
        self._written = 0

    def show(self, text: str) -> None:
        """Says it in place of what was said before."""
        if self._on:
            self.clear()
            shown = visible(text)
            sys.stderr.write(shown)
            sys.stderr.flush()
            self._written = len(shown)

    def clear(self) -> None:
        """Leaves the line empty."""
        if self._written:
            sys.stderr.write(f"\r{' ' * self._written}\r")
            sys.stderr.flush()
            self._written = 0
