"""JSON as a person reads it: one value a line, every number and text exactly as it was sent."""

import re

import msgspec

from console.widgets.painted import Piece

_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?|(?P<number>-?\d[\d.eE+-]*)|(?P<literal>true|false|null)'
)


def pretty_json(payload: bytes) -> list[str] | None:
    """`payload` in lines, or None where it is no JSON document (a bare word or number is rather text)."""
    begin = payload.lstrip(b" \t\r\n")[:1]
    if begin not in (b"{", b"["):
        return None
    try:
        return msgspec.json.format(payload, indent=2).decode().split("\n")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def json_colours(line: str) -> list[Piece]:
    """One line of such a text in its colours; also of one that was cut somewhere."""
    pieces: list[Piece] = []
    at = 0
    for token in _TOKEN.finditer(line):
        if token.start() > at:
            pieces.append((line[at : token.start()], ""))
        if token["text"] is not None:
            pieces.append((token["text"], "painted--key" if token["colon"] else "painted--string"))
            if token["colon"]:
                pieces.append((token["colon"], ""))
        else:
            pieces.append((token[0], "painted--number" if token["number"] else "painted--literal"))
        at = token.end()
    if at < len(line):
        pieces.append((line[at:], ""))
    return pieces
