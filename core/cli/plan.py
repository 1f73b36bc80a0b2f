"""Staged changes as commands make, show and apply them."""

from dataclasses import dataclass
from typing import Literal

from rich.text import Text

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.registry import catalogue
from core.cli.output import print_json, terminal
from core.cli.reach import Engine, Offline
from core.config.places import typed_values
from core.control.configurations import Applied, Apply, Change, Configuration, Discard, Edit, EditStaged, Plan
from core.control.named import OfTenant
from core.control.scripts import WriteScript
from core.errors import ConfigurationError, TidegateError
from core.model.text import plural, sign, visible
from core.profiles import SOURCE_TYPE
from core.profiles.adding import profile_of, source_edit, write_script

APPLY_TIMEOUT = 900.0
"""Seconds; a drain may be set to ten minutes."""
_SIGNS = {"+": "green", "-": "red", "~": "yellow"}
_STATES = {"failed": "red", "applied": "green"}


@dataclass(frozen=True, slots=True)
class Wish:
    """An edit as it was typed: `texts` are settings still to be read as their kinds."""

    tenant: str
    op: Literal["add", "set", "remove"]
    path: str
    type: str
    texts: dict[str, str]


async def stage(engine: Engine, wish: Wish, *, apply: bool, as_json: bool) -> int:
    """Stages what is wished for and, if asked, applies all that is then staged."""
    edit, script = await _meant(engine, wish)
    staged = EditStaged(tenant=wish.tenant, edits=[edit])
    await engine.call("configuration.edit_staged", staged, Configuration)
    if script is not None:
        await write_script(engine, script)
        if not as_json:
            terminal().print(f"made the script {script.name}")
    if apply:
        return await apply_staged(engine, wish.tenant, as_json=as_json)
    await print_plan(engine, wish.tenant, as_json=as_json)
    return 0


async def _meant(engine: Engine, wish: Wish) -> tuple[Edit, WriteScript | None]:
    """The edit that is wished for, and where a device profile is to be added the script that its source needs."""
    if wish.op == "remove":
        return Edit(op="remove", path=wish.path), None
    now = await engine.call("configuration.get", OfTenant(wish.tenant), Configuration)
    data = (now.staged or now.active).data
    adds_source = wish.op == "add" and wish.path == EVENT_SOURCES.key
    profile = profile_of(EVENT_SOURCES.role, wish.type, catalogue()) if adds_source else None
    if profile is None:
        values = typed_values(catalogue(), data, wish.path, wish.type, wish.texts)
        return Edit(op=wish.op, path=wish.path, type=wish.type, values=values), None
    given = typed_values(catalogue(), data, wish.path, SOURCE_TYPE, wish.texts)
    return await source_edit(engine, wish.tenant, profile, given)


async def print_plan(engine: Engine, tenant: str, *, as_json: bool) -> None:
    """Prints what is staged, meaning first, then the text."""
    plan = await engine.call("configuration.plan", OfTenant(tenant), Plan)
    if as_json:
        print_json(plan)
        return
    to = terminal()
    if not plan.changes:
        to.print("nothing is staged")
        if plan.file_differs:
            to.print(f"tenant.toml was edited by hand: `tidegate apply {tenant}` makes it act")
        return
    for change in plan.changes:
        to.print(_change_lines(change))
    to.print()
    for line in plan.diff.splitlines():
        to.print(Text(visible(line, lines=True), _diff_colour(line)))
    for fault in plan.faults:
        to.print(Text(f"{sign('✕')} {visible(str(fault))}", "red"))
    if not plan.faults:
        to.print(f"\n`tidegate apply {tenant}` applies {plural(len(plan.changes), 'change')}")


async def apply_staged(engine: Engine, tenant: str, *, as_json: bool) -> int:
    """Applies what is staged, or what a hand wrote into tenant.toml."""
    plan = await engine.call("configuration.plan", OfTenant(tenant), Plan)
    if plan.changes:
        what = Apply(tenant=tenant, staged=plan.staged)
        applied = await engine.call("configuration.apply", what, Applied, APPLY_TIMEOUT)
    elif plan.file_differs:
        applied = await engine.call("configuration.reload", OfTenant(tenant), Applied, APPLY_TIMEOUT)
    else:
        applied = Applied(tenant=tenant, applied=True, changes=[])
    if as_json:
        print_json(applied)
    else:
        _print_applied(applied)
        if applied.changes and isinstance(engine, Offline):
            terminal().print("no engine runs: this takes effect at the next start")
    if applied.applied:
        return 0
    if applied.faults:
        raise ConfigurationError(applied.faults)
    raise TidegateError(f"nothing was changed: {applied.reason or 'the changes could not be prepared'}")


async def discard_staged(engine: Engine, tenant: str, change: str | None, *, as_json: bool) -> None:
    """Drops all that is staged, or one change."""
    wanted = Discard(tenant=tenant, change=change)
    left = await engine.call("configuration.discard", wanted, Configuration)
    if as_json:
        print_json(left)
    else:
        terminal().print("nothing is staged now" if left.staged is None else "the other changes stay staged")


def _print_applied(applied: Applied) -> None:
    to = terminal()
    if applied.applied and not applied.changes:
        to.print("nothing to apply")
    for change in applied.changes:
        to.print(_change_lines(change))


def _change_lines(change: Change) -> Text:
    lines = Text.assemble((change.sign, _SIGNS[change.sign]), f" {visible(change.subject):<16} ")
    told = [*(visible(line) for line in change.lines), visible(change.effect)]
    lines.append(("\n" + " " * 19).join(line for line in told if line))
    if change.state in _STATES:
        lines.append(f"\n{' ' * 19}{change.state}", _STATES[change.state])
    for reason in [change.reason, *(str(fault) for fault in change.faults)]:
        if reason:
            lines.append(f"\n{' ' * 19}{sign('✕')} {visible(reason)}", "red")
    return lines


def _diff_colour(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
