"""The command that decodes kept requests again, and goes on with replays that there are."""

import asyncio
from typing import Final

from console.commands.command import Command, Lead, Misused, Options, must_be_allowed, must_be_tenant, taken_apart
from console.screens.save import typed_path
from console.session import Console
from core.control.replay_options import replay_of
from core.control.replay_words import outcome_words
from core.control.replays import OfReplay, Replay, ReplayStatus
from core.errors import TidegateError

FLAGS: Final = ("--failed", "--dry-run", "--list")
CHOOSING: Final = ("--source", "--since", "--until", "--filter", "--request", "--script", "--rate")
OF_ONE: Final = ("--undo", "--cancel", "--resume")
"""Options with the id of a replay that there is."""
STOP_TIMEOUT = 30.0


async def _replay(console: Console, words: list[str]) -> str | Lead:
    options = taken_apart(words, FLAGS, (*CHOOSING, *OF_ONE))
    alone = [name for name in options.given if name in (*OF_ONE, "--list")]
    if alone and len(options.given) > 1:
        raise TidegateError(f"{alone[0]} stands alone")
    if len(options.plain) > 1:
        raise Misused("it takes one tenant")
    tenant = options.plain[0] if options.plain else None
    if tenant is not None:
        must_be_tenant(console.session, tenant)
    if "--list" in alone:
        return lambda: console.show_replays(tenant)
    must_be_allowed(console.session)
    if alone:
        return await _of_one(console, alone[0], OfReplay(options.value(alone[0]) or ""))
    if tenant is None:
        raise Misused("say which tenant's requests")
    asked = await asyncio.to_thread(_asked, tenant, options)
    return lambda: console.show_replay(asked)


async def _of_one(console: Console, option: str, one: OfReplay) -> str | Lead:
    """Stops a replay, or shows one that goes on, or that is to be taken back after a question."""
    link = console.session.link
    if option == "--cancel":
        stopped = await link.call("replays.cancel", one, ReplayStatus, timeout=STOP_TIMEOUT)
        return f"stopped: {outcome_words(stopped)}"
    if option == "--resume":
        resumed = await link.call("replays.resume", one, ReplayStatus)
        return lambda: console.show_replay(resumed)
    known = await link.call("replays.get", one, ReplayStatus)
    return lambda: console.show_replay(known, undo=True)


def _asked(tenant: str, options: Options) -> Replay:
    script = options.value("--script")
    rate = _rate(options.value("--rate"))
    try:
        return replay_of(
            tenant,
            source=options.value("--source"),
            failed="--failed" in options.given,
            since=options.value("--since"),
            until=options.value("--until"),
            filter=options.value("--filter") or "",
            requests=options.values("--request"),
            script=typed_path(script) if script is not None else None,
            rate=rate,
        )
    except OSError as error:
        raise TidegateError(f"{script}: {error.strerror or error}") from error


def _rate(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise TidegateError(f"--rate: {text} is no number") from error


COMMANDS = (
    Command(
        "replay",
        "replay TENANT [--failed --source ID --since WHEN --script FILE …], --list, or --undo ID",
        "decodes kept requests again; shows first what would change",
        _replay,
    ),
)
