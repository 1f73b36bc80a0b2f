"""The filter language: one for `/` in the console, `--filter` and `subscribe`.

Words joined by spaces must all hold. `field:value` looks at one field, a bare word looks (in any case) in device,
target, reason and the first 4 KiB of the payload. `*` is a wildcard, `-` in front negates, `"quotes"` hold spaces, and
in them `\\"`, `\\*` and `\\\\` stand for themselves. Numbers compare: `status:>=400`, `ms:>10`, `bytes:>1k`.

Ids, devices, targets and remotes are compared as they are written; Tidegate's own words (`type:alert`) in any case. A
target is met by its path alone too, a remote by its host alone. A reason is met by a part of it. `payload:` looks, in
any case, in the whole payload of what is kept; `payload:0x7878` looks for these bytes, too.
"""

import difflib
from collections.abc import Sequence

from core.model.filter_fields import FIELDS, Check, FilterSubject, Term, anywhere
from core.model.filter_words import FilterError, Word, words

__all__ = ["FIELDS", "Filter", "FilterError", "FilterSubject", "Term", "parse_filter"]


class Filter:
    """A parsed filter. `matches` is the fast part: closures made once, nothing parsed per row."""

    def __init__(self, text: str, terms: Sequence[Term], checks: Sequence[Check]) -> None:
        self.text = text
        self.terms = tuple(terms)
        self.matches: Check = _all_of(checks)
        self.needs_payload = any(not term.field for term in terms)
        """Whether something in the first 4 KiB of a payload may meet it."""
        self.of_place: Check = _all_of(_chosen(terms, checks, "tenant", "source"))
        """What it says of tenant and event source alone."""
        self.payload: Check | None = None
        """What it says with `payload:`, where it says something: it reads nothing else of a subject."""
        self.beside_payload: Check = self.matches
        """All but that."""
        if any(term.field == "payload" for term in terms):
            self.payload = _all_of(_chosen(terms, checks, "payload"))
            others = {term.field for term in terms} - {"payload"}
            self.beside_payload = _all_of(_chosen(terms, checks, *others))

    def __bool__(self) -> bool:
        return bool(self.terms)


def parse_filter(text: str) -> Filter:
    """The filter that `text` says; an empty one lets everything through. FilterError names the column of a fault."""
    terms: list[Term] = []
    checks: list[Check] = []
    for word in words(text):
        term, check = _meaning(word)
        terms.append(term)
        checks.append(_negated(check) if word.negated else check)
    return Filter(text, terms, checks)


def _meaning(word: Word) -> tuple[Term, Check]:
    if not word.field:
        return anywhere(word)
    field = FIELDS.get(word.field.lower())
    if field is None:
        raise FilterError(_unknown(word.field), word.column + word.negated)
    return field(word)


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), FIELDS, n=1)
    hint = f"did you mean {near[0]}:?" if near else f"there are {', '.join(FIELDS)}"
    return f'no field is called {name}: {hint} (in "quotes" it is text to look for)'


def _chosen(terms: Sequence[Term], checks: Sequence[Check], *fields: str) -> list[Check]:
    return [check for term, check in zip(terms, checks, strict=True) if term.field in fields]


def _negated(check: Check) -> Check:
    return lambda subject: not check(subject)


def _all_of(checks: Sequence[Check]) -> Check:
    if not checks:
        return lambda subject: True
    if len(checks) == 1:
        return checks[0]
    together = tuple(checks)

    def matches(subject: FilterSubject) -> bool:
        for check in together:  # noqa: SIM110 - all() over a generator takes twice the time
            if not check(subject):
                return False
        return True

    return matches
