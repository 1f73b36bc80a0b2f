"""`tidegate decode`: a source's decoder over bytes, storing nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, source_paths

if TYPE_CHECKING:
    from core.control.scripts import Trial


def decode(
    source: Annotated[str, typer.Argument(metavar="TENANT/SOURCE", autocompletion=source_paths)],
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="The payload; - or nothing is stdin.")] = "-",
    staged: Annotated[bool, typer.Option("--staged", help="With the decoder that is staged.")] = False,
    meta: Annotated[
        list[str] | None,
        typer.Option(
            "--meta", metavar="KEY=VALUE", help="Metadata for the script, as http.path=/lora; may be repeated."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Run a source's decoder over bytes, storing nothing.

    Events go to stdout, what the script printed and why it failed to stderr.
    """
    from core.cli.reach import with_engine
    from core.control.scripts import Trial, TryDecode
    from core.errors import TidegateError
    from core.model.text import visible

    tenant, slash, name = source.partition("/")
    if not (tenant and slash and name):
        raise typer.BadParameter(f"{source!r} names no event source: write TENANT/SOURCE", param_hint="TENANT/SOURCE")
    payload = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    wanted = TryDecode(tenant=tenant, source=name, payload=payload, metadata=_metadata(meta or []), staged=staged)
    trial = with_engine(home, lambda engine: engine.call("decode.try", wanted, Trial))
    for line in trial.log.splitlines():
        sys.stderr.write(visible(line, lines=True) + "\n")
    _print(trial, as_json)
    if trial.outcome == "failed":
        raise TidegateError(trial.reason or "the decoder failed")
    return 0


def _print(trial: Trial, as_json: bool) -> None:
    from core.cli.lines import trial_lines
    from core.cli.output import print_json, terminal
    from core.model.events import event_json

    if as_json:
        for event in trial.events:
            print_json(event_json(event))
    elif trial.outcome == "decoded":
        terminal().print(trial_lines(trial))


def _metadata(pairs: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in pairs:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{text!r} is no metadata: write key=value", param_hint="--meta")
        given[key] = value
    return given
