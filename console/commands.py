"""The `:` line: commands in the command line's own words, carried out over the control protocol."""

import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from console.draft import find_placed
from console.session import Console, Session
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import Setting, Value, check_value, describe, nearest, parse_text
from core.catalogue.tenant import DEVICE_COMMUNICATION_SLOTS, TENANT, TenantSettings
from core.control.messages import (
    Applied,
    Apply,
    Configuration,
    Discard,
    Dismiss,
    Edit,
    EditStaged,
    Node,
    OfFailure,
    OfTenant,
    Plan,
    Target,
)
from core.control.reindexing import ReindexStatus, reindex_words
from core.errors import TidegateError
from core.model.failures import Dismissal
from core.profiles import SOURCE_TYPE
from core.profiles.adding import profile_of, source_edit, write_script

WAIT = 120.0
"""Seconds that an apply or a drain may take."""
FIELDS = {
    "--tenant": "tenant",
    "--source": "source",
    "--device": "device",
    "--type": "type",
    "--failure": "failure",
}
OUTCOMES = {"--failed": "outcome:failed", "--refused": "outcome:refused"}


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


async def perform(console: Console, line: str) -> str | Lead:
    """Carries out a command; TidegateError says in a sentence why it cannot be."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise TidegateError(f"the quotes do not close: {error}") from error
    if not words:
        return ""
    command = COMMANDS.get(words[0])
    if command is None:
        return await _go(console, words)
    if command.changes and console.session.locked:
        raise TidegateError(console.session.locked)
    return await command.run(console, words[1:])


def _wanted(words: list[str], least: int, usage: str) -> None:
    if len(words) < least:
        raise TidegateError(f"it takes more: {usage}")


# Editing what is staged.


async def _add(console: Console, words: list[str]) -> str:
    words, apply = _without(words, "--apply")
    _wanted(words, 3, COMMANDS["add"].usage)
    tenant, path, type, *pairs = words
    catalogue, link = console.session.catalogue, console.session.link
    slot_role = await _role_at(console.session, tenant, path)
    profile = profile_of(slot_role, type, catalogue)
    component = catalogue.get(slot_role, type if profile is None else SOURCE_TYPE)
    if component is None:
        raise TidegateError(catalogue.unknown(slot_role, type))
    values = _typed(component.described(), pairs)
    if profile is None:
        return await _stage(console, tenant, Edit(op="add", path=path, type=type, values=values), apply)
    edit, script = await source_edit(link, tenant, profile, values)
    await link.call("configuration.edit_staged", EditStaged(tenant=tenant, edits=[edit]), Configuration)
    await write_script(link, script)
    return await _staged(console, tenant, apply)


async def _set(console: Console, words: list[str]) -> str:
    words, apply = _without(words, "--apply")
    _wanted(words, 3, COMMANDS["set"].usage)
    tenant, path, *pairs = words
    settings = describe(TenantRetention if path == RETENTION else TenantSettings)
    if path not in (TENANT, RETENTION):
        placed = find_placed(console.session.catalogue, await _data(console.session, tenant), path)
        if placed is None or placed.component is None:
            raise TidegateError(f"{tenant} has no {path}")
        settings = placed.component.described()
    return await _stage(console, tenant, Edit(op="set", path=path, values=_typed(settings, pairs)), apply)


async def _remove(console: Console, words: list[str]) -> str:
    words, apply = _without(words, "--apply")
    _wanted(words, 2, COMMANDS["remove"].usage)
    return await _stage(console, words[0], Edit(op="remove", path=words[1]), apply)


async def _stage(console: Console, tenant: str, edit: Edit, apply: bool) -> str:
    params = EditStaged(tenant=tenant, edits=[edit])
    await console.session.link.call("configuration.edit_staged", params, Configuration)
    return await _staged(console, tenant, apply)


async def _staged(console: Console, tenant: str, apply: bool) -> str:
    return await _apply(console, [tenant]) if apply else "staged: p shows what it means, and applies it"


async def _data(session: Session, tenant: str) -> dict[str, object]:
    given = await session.link.call("configuration.get", OfTenant(tenant), Configuration)
    return (given.staged or given.active).data


async def _role_at(session: Session, tenant: str, path: str) -> str:
    """The role of what the list or slot at `path` takes."""
    above, _, key = path.rpartition("/")
    slots = DEVICE_COMMUNICATION_SLOTS
    if above:
        placed = find_placed(session.catalogue, await _data(session, tenant), above)
        if placed is None or placed.component is None:
            raise TidegateError(f"{tenant} has no {above}")
        slots = placed.component.slots
    slot = next((slot for slot in slots if slot.key == key), None)
    if slot is None:
        raise TidegateError(f"there is no place {path}; known here: {', '.join(slot.key for slot in slots)}")
    return slot.role


def _typed(settings: dict[str, Setting], pairs: list[str]) -> dict[str, Value | None]:
    """`key=text` as values; an empty text takes a key away, so that its default holds."""
    values: dict[str, Value | None] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise TidegateError(f"{pair!r} is no key=value")
        if key not in settings:
            near = nearest(key, settings)
            raise TidegateError(f"{key} is not a setting; " + (f"did you mean {near}?" if near else "/ finds one"))
        values[key] = _value(settings[key], text) if text else None
    return values


def _value(setting: Setting, text: str) -> Value:
    try:
        value = parse_text(setting, text)
    except ValueError as error:
        raise TidegateError(f"{setting.key}: {error}") from error
    problem = check_value(setting, value)
    if problem:
        raise TidegateError(f"{setting.key}: {problem}")
    return value


def _without(words: list[str], option: str) -> tuple[list[str], bool]:
    return [word for word in words if word != option], option in words


# Applying.


async def _plan(console: Console, words: list[str]) -> Lead:
    _wanted(words, 1, COMMANDS["diff"].usage)
    _known_tenant(console.session, words[0])
    return lambda: console.show_plan(words[0])


async def _apply(console: Console, words: list[str]) -> str:
    _wanted(words, 1, COMMANDS["apply"].usage)
    link, tenant = console.session.link, words[0]
    plan = await link.call("configuration.plan", OfTenant(tenant), Plan)
    if not plan.changes and not plan.file_differs:
        return f"{tenant}: nothing is staged"
    if plan.changes:
        applied = await link.call(
            "configuration.apply", Apply(tenant=tenant, staged=plan.staged), Applied, timeout=WAIT
        )
    else:
        applied = await link.call("configuration.reload", OfTenant(tenant), Applied, timeout=WAIT)
    console.session.drafts.of(tenant).applied = applied
    if applied.applied:
        return f"{tenant}: applied"
    failed = next((f"{change.subject}: {change.reason}" for change in applied.changes if change.reason), "")
    raise TidegateError(f"nothing has changed: {failed or applied.reason or 'it was refused'}")


async def _discard(console: Console, words: list[str]) -> str:
    _wanted(words, 1, COMMANDS["discard"].usage)
    await console.session.link.call("configuration.discard", Discard(tenant=words[0]), Configuration)
    return f"{words[0]}: discarded all that was staged"


# Running.


def _lifecycle(verb: str) -> Callable[[Console, list[str]], Awaitable[str | Lead]]:
    async def run(console: Console, words: list[str]) -> str | Lead:
        _wanted(words, 1, COMMANDS[verb].usage)
        node = await console.session.link.call(f"lifecycle.{verb}", Target(words[0]), Node, timeout=WAIT)
        if node.state == "error":
            raise TidegateError(f"{words[0]}: {node.reason}")
        return f"{words[0]} is {node.state}"

    return run


# Looking.


async def _feed(console: Console, words: list[str]) -> Lead:
    if "--group" in words:
        if sorted(words) != ["--failed", "--group"]:
            raise TidegateError("it is requests --failed --group, and nothing more")
        return lambda: console.go_to("failures")
    filter = feed_filter(words)
    return lambda: console.go_to("traffic", filter=filter)


def feed_filter(words: list[str]) -> str:
    """The options of `events` and `requests` in the filter language; `--follow` is what the feed does anyway."""
    terms: list[str] = []
    left = iter(words)
    for word in left:
        option, equals, given = word.partition("=")
        if option in FIELDS or option == "--filter":
            value = given if equals else next(left, "")
            if not value:
                raise TidegateError(f"{option} takes a value")
            terms.append(value if option == "--filter" else f"{FIELDS[option]}:{_quoted(value)}")
        elif word in OUTCOMES:
            terms.append(OUTCOMES[word])
        elif word.startswith("--"):
            if word != "--follow":
                known = ", ".join([*FIELDS, *OUTCOMES, "--filter"])
                raise TidegateError(f"{word} is for the command line; here: {known}")
        else:
            terms.append(_quoted(word) if " " in word else word)
    return " ".join(terms)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(text) & set(' "\\*') else text


async def _dismiss(console: Console, words: list[str]) -> str:
    words, undo = _without(words, "--undo")
    _wanted(words, 1 if undo else 2, COMMANDS["dismiss"].usage)
    id, why = words[0], " ".join(words[1:])
    name, params = ("failures.restore", OfFailure(id)) if undo else ("failures.dismiss", Dismiss(id=id, why=why))
    done = await console.session.link.call(name, params, Dismissal)
    return f"{'open again' if undo else 'dismissed'}: {done.source}: {done.reason}"


async def _status(console: Console, words: list[str]) -> Lead:
    return lambda: console.go_to("state")


async def _reindex(console: Console, words: list[str]) -> str:
    words, cancel = _without(words, "--cancel")
    if words:
        raise TidegateError(f"it takes no more: {COMMANDS['reindex'].usage}")
    name = "reindex.cancel" if cancel else "reindex.start"
    status = await console.session.link.call(name, None, ReindexStatus)
    return reindex_words(status) if cancel else "the index is built anew: Engine State (5) says how far that is"


async def _connections(console: Console, words: list[str]) -> Lead:
    _wanted(words, 1, COMMANDS["connections"].usage)
    tenant, _, source = words[0].partition("/")
    _known_tenant(console.session, tenant)
    status = console.session.link.status
    paths = [node.path for each in status.tree.children for node in each.children] if status else []
    if words[0] not in paths:
        near = nearest(words[0], [path for path in paths if path.startswith(f"{tenant}/")])
        raise TidegateError(f"no event source {words[0]} runs" + (f"; did you mean {near}?" if near else ""))
    return lambda: console.show_connections(tenant, source)


async def _go(console: Console, words: list[str]) -> Lead:
    """A tenant, or `TENANT/SOURCE`: goes there."""
    tenant = words[0].partition("/")[0]
    if len(words) > 1 or console.session.tenant(tenant) is None:
        near = nearest(words[0], [*COMMANDS, *tenants(console.session)])
        hint = f"did you mean {near}?" if near else f"known: {', '.join(COMMANDS)}, or a tenant"
        raise TidegateError(f"{words[0]} is no command; {hint}")
    return lambda: console.go_to("tenants", path=words[0])


def tenants(session: Session) -> list[str]:
    """The ids of the tenants there are."""
    return [row.id for row in session.link.status.tenants] if session.link.status else []


def _known_tenant(session: Session, tenant: str) -> None:
    if session.tenant(tenant) is None:
        near = nearest(tenant, tenants(session))
        raise TidegateError(f"there is no tenant {tenant}" + (f"; did you mean {near}?" if near else ""))


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "add",
            "add TENANT PATH TYPE key=value …",
            "stages a new component, or a device profile's source",
            _add,
            True,
        ),
        Command("set", "set TENANT PATH key=value …", "stages other values; key= takes one away", _set, True),
        Command("remove", "remove TENANT PATH", "stages that a component goes", _remove, True),
        Command("diff", "diff TENANT", "the plan", _plan),
        Command("apply", "apply TENANT", "makes active what is staged", _apply, True),
        Command("discard", "discard TENANT", "gives up what is staged", _discard, True),
        Command("start", "start TENANT[/SOURCE]", "starts it", _lifecycle("start"), True),
        Command("stop", "stop TENANT[/SOURCE]", "drains and stops it", _lifecycle("stop"), True),
        Command("restart", "restart TENANT[/SOURCE]", "stops and starts it", _lifecycle("restart"), True),
        Command("requests", "requests [--source ID --failed --filter …]", "Live Traffic with a filter", _feed),
        Command("events", "events [--device ID --type T --filter …]", "Live Traffic with a filter", _feed),
        Command("connections", "connections TENANT/SOURCE", "the connections of an event source", _connections),
        Command("dismiss", "dismiss GROUP WHY, or GROUP --undo", "dismisses a group of failures", _dismiss, True),
        Command("reindex", "reindex, or reindex --cancel", "builds the index anew", _reindex, True),
        Command("status", "status", "Engine State", _status),
    )
}
