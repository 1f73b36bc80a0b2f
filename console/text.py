"""How the console writes what it shows. All but what only a screen needs is `core.model.text`'s, as on the command line."""

from core.model.text import (
    ascii_only,
    bytes_text,
    clock_text,
    count_text,
    local,
    mark,
    milliseconds_text,
    plural,
    rate_text,
    sign,
    since_text,
    state_words,
    visible,
)

__all__ = [
    "ascii_only",
    "bytes_text",
    "clock_text",
    "count_text",
    "cut_left",
    "local",
    "mark",
    "milliseconds_text",
    "plural",
    "rate_text",
    "sign",
    "since_text",
    "state_words",
    "visible",
]


def cut_left(text: str, width: int) -> str:
    """The end of `text` where it is longer than `width`, with a sign that something is missing before it."""
    return text if len(text) <= width else ("… " + text[-max(0, width - 2) :].lstrip() if width > 2 else "")
