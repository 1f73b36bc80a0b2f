"""How the console writes what it shows; most of it is `core.model.text`'s, as on the command line."""

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
