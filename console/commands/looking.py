"""Commands that lead to a screen."""

from console.commands.command import Command, Lead, must_be_tenant, taken_apart, wanted
from console.session import Console
from core.errors import TidegateError
from core.model.nearest import nearest

FIELDS = {
    "--tenant": "tenant",
    "--source": "source",
    "--device": "device",
    "--type": "type",
    "--failure": "failure",
}
OUTCOMES = {"--failed": "outcome:failed", "--refused": "outcome:refused"}


async def _feed(console: Console, words: list[str]) -> Lead:
    if "--group" in words:
        if sorted(words) != ["--failed", "--group"]:
            raise TidegateError("it is requests --failed --group, and nothing more")
        return lambda: console.go_to("failures")
    filter = feed_filter(words)
    return lambda: console.go_to("traffic", filter=filter)


def feed_filter(words: list[str]) -> str:
    """The options of `events` and `requests` in the filter language; `--follow` is what the feed does anyway."""
    options = taken_apart(words, (*OUTCOMES, "--follow"), (*FIELDS, "--filter"))
    return " ".join(term for option, value in options.words if (term := _term(option, value)))


def _term(option: str, value: str) -> str:
    if option in FIELDS:
        return f"{FIELDS[option]}:{_quoted(value)}"
    if option == "--filter":
        return value
    return OUTCOMES.get(option, _quoted(value) if " " in value else value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(text) & set(' "\\*') else text


async def _status(console: Console, words: list[str]) -> Lead:
    return lambda: console.go_to("state")


async def _connections(console: Console, words: list[str]) -> Lead:
    wanted(words, 1)
    tenant, _, source = words[0].partition("/")
    must_be_tenant(console.session, tenant)
    status = console.session.link.status
    paths = [node.path for each in status.tree.children for node in each.children] if status else []
    if words[0] not in paths:
        near = nearest(words[0], [path for path in paths if path.startswith(f"{tenant}/")])
        raise TidegateError(f"no event source {words[0]} runs" + (f"; did you mean {near}?" if near else ""))
    return lambda: console.show_connections(tenant, source)


COMMANDS = (
    Command("requests", "requests [--source ID --failed --filter …]", "Live Traffic with a filter", _feed),
    Command("events", "events [--device ID --type T --filter …]", "Live Traffic with a filter", _feed),
    Command("connections", "connections TENANT/SOURCE", "the connections of an event source", _connections),
    Command("status", "status", "Engine State", _status),
)
