"""The decodes of a request that was replayed, the newest first, with the events of each."""

from console.text import clock_text, local, milliseconds_text, plural, sign
from core.control.replay_words import event_words
from core.model.requests import Decode, RequestDetail

EVENTS_SHOWN = 20
"""Events of a decode that are shown; those of the current one stand in a tab of their own."""


def decode_lines(detail: RequestDetail) -> list[str]:
    """Each decode in a few lines."""
    lines: list[str] = []
    for decode in reversed(detail.decodes):
        lines += [*_lines(decode), ""]
    return lines[:-1]


def _lines(decode: Decode) -> list[str]:
    state = "current" if decode.current else "undone" if decode.undone else "superseded"
    by = f"replay {decode.replay}" if decode.replay else "when it was received"
    when = f"{local(decode.date):%Y-%m-%d} {clock_text(decode.date)}"
    script = f"   script {decode.script}" if decode.script else ""
    lines = [
        f"{sign('●') if decode.current else sign('○')} {state}   {decode.outcome}   {by}",
        f"  {when}   {milliseconds_text(decode.milliseconds)}{script}",
    ]
    if decode.reason:
        lines.append(f"  {sign('✕')} {decode.reason}")
    lines += [f"  {event_words(event)}" for event in decode.events[:EVENTS_SHOWN]]
    left = len(decode.events) - EVENTS_SHOWN
    return [*lines, f"  … and {plural(left, 'event')} more"] if left > 0 else lines
