"""Every command of `tidegate`, in the order and the groups of its help."""

from collections.abc import Callable

import typer

from core.cli.backup import backup, restore
from core.cli.cert import cert
from core.cli.configuration import add, apply, diff, discard, remove, set_settings
from core.cli.connections import connections
from core.cli.decode import decode
from core.cli.demo import demo
from core.cli.engine import control, restart, serve, start, stop
from core.cli.failures import dismiss
from core.cli.grouped import GroupedCommand
from core.cli.homes import check, init, schema
from core.cli.imports import imports
from core.cli.received import events, requests
from core.cli.reindex import reindex
from core.cli.replay import replay
from core.cli.script import script
from core.cli.secret import secret
from core.cli.send import send
from core.cli.state import status

_COMMANDS: dict[str, dict[str, Callable[..., object]]] = {
    "Begin": {"demo": demo, "init": init, "serve": serve, "send": send},
    "See what arrives": {
        "events": events,
        "requests": requests,
        "replay": replay,
        "dismiss": dismiss,
        "connections": connections,
        "decode": decode,
    },
    "The engine": {
        "status": status,
        "start": start,
        "stop": stop,
        "restart": restart,
        "backup": backup,
        "restore": restore,
        "reindex": reindex,
        "control": control,
    },
    "Configuration": {
        "add": add,
        "set": set_settings,
        "remove": remove,
        "diff": diff,
        "apply": apply,
        "discard": discard,
        "secret": secret,
        "check": check,
        "schema": schema,
        "cert": cert,
    },
}


def add_to(app: typer.Typer) -> None:
    """Gives the application its commands."""
    for group, commands in _COMMANDS.items():
        for name, function in commands.items():
            app.command(name, cls=GroupedCommand, rich_help_panel=group)(function)
    app.add_typer(imports, name="import", rich_help_panel="Configuration")
    app.add_typer(script, name="script", rich_help_panel="Configuration")
