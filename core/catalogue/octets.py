"""Bytes as a person writes them in a setting: text with escapes, or hex behind `0x`."""

import re

_HEX = re.compile(r"0x((?:[0-9A-Fa-f]{2}\s*)+)")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.?)", re.DOTALL)
_NAMED = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def octets(text: str) -> bytes:
    r"""`$`, `\r\n`, `\x02`, `0x0d0a`, `0x 7e 7e`; ValueError says what is wrong."""
    if text.startswith("0x"):
        match = _HEX.fullmatch(text.strip().replace("0x ", "0x"))
        if match is None:
            raise ValueError(f"{text!r} is no hex: write pairs of digits, as in 0x0d0a")
        return bytes.fromhex(match[1])
    return _ESCAPE.sub(_unescaped, text).encode("latin-1")


def _unescaped(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("x"):
        return chr(int(name[1:], 16))
    if name not in _NAMED:
        raise ValueError(rf"\{name} is no escape: known are \r \n \t \0 \\ and \xNN")
    return _NAMED[name]


def octets_fault(text: str) -> str | None:
    """What is wrong with one; None where it is right."""
    try:
        return None if octets(text) else "is empty: write the bytes, as text or as 0x0d0a"
    except ValueError as error:
        return str(error)


def pairs_fault(text: str) -> str | None:
    """What is wrong with `0x7d01=0x7d`, a sequence and what it stands for."""
    escaped, equals, meant = text.partition("=")
    if not equals:
        return f"{text!r} is no pair: write what comes and what it stands for, as in 0x7d01=0x7d"
    return octets_fault(escaped) or octets_fault(meant)
