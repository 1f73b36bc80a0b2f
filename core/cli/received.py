"""`tidegate events` and `tidegate requests`: what was received and decoded, kept and live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption
from core.cli.selection import (
    DEFAULT_LIMIT,
    DeviceOption,
    FilterOption,
    FollowOption,
    Format,
    FormatOption,
    LimitOption,
    OutputOption,
    Selection,
    SinceOption,
    SourceOption,
    TenantOption,
    TypeOption,
    UntilOption,
    quoted,
)

if TYPE_CHECKING:
    from pathlib import Path

    from core.cli.listing import Listing


def events(
    home: HomeOption = None,
    tenant: TenantOption = None,
    source: SourceOption = None,
    device: DeviceOption = None,
    type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    failed: Annotated[bool, typer.Option("--failed", hidden=True)] = False,
    refused: Annotated[bool, typer.Option("--refused", hidden=True)] = False,
    filter: FilterOption = "",
    limit: LimitOption = None,
    follow: FollowOption = False,
    as_json: JsonOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Print decoded events, oldest first."""
    from core.cli.listing import EventListing

    if failed or refused:
        raise typer.BadParameter("only what was decoded has events; `tidegate requests` lists the others")
    selection = Selection(tenant, source, device, type, since, until, filter, limit, follow)
    if format is not None or output is not None:
        _export(home, selection, EventListing(as_json=True), format, output, payload=False)
        return
    _print(home, selection, EventListing(as_json=as_json))


def requests(
    home: HomeOption = None,
    tenant: TenantOption = None,
    source: SourceOption = None,
    device: DeviceOption = None,
    type: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that could not be decoded.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Only those that reached no decoder.")] = False,
    group: Annotated[
        bool, typer.Option("--group", help="With --failed: grouped by source and reason, the last that failed first.")
    ] = False,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="With --group: the groups that were dismissed.")
    ] = False,
    failure: Annotated[str | None, typer.Option(metavar="GROUP", help="Only those of this group of failures.")] = None,
    filter: FilterOption = "",
    limit: LimitOption = None,
    follow: FollowOption = False,
    payload: Annotated[bool, typer.Option("--payload", help="With their bytes; in JSON in base64.")] = False,
    as_json: JsonOption = False,
    format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Print received requests and what became of them, oldest first."""
    from core.cli.listing import RequestListing

    if group:
        narrowed = (device, type, since, until, refused, failure, filter, follow, payload, format, output)
        if not failed or any(narrowed):
            raise typer.BadParameter(
                "goes with --failed, and with --tenant, --source, --limit, --dismissed and --json", param_hint="--group"
            )
        _print_groups(home, tenant, source, dismissed, limit, as_json)
        return
    if dismissed:
        raise typer.BadParameter("goes with --failed --group", param_hint="--dismissed")
    if failure is not None:
        filter = f"failure:{quoted(failure)} {filter}".strip()
    selection = Selection(tenant, source, device, type, since, until, filter, limit, follow, failed, refused)
    if format is not None or output is not None:
        _export(home, selection, RequestListing(as_json=True, payload=False), format, output, payload=payload)
        return
    _print(home, selection, RequestListing(as_json=as_json, payload=payload, refused=refused))


def _export(
    home: Path | None,
    selection: Selection,
    listing: Listing,
    format: Format | None,
    output: Path | None,
    *,
    payload: bool,
) -> None:
    from core.cli.export import export, format_of
    from core.cli.reach import with_engine

    if selection.follow:
        raise typer.BadParameter("what is live has no end: a file of it would never be whole", param_hint="--follow")
    chosen = format_of(format, output)
    if chosen == "parquet" and output is None:
        raise typer.BadParameter("Parquet goes into a file: --output FILE", param_hint="--format")
    query, most = selection.query(), selection.most() if output is None else selection.limit
    with_engine(
        home,
        lambda engine: export(engine, listing, query, most, format=chosen, output=output, payload=payload),
    )


def _print_groups(
    home: Path | None, tenant: str | None, source: str | None, dismissed: bool, limit: int | None, as_json: bool
) -> None:
    from core.cli.failures import print_groups
    from core.control.failures import FailureQuery

    asked = FailureQuery(tenant=tenant, source=source, dismissed=dismissed, limit=limit or DEFAULT_LIMIT)
    print_groups(home, asked, as_json=as_json)


def _print(home: Path | None, selection: Selection, listing: Listing) -> None:
    from core.cli.listing import print_rows
    from core.cli.reach import with_engine

    query, feed = selection.query(), selection.feed(events=listing.of_events) if selection.follow else None
    with_engine(
        home,
        lambda engine: print_rows(engine, listing, query, feed, selection.most()),
        offline_ok=not selection.follow,
    )
