"""Failed requests as a list of work: `tidegate requests --failed --group`, and `tidegate dismiss`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption

if TYPE_CHECKING:
    from core.control.failures import FailureQuery, Failures
    from core.model.failures import FailureGroup


def print_groups(home: Path | None, asked: FailureQuery, *, as_json: bool) -> None:
    """Prints groups of failed requests, the one that grew last first."""
    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.control.failures import Failures
    from core.model.text import plural

    found = with_engine(home, lambda engine: engine.call("failures.query", asked, Failures))
    if as_json:
        for group in found.groups:
            print_json(group)
    else:
        _print_table(found.groups)
        for note in _notes(asked, found):
            sys.stderr.write(f"tidegate: {note}\n")
    if found.behind:
        sys.stderr.write(f"tidegate: {plural(found.behind, 'newer request')} not indexed yet and not counted\n")


def _notes(asked: FailureQuery, found: Failures) -> list[str]:
    from core.model.text import plural

    here, other = (found.dismissed, found.open) if asked.dismissed else (found.open, found.dismissed)
    notes: list[str] = []
    if here > len(found.groups):
        notes.append(f"{plural(here - len(found.groups), 'more group')}: --limit shows more")
    elif not here:
        notes.append("no failure was dismissed" if asked.dismissed else "no failure is open")
    if other and not asked.dismissed:
        notes.append(f"{plural(other, 'group')} dismissed: --dismissed shows them")
    return notes


def _print_table(groups: list[FailureGroup]) -> None:
    from datetime import datetime

    from rich.text import Text

    from core.cli.lines import time_text
    from core.cli.output import columns, terminal
    from core.model.text import count_text, visible

    if not groups:
        return
    now = datetime.now().astimezone()
    table = columns("Id", "Source", "Count", "First", "Last", "Sample", "", right=("Count",))
    for group in groups:
        said = Text(visible(group.reason), "red")
        if group.dismissed is not None:
            said.append(f"  dismissed: {visible(group.dismissed.why)}", "dim")
        table.add_row(
            group.id,
            f"{visible(group.tenant)}/{visible(group.source)}",
            count_text(group.count),
            time_text(group.first, now),
            time_text(group.last, now),
            group.sample.id if group.sample is not None else "",
            said,
        )
    terminal().print(table)


def dismiss(
    id: Annotated[str, typer.Argument(metavar="GROUP", help="Its id, or as much of it as no other begins with.")],
    why: Annotated[list[str] | None, typer.Argument(metavar="[WHY]…", help="A word why it needs no work.")] = None,
    home: HomeOption = None,
    undo: Annotated[bool, typer.Option("--undo", help="It needs work after all.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Dismiss a group of failures, also for those that come later; see `requests --failed --group`."""
    from core.cli.output import print_json, terminal
    from core.cli.reach import with_engine
    from core.control.failures import Dismiss, OfFailure
    from core.model.failures import Dismissal
    from core.model.text import visible

    said = " ".join(why or ())
    if undo and said:
        raise typer.BadParameter("what is undone needs no word why", param_hint="WHY")
    if not undo and not said:
        raise typer.BadParameter("say why: whoever sees it next will want to know", param_hint="WHY")
    name, params = ("failures.restore", OfFailure(id)) if undo else ("failures.dismiss", Dismiss(id=id, why=said))
    done = with_engine(home, lambda engine: engine.call(name, params, Dismissal))
    if as_json:
        print_json(done)
    else:
        what = "open again" if undo else "dismissed"
        terminal().print(f"{what}: {visible(done.tenant)}/{visible(done.source)}: {visible(done.reason)}")
