"""The fields a filter knows: what each reads of a row and how its value is compared.

Every comparison is linear in the text it looks at. Wildcards are no regular expressions: a filter comes from whoever
may read, is applied to bytes from strangers, and neither may be able to hold the engine up.
"""

import difflib
import operator
import re
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import msgspec

from core.model.events import EVENT_TYPES
from core.model.failures import failure_ids
from core.model.filter_words import FilterError, Word

PAYLOAD_LOOKED_AT = 4096
"""Bytes of a payload in which a bare word is looked for."""


class FilterSubject(Protocol):
    """What a filter looks at: a request with what was decoded from it, or one of its events."""

    @property
    def tenant(self) -> str: ...
    @property
    def event_source(self) -> str: ...
    @property
    def devices(self) -> Sequence[str]: ...
    @property
    def types(self) -> Sequence[str]: ...
    @property
    def levels(self) -> Sequence[str]: ...
    @property
    def outcome(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def remote(self) -> str: ...
    @property
    def method(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def milliseconds(self) -> float: ...
    @property
    def size(self) -> int: ...
    @property
    def event_count(self) -> int: ...
    @property
    def payload(self) -> bytes: ...


class Term(msgspec.Struct, frozen=True):
    """What one word demands, for those who can look it up faster than row by row.

    `values` holds the texts of which one is demanded, empty where they can't be listed (a wildcard); `compare` and
    `number` are given where a number is compared.
    """

    field: str
    negated: bool
    values: tuple[str, ...] = ()
    compare: str = ""
    number: float = 0.0
    starts: str = ""
    """The digits with which a number is demanded to start."""


Check = Callable[[FilterSubject], bool]
Field = Callable[[Word], tuple[Term, Check]]


def _whole(parts: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text is `parts` with anything between them."""
    if len(parts) == 1:
        return parts[0].__eq__
    first, *middle, last = parts
    least = len(first) + len(last)

    def matches(text: str) -> bool:
        if len(text) < least or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return matches


def _holds(parts: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text holds `parts` one after the other, in any case."""
    folded = tuple(part.lower() for part in parts if part)
    if len(folded) == 1:
        return lambda text: folded[0] in text.lower()
    matches = _whole(("", *folded, ""))
    return lambda text: matches(text.lower())


def _payload_holds(parts: tuple[str, ...]) -> Callable[[bytes], bool]:
    if len(parts) == 1 and parts[0].isascii():
        part = parts[0].lower().encode()
        return lambda payload: part in payload[:PAYLOAD_LOOKED_AT].lower()
    holds = _holds(parts)
    return lambda payload: holds(payload[:PAYLOAD_LOOKED_AT].decode("utf-8", "replace"))


def _payload(word: Word) -> tuple[Term, Check]:
    """Text in a payload, or bytes as hexadecimal digits; as much of it as the subject has."""
    text = word.value.encode().lower() if len(word.parts) == 1 else None
    holds = None if text is not None and text.isascii() else _holds(word.parts)
    octets = bytes.fromhex(word.value[2:]) if _OCTETS.fullmatch(word.value) else None

    def check(subject: FilterSubject) -> bool:
        payload = subject.payload
        if octets is not None and octets in payload:
            return True
        if holds is None:
            return text is not None and text in payload.lower()
        return holds(payload.decode("utf-8", "replace"))

    return _term(word), check


def anywhere(word: Word) -> tuple[Term, Check]:
    """A bare word: in device, target, reason or payload."""
    holds, payload_holds = _holds(word.parts), _payload_holds(word.parts)

    def check(subject: FilterSubject) -> bool:
        if payload_holds(subject.payload) or (subject.target and holds(subject.target)):
            return True
        if subject.reason and holds(subject.reason):
            return True
        return any(holds(device) for device in subject.devices)

    return Term("", word.negated), check


def _text(attribute: str, shorten: Callable[[str], str] | None = None) -> Field:
    """A field that is one text, compared as it is written; what `shorten` makes of it meets the value too."""
    read = cast("Callable[[FilterSubject], str | None]", operator.attrgetter(attribute))

    def field(word: Word) -> tuple[Term, Check]:
        matches = _whole(word.parts)

        def check(subject: FilterSubject) -> bool:
            text = read(subject)
            if text is None:
                return False
            return matches(text) or (shorten is not None and matches(shorten(text)))

        return _term(word, word.parts if len(word.parts) == 1 else ()), check

    return field


def _term(word: Word, values: tuple[str, ...] = ()) -> Term:
    return Term(word.field.lower(), word.negated, values)


def _path(target: str) -> str:
    return target.partition("?")[0]


def _host(remote: str) -> str:
    return remote.rpartition(":")[0].strip("[]")


def _device(word: Word) -> tuple[Term, Check]:
    if len(word.parts) == 1:
        device = word.parts[0]
        return _term(word, word.parts), lambda subject: device in subject.devices
    matches = _whole(word.parts)
    return _term(word), lambda subject: any(matches(device) for device in subject.devices)


def _method(word: Word) -> tuple[Term, Check]:
    matches = _whole(tuple(part.upper() for part in word.parts))
    return _term(word), lambda subject: subject.method is not None and matches(subject.method.upper())


def _reason(word: Word) -> tuple[Term, Check]:
    holds = _holds(word.parts)
    return _term(word), lambda subject: subject.reason is not None and holds(subject.reason)


def _outcome(word: Word) -> tuple[Term, Check]:
    wanted = _known(word, ("decoded", "failed", "refused"))
    return _term(word, wanted), lambda subject: subject.outcome in wanted


def _some_of(attribute: str, known: Sequence[str]) -> Field:
    """A field of which a request has several, each one of the `known` words: it holds if one of them is wanted."""
    read = cast("Callable[[FilterSubject], Sequence[str]]", operator.attrgetter(attribute))

    def field(word: Word) -> tuple[Term, Check]:
        values = _known(word, known)
        wanted = frozenset(values)
        return _term(word, values), lambda subject: not wanted.isdisjoint(read(subject))

    return field


def _known(word: Word, known: Sequence[str]) -> tuple[str, ...]:
    """Those of the `known` words, spelled as Tidegate spells them, that the value means."""
    matches = _whole(tuple(part.lower() for part in word.parts))
    met = tuple(value for value in known if matches(value.lower()))
    if met:
        return met
    near = difflib.get_close_matches(word.value.lower(), [value.lower() for value in known], n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise FilterError(f"no {word.field.lower()} is called {word.value}: {hint}", word.value_column)


def _failure(word: Word) -> tuple[Term, Check]:
    """A group of failed requests, by its id or the beginning of it. What is live is held against the reason; which
    requests are in a source's group of further reasons only the index knows."""
    id = word.value.lower()
    if len(word.parts) > 1 or not re.fullmatch("[0-9a-f]{4,16}", id):
        message = f"{word.value} is no group of failures: write its id, or four digits of it, as in failure:3f2a"
        raise FilterError(message, word.value_column)

    def check(subject: FilterSubject) -> bool:
        if subject.outcome != "failed":
            return False
        return any(each.startswith(id) for each in failure_ids(subject.tenant, subject.event_source, subject.reason))

    return _term(word, (id,)), check


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBER = re.compile(r"(>=|<=|>|<|=)?([0-9]{1,15}(?:\.[0-9]{1,9})?)([A-Za-z]*)")


def _number(attribute: str, units: dict[str, float], example: str) -> Field:
    """A number, compared; `example` is what the error for anything else shows."""
    read = cast("Callable[[FilterSubject], float | None]", operator.attrgetter(attribute))

    def field(word: Word) -> tuple[Term, Check]:
        if len(word.parts) > 1 and set(word.value) <= set("0123456789*"):
            matches = _whole(word.parts)
            starts = word.parts[0] if len(word.parts) == 2 and not word.parts[1] else ""
            term = Term(word.field.lower(), word.negated, starts=starts)
            return term, lambda subject: (value := read(subject)) is not None and matches(str(value))
        match = _NUMBER.fullmatch(word.value) if len(word.parts) == 1 else None
        factor = units.get(match[3].lower()) if match else None
        if match is None or factor is None:
            message = f"{word.value} is no number that {word.field.lower()} compares with: write {example}"
            raise FilterError(message, word.value_column)
        sign, number = match[1] or "=", float(match[2]) * factor
        compare = _COMPARE[sign]
        term = Term(word.field.lower(), word.negated, (), sign, number)
        return term, lambda subject: (value := read(subject)) is not None and compare(value, number)

    return field


_OCTETS = re.compile(r"0[xX](?:[0-9A-Fa-f]{2})+")
_SIZES = {"": 1.0, "b": 1.0, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9}
_BINARY_SIZES = {"kib": 1024.0, "mib": 1024.0**2, "gib": 1024.0**3}

FIELDS: dict[str, Field] = {
    "tenant": _text("tenant"),
    "source": _text("event_source"),
    "device": _device,
    "type": _some_of("types", EVENT_TYPES),
    "outcome": _outcome,
    "status": _number("status", {"": 1.0}, "status:404, status:>=400 or status:4*"),
    "remote": _text("remote", _host),
    "method": _method,
    "target": _text("target", _path),
    "reason": _reason,
    "failure": _failure,
    "level": _some_of("levels", ("Info", "Warning", "Error", "Critical")),
    "payload": _payload,
    "ms": _number("milliseconds", {"": 1.0, "ms": 1.0, "s": 1000.0}, "ms:>10 or ms:>2s"),
    "bytes": _number("size", _SIZES | _BINARY_SIZES, "bytes:>1k or bytes:<=64KiB"),
    "events": _number("event_count", {"": 1.0, "k": 1e3}, "events:0 or events:>10"),
}
"""What may stand before a colon, in the order in which help lists it."""
