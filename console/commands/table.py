"""The `:` line: commands in the command line's own words, carried out over the control protocol."""

import shlex

from console.commands import applying, editing, looking, replaying, running
from console.commands.command import Command, Lead, Misused, must_be_allowed, tenants
from console.session import Console
from core.errors import TidegateError
from core.model.nearest import nearest

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *editing.COMMANDS,
        *applying.COMMANDS,
        *running.COMMANDS,
        *replaying.COMMANDS,
        *looking.COMMANDS,
    )
}


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
    if command.changes:
        must_be_allowed(console.session)
    try:
        return await command.run(console, words[1:])
    except Misused as error:
        raise TidegateError(f"{error}: {command.usage}") from error


async def _go(console: Console, words: list[str]) -> Lead:
    """A tenant, or `TENANT/SOURCE`: goes there."""
    tenant = words[0].partition("/")[0]
    if len(words) > 1 or console.session.tenant(tenant) is None:
        near = nearest(words[0], [*COMMANDS, *tenants(console.session)])
        hint = f"did you mean {near}?" if near else f"known: {', '.join(COMMANDS)}, or a tenant"
        raise TidegateError(f"{words[0]} is no command; {hint}")
    return lambda: console.go_to("tenants", path=words[0])
