"""The command `tidegate`: what it offers and how it ends.

Exit status: 0 done, 1 it failed, 2 wrong usage, 130 interrupted. Errors go to stderr, one line each.
"""

import os
import sys
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from core import VERSION
from core.cli import commands
from core.cli.front import Front, HomeOption, OpenConsole
from core.errors import ConfigurationError, TidegateError


class _Grouped(TyperGroup):
    """`tidegate --help` lists the commands by what they are for; a reader that goes away ends a command quietly."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # typer's own types for these two are private
        groups: dict[str, list[tuple[str, str]]] = {}
        width = max(len(name) for name in self.commands)
        for name, command in self.commands.items():
            group = str(getattr(command, "rich_help_panel", None) or "Commands")
            brief = command.get_short_help_str(formatter.width - width - 6)
            groups.setdefault(group, []).append((name.ljust(width), brief))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            return _reader_gone()
        return status


def _reader_gone() -> int:
    """`tidegate events | head`: what was asked for was given, and the flush at exit must not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


app = typer.Typer(
    cls=_Grouped,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich's help takes 100 ms more to come up
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"tidegate {VERSION}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def tidegate(
    ctx: typer.Context,
    home: HomeOption = None,
    readonly: Annotated[bool, typer.Option("--readonly", help="Open a console that can change nothing.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="The version.", callback=_say_version, is_eager=True)
    ] = False,
) -> int:
    """Brings device data in. Without a command: the console, on the engine of this home."""
    if home is not None:
        os.environ["TIDEGATE_HOME"] = str(home)  # so that --home may stand before a command, too
    if ctx.invoked_subcommand is not None:
        return 0
    from core.config.home import find_home

    front: Front = ctx.obj
    front.check_terminal("`tidegate --help` lists the commands, `tidegate serve` runs the engine alone")
    return front.open_console(find_home(home), demo=False, readonly=readonly)


commands.add_to(app)


def run(open_console: OpenConsole) -> NoReturn:
    """Runs the process's command line and exits with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✕ gets ?, never a traceback
    sys.exit(_status(sys.argv[1:], open_console))


def _status(arguments: list[str], open_console: OpenConsole) -> int:
    for argument in arguments:
        if any("\ud800" <= char <= "\udfff" for char in argument):  # how Python shows bytes that are no UTF-8
            return _fail(f"{argument!r} is not UTF-8", 2)
    try:
        status = app(arguments, prog_name="tidegate", standalone_mode=False, obj=Front(open_console))
    except typer.TyperException as fault:
        context = getattr(fault, "ctx", None)
        hint = f"; see {context.command_path} --help" if context else ""
        return _fail(fault.format_message().rstrip(".") + hint, fault.exit_code)
    except ConfigurationError as error:
        for fault in error.faults:
            _fail(str(fault))
        return 1
    except TidegateError as error:
        return _fail(str(error))
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:
        return _fail(": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
    return status if isinstance(status, int) else 0


def _fail(sentence: str, status: int = 1) -> int:
    from core.model.text import visible

    sys.stderr.write(f"tidegate: {visible(sentence, lines=True)}\n")
    return status
