"""What a command of the `:` line is, and how its words are taken apart."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from console.session import Console, Session
from core.errors import TidegateError
from core.model.nearest import nearest

WAIT = 120.0
"""Seconds that an apply or a drain may take."""

Lead = Callable[[], Awaitable[None]]
"""Where a command leads: it is followed when the `:` line has closed."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: `run` carries it out and gives the sentence that says what came of it, or where it leads."""

    name: str
    usage: str
    says: str
    run: Callable[[Console, list[str]], Awaitable[str | Lead]]
    changes: bool = False


class Misused(TidegateError):
    """The words are not those that the command takes; its usage is told with it."""


@dataclass(frozen=True, slots=True)
class Options:
    """A command's words in their order: an option with its value, or with "" where it stands alone; a plain word has ""
    for its option."""

    words: list[tuple[str, str]]

    @property
    def plain(self) -> list[str]:
        """The words that are no options."""
        return self.values("")

    @property
    def given(self) -> list[str]:
        """The options."""
        return [option for option, _ in self.words if option]

    def values(self, option: str) -> list[str]:
        """What was given for one option."""
        return [value for name, value in self.words if name == option]

    def value(self, option: str) -> str | None:
        """The last of them; None where it was not given."""
        return next(iter(reversed(self.values(option))), None)


def taken_apart(words: list[str], alone: Collection[str], valued: Collection[str]) -> Options:
    """`--source lora` and `--source=lora` alike; TidegateError where an option is unknown here, or lacks its value."""
    found: list[tuple[str, str]] = []
    left = iter(words)
    for word in left:
        option, equals, given = word.partition("=")
        if option in valued:
            value = given if equals else next(left, "")
            if not value:
                raise TidegateError(f"{option} takes a value")
            found.append((option, value))
        elif word in alone or not word.startswith("--"):
            found.append((word, "") if word in alone else ("", word))
        else:
            raise TidegateError(f"{word} is for the command line; here: {', '.join([*valued, *alone])}")
    return Options(found)


def wanted(words: list[str], least: int) -> None:
    """Misused where there are fewer words."""
    if len(words) < least:
        raise Misused("it takes more")


def without(words: list[str], option: str) -> tuple[list[str], bool]:
    """The words but this one, and whether it was there."""
    return [word for word in words if word != option], option in words


def must_be_allowed(session: Session) -> None:
    """TidegateError where nothing may be changed from here."""
    if session.locked:
        raise TidegateError(session.locked)


def tenants(session: Session) -> list[str]:
    """The ids of the tenants there are."""
    return [row.id for row in session.link.status.tenants] if session.link.status else []


def must_be_tenant(session: Session, tenant: str) -> None:
    """TidegateError where there is no such tenant."""
    if session.tenant(tenant) is None:
        near = nearest(tenant, tenants(session))
        raise TidegateError(f"there is no tenant {tenant}" + (f"; did you mean {near}?" if near else ""))
