"""`tidegate import sitewhere`: a tenant of SiteWhere 1.x becomes a tenant here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, tenant_names

if TYPE_CHECKING:
    from core.control.importing import Imported, ImportSitewhere

imports = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Bring a configuration in from elsewhere.",
)


@imports.callback()
def import_from() -> None:
    """Bring a configuration in from elsewhere."""


@imports.command("sitewhere")
def sitewhere(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A tenant's sitewhere-tenant.xml.", show_default=False)],
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="ID", help="The tenant it becomes.", autocompletion=tenant_names)
    ],
    properties: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="sitewhere-tenant.properties: where ${placeholders} find their values."),
    ] = None,
    scripts: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="SiteWhere's scripts folder: the scripts that the XML names are copied."),
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What people call the tenant.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would come of it, and keep nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a tenant of a SiteWhere 1.x configuration.

    Event sources that Tidegate has are carried over, others stay in tenant.toml as comments, and everything that did
    not come along is listed with the reason; import-report.txt in the tenant's folder keeps that list.

    Nothing starts by itself. What the file becomes is staged as a whole: for a new tenant, which is made, and for one
    that is there in place of what it has, which goes on running. `tidegate diff` shows it, `tidegate apply` makes it
    active. Where something is staged already, nothing is overwritten.

    ${placeholders} find their values in the properties file, and ${tenant.id} is the tenant; SiteWhere's system
    properties and environment are another machine's, and this one's are not looked at.

    Sources listen on every interface (0.0.0.0), as SiteWhere's do, and a secret is never copied.
    """
    import asyncio

    from core.cli.import_print import print_imported
    from core.cli.output import print_json
    from core.config.home import find_home
    from core.control.import_files import request_of

    asked = request_of(file, tenant, name, properties)
    imported = asyncio.run(_import(find_home(home), asked, scripts, dry_run))
    if as_json:
        print_json(imported)
    else:
        print_imported(imported)


async def _import(home: Path, asked: ImportSitewhere, scripts: Path | None, dry_run: bool) -> Imported:
    import os

    from core.catalogue.registry import catalogue
    from core.cli.reach import reach
    from core.config.home import Home
    from core.control.importing import Imported
    from core.engine.importing import preview

    if not os.path.isdir(home / "tenants"):  # a home is made only for what is kept
        looked = preview(Home(home), catalogue(), asked)
        asked = _with_scripts(asked, looked, scripts)
        if dry_run:
            return preview(Home(home), catalogue(), asked)
    async with reach(home, make=True) as engine:
        if scripts is not None and not (asked.scripts or asked.unread):
            looked = await engine.call("import.sitewhere", asked, Imported)
            asked = _with_scripts(asked, looked, scripts)
        asked.apply = not dry_run
        return await engine.call("import.sitewhere", asked, Imported)


def _with_scripts(asked: ImportSitewhere, looked: Imported, folder: Path | None) -> ImportSitewhere:
    """The request with the scripts that a first look named."""
    from core.control.import_files import read_scripts

    if folder is not None:
        found = read_scripts(folder, looked.scripts)
        asked.scripts, asked.unread = found.texts, found.unread
    return asked
