"""How Tidegate writes for people: untrusted text, numbers, times, states. Console and command line write alike."""

import os
import sys
import unicodedata
from datetime import datetime, tzinfo

from core.model.dates import parse_date

_MARKS = {
    "started": "●",
    "starting": "◐",
    "draining": "◐",
    "stopping": "◐",
    "stopped": "○",
    "error": "✕",
    "staged": "✎",
}
_ASCII = {
    "●": "*",
    "◐": "~",
    "○": "-",
    "✕": "x",
    "✎": "+",
    "▸": ">",
    "◂": "<",
    "▾": "v",
    "›": ">",
    "–": "-",
    "→": "->",
    "█": "#",
    "◆": "+",
    "↑": "^",
    "…": "~",
    "↻": "R",
}
_ASCII_SIGNS = str.maketrans(_ASCII)
_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "␡"}


def ascii_only() -> bool:
    """Whether the terminal is to be given ASCII alone: asked for, or it can't show more."""
    asked = os.environ.get("TIDEGATE_ASCII")
    if asked is not None:
        return asked not in ("", "0")
    encoding = (getattr(sys.__stdout__, "encoding", "") or "").lower().replace("-", "")
    return os.environ.get("TERM") in ("dumb", "vt100", "vt102") or encoding in ("ascii", "ansi_x3.41968", "646")


def sign(glyph: str) -> str:
    """`glyph`, or what stands for it in ASCII mode."""
    return _ASCII.get(glyph, glyph) if ascii_only() else glyph


def signs(text: str) -> str:
    """A text with signs in it, or with what stands for them in ASCII mode."""
    return text.translate(_ASCII_SIGNS) if ascii_only() else text


def mark(state: str) -> str:
    """The mark of a component's state, or of `staged`."""
    return sign(_MARKS.get(state, "○"))


def state_words(state: str) -> str:
    """Mark and word: `● Started`."""
    return f"{mark(state)} {state.capitalize()}"


def visible(text: str, *, lines: bool = False) -> str:
    """`text` with every control and format character made visible, so that none of it steers the terminal.

    `lines` lets line feeds and tabs through, for what is shown as several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SHOWN[lines, ascii_only()])


class _Shown(dict[int, str]):
    """What stands for each character, worked out when it is first met: a body has hundreds of thousands."""

    def __missing__(self, code: int) -> str:
        odd = unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        shown = f"<{code:04x}>" if odd else chr(code)
        if len(self) < _SHOWN_KEPT:
            self[code] = shown
        return shown


_SHOWN_KEPT = 10_000
"""Characters remembered; past that a text in very many scripts is only slower."""
_IN_LINES = {0x09: "\t", 0x0A: "\n"}
_CONTROLS_ASCII = {code: f"<{code:02x}>" for code in _CONTROLS}
_SHOWN = {
    (False, False): _Shown(_CONTROLS),
    (True, False): _Shown(_CONTROLS | _IN_LINES),
    (False, True): _Shown(_CONTROLS_ASCII),
    (True, True): _Shown(_CONTROLS_ASCII | _IN_LINES),
}
"""By whether line feeds and tabs are let through, and whether the terminal is given ASCII alone."""


def count_text(count: int) -> str:
    """`1,204`."""
    return f"{count:,}"


def rate_text(rate: float) -> str:
    """Requests a second: `1,204/s`, `0.4/s`."""
    return f"{rate:.1f}/s" if 0 < rate < 9.95 else f"{rate:,.0f}/s"


def bytes_text(count: int) -> str:
    """`203 B`, `1.4 KiB`."""
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def milliseconds_text(milliseconds: float) -> str:
    """`0.8 ms`, `1.20 s`."""
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def local(date: str, zone: tzinfo | None = None) -> datetime:
    """An engine's date in the viewer's time zone; ValueError if it is none."""
    return parse_date(date).astimezone(zone)


def clock_text(date: str, zone: tzinfo | None = None) -> str:
    """The time of day with milliseconds: `14:02:11.578`."""
    moment = local(date, zone)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def since_text(date: str, now: datetime, zone: tzinfo | None = None) -> str:
    """A moment as people speak of it: the time today, the date before that; empty for no date."""
    if not date:
        return ""
    moment = local(date, zone)
    today = now.astimezone(zone).date()
    return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M}"


def plural(count: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def looked_text(reached: str, looked: int) -> str:
    """How far back a search has looked: what was received at the date `reached`, and so many requests."""
    moment = local(reached)
    held = f", {plural(looked, 'request')}" if looked else ""
    return f"looked back to {moment:%Y-%m-%d} {clock_text(reached)}{held}"
