"""Java's properties files, as `java.util.Properties.load` reads them."""

import re

from core.errors import TidegateError

MOST_CHARACTERS = 1 << 20
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_KEY = re.compile(r"(?:\\.|[^\\=:\s])*", re.DOTALL)
_UNICODE = re.compile(r"u([0-9A-Fa-f]{4})")


def read_properties(text: str) -> dict[str, str]:
    """Names and values; the last of several with one name holds. TidegateError names the line of a bad escape."""
    if len(text) > MOST_CHARACTERS:
        raise TidegateError(f"the properties file has more than {MOST_CHARACTERS:,} characters")
    found: dict[str, str] = {}
    for number, line in _logical_lines(text.removeprefix("\ufeff")):
        key = _KEY.match(line)
        assert key is not None
        rest = line[key.end() :].lstrip(" \t\f")
        if rest[:1] in ("=", ":"):
            rest = rest[1:].lstrip(" \t\f")
        found[_unescaped(key[0], number)] = _unescaped(rest, number)
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their continuations joined, without comments, each with the number of its first."""
    lines: list[tuple[int, str]] = []
    held, began = "", 0
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        part = line.lstrip(" \t\f")
        if not began and (not part or part[0] in "#!"):
            continue
        began = began or number
        slashes = len(part) - len(part.rstrip("\\"))
        if slashes % 2:
            held += part[:-1]
            continue
        lines.append((began, held + part))
        held, began = "", 0
    return [*lines, (began, held)] if held else lines


def _unescaped(text: str, line: int) -> str:
    if "\\" not in text:
        return text
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "\\":
            pieces.append(text[at])
            at += 1
            continue
        code = _UNICODE.match(text, at + 1)
        if code:
            pieces.append(chr(int(code[1], 16)))
            at = code.end()
        elif text[at + 1 : at + 2] == "u":
            raise TidegateError(f"line {line} of the properties file: \\u wants four hexadecimal digits behind it")
        else:
            pieces.append(_ESCAPES.get(text[at + 1 : at + 2], text[at + 1 : at + 2]))
            at += 2
    return _whole("".join(pieces))


def _whole(text: str) -> str:
    """Surrogate halves, as Java writes characters beyond U+FFFF, as the characters they mean."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
