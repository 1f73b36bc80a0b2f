"""`tidegate diff`, `apply`, `discard`, `add`, `set` and `remove`: the console's edits, staged and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, TenantArgument, type_names

if TYPE_CHECKING:
    from pathlib import Path

    from core.cli.plan import Wish

ApplyOption = Annotated[bool, typer.Option("--apply", help="Apply at once all that is then staged.")]
ChangeOption = Annotated[
    str | None, typer.Option("--change", metavar="ID", help="Take this one back alone; `diff --json` names them.")
]
PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="event_sources, event_sources/lora, event_sources/lora/decoder, …/decoder/choices/TOKEN, tenant",
    ),
]
TypeArgument = Annotated[
    str,
    typer.Argument(
        metavar="TYPE",
        help="The component's type: socket, udp, http, python, json …; or a device profile: gt06, teltonika …",
        autocompletion=type_names,
    ),
]
ValuesArgument = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Its settings.")]


def diff(tenant: TenantArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show what is staged against what is active."""
    from core.cli.plan import print_plan
    from core.cli.reach import with_engine

    with_engine(home, lambda engine: print_plan(engine, tenant, as_json=as_json))


def apply(tenant: TenantArgument, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Make staged changes active, all or nothing.

    Where nothing is staged, a tenant.toml that was edited by hand is made active.
    """
    from core.cli.plan import apply_staged
    from core.cli.reach import with_engine

    return with_engine(home, lambda engine: apply_staged(engine, tenant, as_json=as_json))


def discard(
    tenant: TenantArgument, change: ChangeOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Drop staged changes."""
    from core.cli.plan import discard_staged
    from core.cli.reach import with_engine

    with_engine(home, lambda engine: discard_staged(engine, tenant, change, as_json=as_json))


def add(
    tenant: TenantArgument,
    path: PlaceArgument,
    type: TypeArgument,
    values: ValuesArgument = None,
    apply: ApplyOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Stage a new component.

    tidegate add default event_sources socket id=lora port=8484

    tidegate add default event_sources gt06 id=trackers

    The second adds a source of a device profile (gps103, gt06, h02, jt808, teltonika, wialon), framed and answered as
    its devices need it, and makes the script that decodes them.
    """
    from core.cli.plan import Wish

    return _stage(home, Wish(tenant, "add", path, type, _pairs(values)), apply, as_json)


def set_settings(
    tenant: TenantArgument,
    path: PlaceArgument,
    values: ValuesArgument = None,
    apply: ApplyOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Stage other settings.

    tidegate set default event_sources/lora port=8485

    KEY= without a value takes a key away, so that its default holds.
    """
    from core.cli.plan import Wish

    if not values:
        raise typer.BadParameter("name what to set, as in port=8485", param_hint="KEY=VALUE")
    return _stage(home, Wish(tenant, "set", path, "", _pairs(values)), apply, as_json)


def remove(
    tenant: TenantArgument,
    path: PlaceArgument,
    apply: ApplyOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Stage a component's removal.

    tidegate remove default event_sources/lora
    """
    from core.cli.plan import Wish

    return _stage(home, Wish(tenant, "remove", path, "", {}), apply, as_json)


def _stage(home: Path | None, wish: Wish, apply: bool, as_json: bool) -> int:
    from core.cli.plan import stage
    from core.cli.reach import with_engine

    return with_engine(home, lambda engine: stage(engine, wish, apply=apply, as_json=as_json))


def _pairs(values: list[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in values or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"{text!r} is no setting: write key=value", param_hint="KEY=VALUE")
        pairs[key.strip()] = value
    return pairs
