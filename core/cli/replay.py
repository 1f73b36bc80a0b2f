"""`tidegate replay`: kept requests decoded again, and what became of that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.front import HomeOption, JsonOption, tenant_names
from core.cli.selection import FilterOption, SinceOption, SourceOption, UntilOption


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
    from core.control.replay_options import OptionFault, replay_of

    try:
        wanted = replay_of(
            tenant,
            source=source,
            failed=failed,
            since=since,
            until=until,
            filter=filter,
            requests=request or [],
            script=script,
            rate=rate,
            dry_run=dry_run,
        )
    except OptionFault as fault:
        raise typer.BadParameter(fault.why, param_hint=fault.option) from fault
    return with_engine(home, lambda engine: start_replay(engine, wanted, as_json), offline_ok=False)
