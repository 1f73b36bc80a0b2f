"""The options of `replay`, as the command line and the console's `:` line take them, and the replay that they mean."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from core.control.replays import Replay, ReplayScript
from core.errors import TidegateError
from core.model.filter import FilterError, parse_filter
from core.model.when import when_text


class OptionFault(TidegateError):
    """What is wrong with one option."""

    def __init__(self, option: str, why: str) -> None:
        self.option = option
        self.why = why
        super().__init__(f"{option}: {why}")


def replay_of(
    tenant: str,
    *,
    source: str | None = None,
    failed: bool = False,
    since: str | None = None,
    until: str | None = None,
    filter: str = "",
    requests: Sequence[str] = (),
    script: Path | None = None,
    rate: float | None = None,
    dry_run: bool = False,
) -> Replay:
    """OptionFault where one does not hold; TidegateError or OSError where the script cannot be read."""
    try:
        parse_filter(filter)
    except FilterError as error:
        raise OptionFault("--filter", str(error)) from error
    if rate is not None and not rate > 0:
        raise OptionFault("--rate", "give a number of requests a second")
    if requests and any((source, failed, since, until, filter)):
        raise OptionFault("--request", "it names requests: nothing else chooses them")
    return Replay(
        tenant=tenant,
        source=source,
        outcome="failed" if failed else None,
        since=_moment("--since", since),
        until=_moment("--until", until),
        filter=filter,
        requests=list(requests),
        script=read_script(script) if script is not None else None,
        rate=rate,
        dry_run=dry_run,
    )


def read_script(file: Path) -> ReplayScript:
    """A decoder script from where the command was given; OSError where it cannot be read."""
    try:
        return ReplayScript(name=file.name, text=file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise TidegateError(f"{file} is not UTF-8") from error


def _moment(option: str, text: str | None) -> str | None:
    try:
        return None if text is None else when_text(text, datetime.now().astimezone())
    except ValueError as error:
        raise OptionFault(option, str(error)) from error
