"""What every command shares: its options, its place in the help, and the console it may open."""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer


class OpenConsole(Protocol):
    """Opens the console on a home; gives the exit status. Handed in, since the engine's half knows no console."""

    def __call__(self, home: Path, *, demo: bool, readonly: bool) -> int: ...


@dataclass(frozen=True, slots=True)
class Front:
    """What a command finds as its context's object."""

    open_console: OpenConsole

    def check_terminal(self, instead: str) -> None:
        """TidegateError where there is no terminal to open a console on; it is drawn on stderr."""
        from core.errors import TidegateError

        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise TidegateError(f"the console needs a terminal; {instead}")


def tenant_names(incomplete: str) -> list[str]:
    """The tenants of the home in use, for the shell's completion."""
    from core.config.home import find_home

    folder = find_home() / "tenants"
    names = (entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else ()
    return sorted(name for name in names if name.startswith(incomplete) and not name.startswith("."))


def source_paths(incomplete: str) -> list[str]:
    """Tenants, and the event sources of the one that is named already."""
    from core.config.home import find_home

    tenant, slash, _ = incomplete.partition("/")
    if not slash:
        return tenant_names(incomplete)
    try:
        table = tomllib.loads((find_home() / "tenants" / tenant / "tenant.toml").read_text())
        sources = [str(source["id"]) for source in table["device_communication"]["event_sources"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [path for path in (f"{tenant}/{source}" for source in sources) if path.startswith(incomplete)]


def profile_names(incomplete: str) -> list[str]:
    """The device profiles."""
    from core.profiles import profiles

    return sorted(name for name in profiles() if name.startswith(incomplete))


def type_names(incomplete: str) -> list[str]:
    """The types of components, and the device profiles, which stand for one."""
    from core.catalogue.registry import catalogue
    from core.profiles import profiles

    names = {*(component.type for component in catalogue()), *profiles()}
    return sorted(name for name in names if name.startswith(incomplete))


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="The home directory; else $TIDEGATE_HOME, else the machine's own place."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, one object a line.")]
TenantArgument = Annotated[str, typer.Argument(metavar="TENANT", autocompletion=tenant_names)]
