"""Commands that act on what runs."""

from collections.abc import Awaitable, Callable

from console.commands.command import WAIT, Command, Lead, Misused, taken_apart, wanted, without
from console.screens.save import typed_path
from console.session import Console
from core.control.failures import Dismiss, OfFailure
from core.control.named import Target
from core.control.reindexing import ReindexStatus, reindex_words
from core.control.states import Node
from core.errors import TidegateError
from core.model.failures import Dismissal


def _lifecycle(verb: str) -> Callable[[Console, list[str]], Awaitable[str | Lead]]:
    async def run(console: Console, words: list[str]) -> str | Lead:
        wanted(words, 1)
        node = await console.session.link.call(f"lifecycle.{verb}", Target(words[0]), Node, timeout=WAIT)
        if node.state == "error":
            raise TidegateError(f"{words[0]}: {node.reason}")
        return f"{words[0]} is {node.state}"

    return run


async def _dismiss(console: Console, words: list[str]) -> str:
    words, undo = without(words, "--undo")
    wanted(words, 1 if undo else 2)
    id, why = words[0], " ".join(words[1:])
    name, params = ("failures.restore", OfFailure(id)) if undo else ("failures.dismiss", Dismiss(id=id, why=why))
    done = await console.session.link.call(name, params, Dismissal)
    return f"{'open again' if undo else 'dismissed'}: {done.source}: {done.reason}"


async def _reindex(console: Console, words: list[str]) -> str:
    words, cancel = without(words, "--cancel")
    if words:
        raise Misused("it takes no more")
    name = "reindex.cancel" if cancel else "reindex.start"
    status = await console.session.link.call(name, None, ReindexStatus)
    return reindex_words(status) if cancel else "the index is built anew: Engine State (5) says how far that is"


async def _backup(console: Console, words: list[str]) -> Lead:
    options = taken_apart(words, ("--with-secrets",), ())
    if len(options.plain) != 1:
        raise Misused("it takes one file")
    file = typed_path(options.plain[0]).absolute()
    return lambda: console.show_backup(file, with_secrets="--with-secrets" in options.given)


COMMANDS = (
    Command("start", "start TENANT[/SOURCE]", "starts it", _lifecycle("start"), True),
    Command("stop", "stop TENANT[/SOURCE]", "drains and stops it", _lifecycle("stop"), True),
    Command("restart", "restart TENANT[/SOURCE]", "stops and starts it", _lifecycle("restart"), True),
    Command("dismiss", "dismiss GROUP WHY, or GROUP --undo", "dismisses a group of failures", _dismiss, True),
    Command("reindex", "reindex, or reindex --cancel", "builds the index anew", _reindex, True),
    Command("backup", "backup FILE [--with-secrets]", "writes this home into one file", _backup, True),
)
