"""`tidegate serve`, `start`, `stop`, `restart` and `control`: the engine itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, source_paths

if TYPE_CHECKING:
    from pathlib import Path

PathArgument = Annotated[str, typer.Argument(metavar="TENANT[/SOURCE]", autocompletion=source_paths)]


def serve(
    home: HomeOption = None,
    embedded: Annotated[bool, typer.Option("--embedded", hidden=True, help="As a console starts it.")] = False,
) -> int:
    """Run the engine without a console.

    SIGTERM drains and ends it; SIGHUP makes a tenant.toml act that was edited by hand. Prints `ready` once every event
    source that can listen does, with one line on stderr for each that can't.
    """
    from core.config.home import find_home
    from core.engine.main import serve

    return serve(find_home(home), "embedded" if embedded else "serve")


def start(path: PathArgument, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Start a tenant or an event source.

    It holds until the engine's next start; `tidegate set` autostart or enabled is the lasting way.
    """
    return _change("lifecycle.start", path, home, as_json)


def stop(path: PathArgument, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Drain and stop a tenant or an event source.

    It holds until the engine's next start; `tidegate set` autostart or enabled is the lasting way.
    """
    return _change("lifecycle.stop", path, home, as_json)


def restart(path: PathArgument, home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Stop a tenant or an event source, then start it again."""
    return _change("lifecycle.restart", path, home, as_json)


def control(home: HomeOption = None) -> int:
    """Speak the control protocol over stdin and stdout."""
    from core.cli.bridge import bridge
    from core.config.home import find_home

    return bridge(find_home(home))


def _change(method: str, path: str, home: Path | None, as_json: bool) -> int:
    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.cli.state import print_tree
    from core.control.named import Target
    from core.control.states import Node

    node = with_engine(home, lambda engine: engine.call(method, Target(path), Node, CHANGE_TIMEOUT), offline_ok=False)
    if as_json:
        print_json(node)
    else:
        print_tree(node)
    return 1 if node.state == "error" else 0


CHANGE_TIMEOUT = 900.0
"""Seconds; a drain may be set to ten minutes."""
