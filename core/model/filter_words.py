"""Cuts a filter's text into words, each with the column it stands at."""

import msgspec

from core.errors import ConfigurationError, Fault

LONGEST = 4096
"""Characters of a filter; what is longer was pasted by mistake."""


class FilterError(ConfigurationError):
    """A filter that means nothing. `column` counts from 1. It crosses the control protocol as a fault of `filter`."""

    def __init__(self, message: str, column: int) -> None:
        self.message = message
        self.column = column
        super().__init__([Fault(message=f"column {column}: {message}", key="filter")])


class Word(msgspec.Struct, frozen=True):
    """One word of a filter: `-field:value`, or a bare value with an empty `field`.

    `parts` is the value cut at its wildcards: one part means that it has none.
    """

    negated: bool
    field: str
    parts: tuple[str, ...]
    column: int
    value_column: int

    @property
    def value(self) -> str:
        return "*".join(self.parts)


def words(text: str) -> list[Word]:
    """The words of `text` in order; FilterError for a quote that does not close, or a word with nothing in it."""
    if len(text) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST} characters", LONGEST + 1)
    found: list[Word] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        else:
            word, at = _word(text, at)
            found.append(word)
    return found


def _word(text: str, start: int) -> tuple[Word, int]:
    at = start
    negated = text[at] == "-"
    if negated:
        at += 1
    field = _field(text, at)
    if field:
        at += len(field) + 1
    value_at = at
    if text.startswith('"', at):
        parts, at = _quoted(text, at)
    else:
        while at < len(text) and not text[at].isspace():
            at += 1
        parts = text[value_at:at].split("*")
    if parts == [""]:
        raise FilterError(_empty(field), value_at + 1 if field else start + 1)
    return Word(negated, field, _without_doubles(parts), start + 1, value_at + 1), at


def _empty(field: str) -> str:
    if field:
        return f"{field}: needs a value, as in {field}:*"
    return 'nothing to look for: write a word, or "-" in quotes'


def _field(text: str, at: int) -> str:
    """The letters before a colon, if that is how the word begins; what else holds a colon is a bare word."""
    end = at
    while end < len(text) and (text[end].isalpha() or text[end] == "_"):
        end += 1
    return text[at:end] if end > at and text.startswith(":", end) else ""


def _quoted(text: str, at: int) -> tuple[list[str], int]:
    """The parts between quotes: backslash keeps a quote, a star or a backslash from meaning something."""
    opened = at
    parts = [""]
    at += 1
    while at < len(text):
        letter = text[at]
        if letter == '"':
            if at + 1 < len(text) and not text[at + 1].isspace():
                raise FilterError('a space is missing after "', at + 2)
            return parts, at + 1
        if letter == "\\" and text[at + 1 : at + 2] in ('"', "*", "\\"):
            at += 1
            parts[-1] += text[at]
        elif letter == "*":
            parts.append("")
        else:
            parts[-1] += letter
        at += 1
    raise FilterError('this " has no partner', opened + 1)


def _without_doubles(parts: list[str]) -> tuple[str, ...]:
    """`a**b` means `a*b`: no empty part between two others."""
    last = len(parts) - 1
    return tuple(part for place, part in enumerate(parts) if part or place in (0, last))
