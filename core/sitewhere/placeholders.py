"""Spring's placeholders: `${name}`, `${name:default}`, nested in one another.

SiteWhere looks a name up among its Java system properties, its environment, `tenant.id`, and last in the tenant's
properties file. Here `tenant.id` is the tenant imported into and everything else comes from the properties file that
was given: the system properties and the environment meant are those of another machine, and this engine's own
environment is nothing that an XML file should be able to read.
"""

from collections.abc import Mapping

MOST_DEPTH = 16
MOST_STEPS = 1_000
MOST_CHARACTERS = 64 << 10
"""What one value may take, in placeholders and in length: properties that name one another could grow without end."""


class Unresolved(Exception):
    """A value that cannot be worked out; the message says why, for a person."""


class Placeholders:
    """The values that placeholders stand for."""

    def __init__(self, tenant: str, properties: Mapping[str, str]) -> None:
        self._values = {**properties, "tenant.id": tenant}
        self._steps = 0

    def resolve(self, text: str) -> str:
        """`text` with every placeholder replaced; raises Unresolved with the reason."""
        if "#{" in text:
            raise Unresolved("is a Spring expression, #{…}, which is worked out by Java code")
        self._steps = 0
        return self._resolved(text, ())

    def _resolved(self, text: str, inside: tuple[str, ...]) -> str:
        if len(inside) > MOST_DEPTH:
            raise Unresolved("nests placeholders too deeply")
        pieces: list[str] = []
        at = size = 0
        while (start := text.find("${", at)) >= 0 and (end := _end(text, start)) >= 0:
            value = self._value(text[start + 2 : end], inside)
            pieces += [text[at:start], value]
            size += start - at + len(value)
            if size > MOST_CHARACTERS:
                raise Unresolved(f"has more than {MOST_CHARACTERS:,} characters with its placeholders filled")
            at = end + 1
        return "".join([*pieces, text[at:]])

    def _value(self, inner: str, inside: tuple[str, ...]) -> str:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Unresolved(f"takes more than {MOST_STEPS:,} placeholders to work out")
        name = self._resolved(inner, (*inside, inner))
        if name in inside:
            raise Unresolved(f"names itself: ${{{name}}}")
        if name in self._values:
            return self._resolved(self._values[name], (*inside, name))
        plain, colon, default = name.partition(":")
        if plain in self._values:
            if plain in inside:
                raise Unresolved(f"names itself: ${{{plain}}}")
            return self._resolved(self._values[plain], (*inside, plain))
        if colon:
            return default
        raise Unresolved(f"is ${{{name}}}, which has no value: give the properties file that says it")


def _end(text: str, start: int) -> int:
    """Where the placeholder that begins at `start` closes; -1 where it does not."""
    depth = 0
    at = start
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 2
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
            at += 1
        else:
            at += 1
    return -1
