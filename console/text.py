"""How the console writes what it shows; most of it is `core.model.text`'s, as on the command line."""

from pathlib import Path

from core.errors import Fault
from core.model.text import (
    ascii_only,
    bytes_text,
    clock_text,
    count_text,
    local,
    looked_text,
    mark,
    milliseconds_text,
    plural,
    rate_text,
    sign,
    signs,
    since_text,
    state_words,
    visible,
)

__all__ = [
    "ascii_only",
    "bytes_text",
    "clock_text",
    "count_text",
    "fault_words",
    "local",
    "looked_text",
    "mark",
    "milliseconds_text",
    "plural",
    "rate_text",
    "sign",
    "signs",
    "since_text",
    "state_words",
    "visible",
]


def fault_words(fault: Fault) -> str:
    """A fault where it is plain which tenant is meant: what is wrong first, the place in the file last."""
    path = fault.path.removeprefix("event_sources/").replace("/", ".")
    subject = ".".join(part for part in (path, fault.key) if part)
    place = f" ({Path(fault.file).name} line {fault.line})" if fault.line else ""
    return f"{subject}: {fault.message}{place}" if subject else f"{fault.message}{place}"
