"""`tidegate replay`: kept requests decoded again, and what became of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, tenant_names
from core.cli.selection import FilterOption, SinceOption, SourceOption, UntilOption

if TYPE_CHECKING:
    from core.control.replays import Replay, ReplayScript


def replay(
    tenant: Annotated[str | None, typer.Argument(metavar="[TENANT]", autocompletion=tenant_names)] = None,
    home: HomeOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that could not be decoded.")] = False,
    source: SourceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    request: Annotated[
        list[str] | None, typer.Option("--request", metavar="ID", help="Only this one; may be repeated.")
    ] = None,
    filter: FilterOption = "",
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE", help="With this decoder script, not the sources' own decoders."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="N", help="Requests a second at the most; without it 1000.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; store nothing.")] = False,
    undo: Annotated[
        str | None, typer.Option("--undo", metavar="ID", help="Make the decodes before that replay current again.")
    ] = None,
    cancel: Annotated[str | None, typer.Option("--cancel", metavar="ID", help="Stop that replay.")] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="ID", help="Go on with a replay that was stopped.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Replays that run, and those that have ended.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Decode kept requests again, with today's decoder or another script.

    The events of before stay on record and can be made current again. Ctrl+C stops a replay; --resume goes on with it.
    """
    from core.cli.reach import with_engine
    from core.cli.replaying import cancel_replay, list_replays, resume_replay, start_replay, undo_replay

    choosing = (failed, source, since, until, request, filter, script, rate, dry_run)
    asked = [name for name, given in (("--undo", undo), ("--cancel", cancel), ("--resume", resume)) if given]
    asked += ["--list"] if listed else []
    if len(asked) > 1 or (asked and any(choosing)):
        raise typer.BadParameter(f"{asked[0]} stands alone", param_hint=asked[0])
    if undo:
        return with_engine(home, lambda engine: undo_replay(engine, undo, as_json), offline_ok=False)
    if cancel:
        return with_engine(home, lambda engine: cancel_replay(engine, cancel, as_json), offline_ok=False)
    if resume:
        return with_engine(home, lambda engine: resume_replay(engine, resume, as_json), offline_ok=False)
    if listed:
        return with_engine(home, lambda engine: list_replays(engine, tenant, as_json), offline_ok=False)
    if tenant is None:
        raise typer.BadParameter("say which tenant's requests", param_hint="TENANT")
    wanted = _wanted(tenant, source, failed, since, until, request or [], filter, script, rate, dry_run)
    return with_engine(home, lambda engine: start_replay(engine, wanted, as_json), offline_ok=False)


def _wanted(
    tenant: str,
    source: str | None,
    failed: bool,
    since: str | None,
    until: str | None,
    requests: list[str],
    filter: str,
    script: Path | None,
    rate: float | None,
    dry_run: bool,
) -> Replay:
    from core.cli.selection import Selection
    from core.control.replays import Replay

    query = Selection(tenant, source, None, None, since, until, filter, None, False).query()
    if rate is not None and rate <= 0:
        raise typer.BadParameter("give a number of requests a second", param_hint="--rate")
    if requests and any((source, failed, since, until, filter)):
        raise typer.BadParameter("it names requests: nothing else chooses them", param_hint="--request")
    return Replay(
        tenant=tenant,
        source=source,
        outcome="failed" if failed else None,
        since=query.since,
        until=query.until,
        filter=filter,
        requests=requests,
        script=_script(script) if script is not None else None,
        rate=rate,
        dry_run=dry_run,
    )


def _script(file: Path) -> ReplayScript:
    from core.control.replays import ReplayScript
    from core.errors import TidegateError

    try:
        return ReplayScript(name=file.name, text=file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise TidegateError(f"{file} is not UTF-8") from error
