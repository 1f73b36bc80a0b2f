"""How a line of the `:` prompt may go on."""

import shlex
from collections.abc import Iterable, Iterator

from console.commands import replaying
from console.commands.command import tenants
from console.commands.looking import FIELDS, OUTCOMES
from console.commands.table import COMMANDS
from console.session import Session
from core.catalogue.component import Slot
from core.catalogue.retention import RETENTION
from core.catalogue.tenant import DEVICE_COMMUNICATION_SLOTS, TENANT
from core.profiles import profiles


def completions(session: Session, line: str) -> list[str]:
    """How the last word of `line` may go on; whole lines, best first."""
    head, _, last = line.rpartition(" ")
    words = head.split()
    found = [word for word in _next_words(session, words) if word.startswith(last) and word != last]
    return [f"{head} {word}".strip() for word in found]


def _next_words(session: Session, words: list[str]) -> Iterable[str]:
    if not words:
        return [*COMMANDS, *tenants(session)]
    if words[0] in ("requests", "events"):
        return [*FIELDS, *OUTCOMES, "--filter"]
    if words[0] == "replay" and len(words) > 1:
        return [*replaying.CHOOSING, *replaying.FLAGS]
    if len(words) == 1:
        return [
            *tenants(session),
            *(_sources(session) if words[0] in ("start", "stop", "restart", "connections") else ()),
            *(("--list", *replaying.OF_ONE) if words[0] == "replay" else ()),
        ]
    if words[0] in ("add", "set", "remove") and len(words) == 2:
        return [shlex.quote(path) for path in _paths(session, words[1])]
    if words[0] == "add" and len(words) == 3:
        return sorted({*(component.type for component in session.catalogue), *profiles()})
    return ()


def _sources(session: Session) -> list[str]:
    tree = session.link.status.tree if session.link.status else None
    return [source.path for tenant in tree.children for source in tenant.children] if tree else []


def _paths(session: Session, tenant: str) -> list[str]:
    return [
        TENANT,
        RETENTION,
        *(path for slot in DEVICE_COMMUNICATION_SLOTS for path in _below(session, tenant, slot, slot.key)),
    ]


def _below(session: Session, tenant: str, slot: Slot, path: str) -> Iterator[str]:
    """The path of a slot, and those of what is in it."""
    draft, catalogue = session.drafts.of(tenant), session.catalogue
    yield path
    one = draft.placed(catalogue, path)
    for placed in draft.listed(catalogue, path) if slot.many else [one] if one else []:
        if slot.many:
            yield placed.path
        for inner in placed.component.slots if placed.component else ():
            yield from _below(session, tenant, inner, f"{placed.path}/{inner.key}")
