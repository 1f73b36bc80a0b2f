"""`tidegate script`: the templates that scripts are made from, and a tenant's scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, TenantArgument

if TYPE_CHECKING:
    from core.catalogue.component import ScriptTemplate

script = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="List, show and use the templates that scripts begin with.",
)


@script.callback()
def of_scripts() -> None:
    """List, show and use the templates that scripts begin with."""


def template_names(incomplete: str) -> list[str]:
    """The names of templates, for the shell's completion."""
    return [name for name in _templates() if name.startswith(incomplete)]


@script.command("templates")
def templates(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Print this one instead.", autocompletion=template_names),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the templates, or print the text of one."""
    from core.cli.output import print_json

    if name is not None:
        chosen = _template(name)
        if as_json:
            print_json({"name": name, "title": chosen.title, "text": chosen.text})
        else:
            typer.echo(chosen.text, nl=False)
        return
    found = _templates()
    width = max(len(each) for each in found)
    for each, template in found.items():
        if as_json:
            print_json({"name": each, "title": template.title})
        else:
            typer.echo(f"{each.ljust(width)}  {template.title}")


@script.command("new")
def new(
    tenant: TenantArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The file in the scripts folder: meters.py")],
    template: Annotated[
        str,
        typer.Option(
            "--template",
            metavar="TEMPLATE",
            help="What it begins with; `tidegate script templates` lists them.",
            autocompletion=template_names,
        ),
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a script of a tenant's from a template.

    tidegate script new default meters.py --template tts_v3

    A script that is there already is left alone. A decoder names it as script=NAME.
    """
    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.control.scripts import Script, WriteScript
    from core.errors import TidegateError

    chosen = _template(template)
    suffix = chosen.name[chosen.name.rindex(".") :]
    if not name.endswith(suffix):
        raise TidegateError(f"{name!r} is no name of such a script: it must end in {suffix}")
    asked = WriteScript(tenant=tenant, name=name, text=chosen.text)
    made = with_engine(home, lambda engine: engine.call("scripts.write", asked, Script))
    if as_json:
        print_json({"name": made.name, "scope": made.scope, "revision": made.revision})
    else:
        typer.echo(f"made; a decoder names it as script={made.name}")


def _templates() -> dict[str, ScriptTemplate]:
    """Every component's templates: by name alone, and with the suffix where two languages have one of that name."""
    from core.catalogue.registry import catalogue

    found: dict[str, ScriptTemplate] = {}
    for component in catalogue():
        for template in component.templates:
            if template in found.values():
                continue  # another component offers the same
            stem = template.name.rpartition(".")[0]
            found[stem if stem not in found else template.name] = template
    return dict(sorted(found.items()))


def _template(name: str) -> ScriptTemplate:
    from core.errors import NotFound
    from core.model.nearest import nearest

    found = _templates()
    chosen = found.get(name) or next((each for each in found.values() if each.name == name), None)
    if chosen is None:
        near = nearest(name, list(found))
        raise NotFound(f"there is no template {name}" + (f"; did you mean {near}?" if near else ""))
    return chosen
