"""`tidegate send`: simulated devices that send to a URL or to a TCP port."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from core.cli.front import JsonOption

if TYPE_CHECKING:
    from core.cli.simulator.devices import Payloads
    from core.cli.simulator.line import Target
    from core.cli.simulator.simulation import MakeLine

GENTLE_RATE = 10.0


def send(
    target: Annotated[str, typer.Argument(metavar="URL|HOST:PORT", help="http://HOST:PORT/PATH, or raw TCP.")],
    rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Requests a second over all connections; 0 is as fast as answers come, which is also what --count and "
            f"--seconds do without it. Otherwise {GENTLE_RATE:g}.",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=0, metavar="N", help="End after so many; 0 is without end.")] = 0,
    seconds: Annotated[float, typer.Option(min=0, metavar="N", help="End after so long; 0 is without end.")] = 0,
    connections: Annotated[
        int, typer.Option("--connections", "-c", min=1, max=20000, metavar="N", help="Kept open, each in turn.")
    ] = 1,
    device: Annotated[list[str] | None, typer.Option(metavar="ID", help="A device's id; may be repeated.")] = None,
    devices: Annotated[int, typer.Option(min=1, metavar="N", help="How many devices where none is named.")] = 10,
    bad: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Share of payloads that are cut off on their way.")
    ] = 0,
    body: Annotated[str, typer.Option(metavar="FILE", help="Send a file's bytes instead; - is stdin.")] = "",
    content_type: Annotated[str, typer.Option(metavar="TYPE")] = "application/json",
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME:VALUE", help="May be repeated.")
    ] = None,
    method: Annotated[str, typer.Option("--method", "-X", metavar="METHOD")] = "POST",
    close: Annotated[bool, typer.Option("--close", help="Raw TCP: a connection for each payload.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="Of one answer.")] = 10,
    as_json: JsonOption = False,
) -> int:
    """Simulate devices that send to a URL or a port.

    They send LoRa gateway JSON with a wandering signal, at a steady rate. Every answer is counted by its status and
    every error by its kind. ctrl+c ends the run and says what it came to.
    """
    from core.cli.simulator.report import report, run_shown
    from core.cli.simulator.simulation import Plan

    place = parse_target(target)
    headers = [("Content-Type", content_type), ("User-Agent", "tidegate-send"), *map(_header, header or ())]
    pace = rate if rate is not None else (0.0 if count or seconds else GENTLE_RATE)
    plan = Plan(connections=connections, rate=pace, count=count, seconds=seconds, timeout=timeout)
    payloads = _payloads(body, device or [], devices, bad / 100)
    summary = run_shown(place, line_maker(place, method.upper(), headers, close=close), payloads, plan)
    report(summary, as_json=as_json)
    return 0 if summary.accepted else 1


def parse_target(text: str) -> Target:
    """A URL, or HOST:PORT for raw TCP."""
    try:
        return _target(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a URL such as http://localhost:8484/lora nor HOST:PORT", param_hint="URL|HOST:PORT"
        ) from None


def _target(text: str) -> Target:
    from core.cli.simulator.line import Target

    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(text)
    parts = urlsplit(text if "://" in text else f"tcp://{text}")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    if parts.scheme not in ("http", "https", "tcp") or not parts.hostname or not port:
        raise ValueError(text)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def line_maker(target: Target, method: str, headers: list[tuple[str, str]], *, close: bool = False) -> MakeLine:
    """Makes the connections that `target` is spoken to over."""
    from core.cli.simulator.http import HttpLine
    from core.cli.simulator.tcp import LineByLine, OneEach

    if target.scheme == "tcp":
        return lambda tally, on_idle: (OneEach if close else LineByLine)(target, tally, on_idle)
    return lambda tally, on_idle: HttpLine(target, tally, on_idle, method=method, headers=headers)


def _payloads(body: str, named: list[str], count: int, bad: float) -> Payloads:
    from core.cli.simulator.devices import device_ids, lora

    if not body:
        return lora(named or device_ids(count), bad=bad)
    content = sys.stdin.buffer.read() if body == "-" else Path(body).read_bytes()
    return lambda: content


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not (text.isascii() and text.isprintable()):
        raise typer.BadParameter(f"{text!r} is no header: write 'Name: value'", param_hint="--header")
    return name.strip(), value.strip()
