"""`tidegate init`, `check` and `schema`: homes and what lies in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption

if TYPE_CHECKING:
    from pathlib import Path


def init(
    tenant: Annotated[str, typer.Option(metavar="ID", help="The tenant's id.")] = "default",
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What people call it.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where its devices connect; else 8484, or the next one unused.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a home with one tenant, ready to start.

    The tenant has an event source for the JSON of LoRa gateways, as in the tutorial, and the script that decodes it.
    """
    import asyncio

    from core.cli.output import print_json
    from core.config.home import find_home

    place = find_home(home)
    made = asyncio.run(_init(place, tenant, name, port))
    if as_json:
        print_json({"home": str(place), "tenant": tenant, "source": "lora", "port": made})
    else:
        _say_next(place, tenant, made)


async def _init(home: Path, tenant: str, name: str | None, port: int | None) -> int:
    from core.cli.reach import Offline, reach
    from core.cli.tutorial import PORT, is_taken, make_tenant, used_ports
    from core.config.home import Home
    from core.config.store import default_name

    async with reach(home, make=True) as engine:
        if port is None:
            used = await used_ports(engine, Home(home).tenant_ids())
            runs = not isinstance(engine, Offline)  # then the port is opened at once
            port = next(n for n in range(PORT, 65536) if n not in used and not (runs and is_taken(n)))
        await make_tenant(engine, tenant, name or default_name(tenant), port)
    return port


def _say_next(home: Path, tenant: str, port: int) -> None:
    from core.config.home import find_home

    option = "" if find_home() == home else f" --home {home}"
    echo = typer.echo
    echo(f"{home} holds tenant {tenant}, whose source lora listens on port {port}")
    echo(f"  its configuration is {home / 'tenants' / tenant / 'tenant.toml'}")
    echo("next:")
    echo(f"  tidegate serve{option}         runs the engine; without a command, tidegate opens the console on it")
    echo(f"  tidegate send http://localhost:{port}/lora   sends what LoRa gateways send")
    echo(f"  tidegate events --follow{option}")


def check(home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Validate every tenant and script, starting nothing."""
    from core.catalogue.registry import catalogue
    from core.cli.checking import check_home
    from core.cli.output import print_json
    from core.config.home import Home, find_home
    from core.errors import ConfigurationError
    from core.model.text import plural, visible

    checked = check_home(Home(find_home(home)), catalogue())
    if as_json:
        print_json(checked)
        return 1 if checked.faults else 0
    for fault in checked.staged:
        typer.echo(f"staged, not to be applied yet: {visible(str(fault))}")
    if checked.faults:
        raise ConfigurationError(checked.faults)
    counts = ((len(checked.tenants), "tenant"), (checked.sources, "event source"), (checked.scripts, "script"))
    typer.echo(f"{checked.home}: {', '.join(plural(count, noun) for count, noun in counts)}: all is well")
    if checked.groovy is not None:
        typer.echo(f"Groovy scripts run on {visible(checked.groovy)}")
    return 0


def schema() -> None:
    """Print the JSON Schema of tenant.toml, for editors."""
    import json

    from core.catalogue.registry import catalogue
    from core.catalogue.schema import tenant_schema

    typer.echo(json.dumps(tenant_schema(catalogue()), indent=2, ensure_ascii=False))
