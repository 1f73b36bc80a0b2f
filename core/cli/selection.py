"""Which rows `events` and `requests` print: the options they share, as a query and as a live feed's filter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from core.control.feeds import Subscribe
    from core.control.received import Query

DEFAULT_LIMIT = 100

TenantOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this tenant.")]
SourceOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this event source.")]
DeviceOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this device (its hardware id).")]
TypeOption = Annotated[str | None, typer.Option(metavar="TYPE", help="Measurements, Location, Alert, …")]
SinceOption = Annotated[str | None, typer.Option(metavar="WHEN", help="10m, 2h, 3d, a date or an RFC 3339 time.")]
UntilOption = Annotated[str | None, typer.Option(metavar="WHEN", help="As --since.")]
FilterOption = Annotated[
    str, typer.Option(metavar="FILTER", help="The filter language: 'status:>=400 -source:lora \"low battery\"'.")
]
LimitOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help=f"The newest so many; without it {DEFAULT_LIMIT}, or all with --since."),
]
FollowOption = Annotated[
    bool, typer.Option("--follow", help="Live, as it arrives; after what --limit or --since ask for.")
]

Format = Literal["jsonl", "csv", "parquet"]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        metavar="FORMAT", help="jsonl, csv or parquet; without it what the ending of --output says, or jsonl."
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Into a new file, whole or not at all; all rows, unless --limit is given.",
    ),
]


@dataclass(frozen=True, slots=True)
class Selection:
    """The options as given."""

    tenant: str | None
    source: str | None
    device: str | None
    type: str | None
    since: str | None
    until: str | None
    filter: str
    limit: int | None
    follow: bool
    failed: bool = False
    refused: bool = False

    def most(self) -> int | None:
        """How many kept rows to print; None is all of them."""
        if self.limit is not None:
            return self.limit
        if self.since:
            return None
        return 0 if self.follow else DEFAULT_LIMIT

    def query(self) -> Query:
        """The kept rows meant; BadParameter where a time, a type or the filter is none."""
        from core.control.received import Query

        return Query(
            tenant=self.tenant,
            source=self.source,
            device=self.device,
            type=_event_type(self.type),
            since=_moment(self.since, "--since"),
            until=_moment(self.until, "--until"),
            filter=self._filter([self._outcome()]),
        )

    def feed(self, *, events: bool) -> Subscribe:
        """The live feed meant."""
        from core.control.feeds import Subscribe

        if self.until:
            raise typer.BadParameter("what is live has no end", param_hint="--until")
        fields = {"source": self.source, "device": self.device, "type": _event_type(self.type)}
        terms = [f"{field}:{quoted(value)}" for field, value in fields.items() if value is not None]
        return Subscribe(filter=self._filter([*terms, self._outcome()]), tenant=self.tenant, events=events)

    def _outcome(self) -> str:
        match self.failed, self.refused:
            case True, True:
                return "-outcome:decoded"
            case True, False:
                return "outcome:failed"
            case False, True:
                return "outcome:refused"
            case _:
                return ""

    def _filter(self, terms: list[str]) -> str:
        from core.model.filter import FilterError, parse_filter

        try:
            parse_filter(self.filter)
        except FilterError as error:
            raise typer.BadParameter(str(error), param_hint="--filter") from error
        return " ".join(term for term in (*terms, self.filter) if term)


def quoted(value: str) -> str:
    """`value` as the filter language takes it to the letter."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*")
    return f'"{escaped}"'


def _event_type(text: str | None) -> str | None:
    from core.model.events import EVENT_TYPES

    if text is None:
        return None
    known = {name.lower(): name for name in EVENT_TYPES}
    if text.lower() not in known:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(EVENT_TYPES)}", param_hint="--type")
    return known[text.lower()]


def _moment(text: str | None, option: str) -> str | None:
    from datetime import datetime

    from core.model.when import when_text

    if text is None:
        return None
    try:
        return when_text(text, datetime.now().astimezone())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
