"""`tidegate events` and `tidegate requests`: what was received and decoded, kept and live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption
from core.cli.selection import (
    DeviceOption,
    FilterOption,
    FollowOption,
    LimitOption,
    Selection,
    SinceOption,
    SourceOption,
    TenantOption,
    TypeOption,
    UntilOption,
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
) -> None:
    """Print decoded events, oldest first."""
    from core.cli.listing import EventListing

    if failed or refused:
        raise typer.BadParameter("only what was decoded has events; `tidegate requests` lists the others")
    selection = Selection(tenant, source, device, type, since, until, filter, limit, follow)
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
    filter: FilterOption = "",
    limit: LimitOption = None,
    follow: FollowOption = False,
    payload: Annotated[bool, typer.Option("--payload", help="With their bytes; in JSON in base64.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print received requests and what became of them, oldest first."""
    from core.cli.listing import RequestListing

    selection = Selection(tenant, source, device, type, since, until, filter, limit, follow, failed, refused)
    _print(home, selection, RequestListing(as_json=as_json, payload=payload, refused=refused))


def _print(home: Path | None, selection: Selection, listing: Listing) -> None:
    from core.cli.listing import print_rows
    from core.cli.reach import with_engine

    query, feed = selection.query(), selection.feed(events=listing.of_events) if selection.follow else None
    with_engine(
        home,
        lambda engine: print_rows(engine, listing, query, feed, selection.most()),
        offline_ok=not selection.follow,
    )
