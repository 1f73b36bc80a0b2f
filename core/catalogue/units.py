"""Sizes and times as people write them: `"64 KiB"`, `"10 s"`."""

import re

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*\Z")
_BINARY = {"": 1, "b": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
_SIZES = _BINARY | {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Size(int):
    """A number of bytes, written as text with a unit: `Size("64 KiB")`."""

    def __new__(cls, text: "str | int") -> "Size":
        if isinstance(text, int):
            return super().__new__(cls, text)
        match = _NUMBER.match(text)
        factor = _SIZES.get(match[2].lower()) if match else None
        if match is None or factor is None:
            raise ValueError(f"{text!r} is not a size: write a number and B, KiB, MiB or GiB, as in 64 KiB")
        return super().__new__(cls, round(float(match[1]) * factor))

    def __str__(self) -> str:
        for unit in ("TiB", "GiB", "MiB", "KiB"):
            factor = _SIZES[unit.lower()]
            if self >= factor and self % factor == 0:
                return f"{self // factor} {unit}"
        return f"{int(self)} B"


class Duration(float):
    """A number of seconds, written as text with a unit: `Duration("10 s")`."""

    def __new__(cls, text: "str | float") -> "Duration":
        if isinstance(text, (int, float)):
            return super().__new__(cls, text)
        match = _NUMBER.match(text)
        factor = _SECONDS.get(match[2].lower()) if match else None
        if match is None or factor is None:
            raise ValueError(f"{text!r} is not a time: write a number and ms, s, min, h or d, as in 10 s")
        return super().__new__(cls, float(match[1]) * factor)

    def __str__(self) -> str:
        for unit in ("d", "h", "min", "s"):
            factor = _SECONDS[unit]
            if self >= factor and self % factor == 0:
                return f"{int(self // factor)} {unit}"
        return f"{float(self):g} s" if self >= 1 else f"{self * 1000:g} ms"
