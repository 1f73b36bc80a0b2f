"""`tidegate send`: simulated devices that send to a URL or to a TCP port."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from core.cli.front import JsonOption
from core.cli.send_options import (
    SECRET,
    credential_fields,
    field_value,
    header_field,
    method_name,
    over_tls,
    refuse_any,
    signature_of,
)

if TYPE_CHECKING:
    from core.cli.simulator.devices import Payloads
    from core.cli.simulator.line import Target
    from core.cli.simulator.request import Form
    from core.cli.simulator.simulation import MakeLine

GENTLE_RATE = 10.0
TIMEOUT, SILENCE = 10.0, 2.0
"""Seconds for an answer, and without a byte after which `--raw` has seen it all."""
PLAIN = "A plain value works, but stands in the list of processes and in the shell's history."


def _in(group: str, *names: str, **more: Any) -> Any:
    """An option of one of the help's groups."""
    return typer.Option(*names, rich_help_panel=group, **more)


LOAD, PAYLOADS, REQUEST, SENDER, TLS = "How much", "What is sent", "HTTP requests", "Who sends", "TLS"


def send(
    target: Annotated[str, typer.Argument(metavar="URL|HOST:PORT", help="http(s)://HOST:PORT/PATH, or raw TCP.")],
    rate: Annotated[
        float | None,
        _in(
            LOAD,
            min=0,
            metavar="N",
            help="Requests a second over all connections; 0 is as fast as answers come, which is also what --count and "
            f"--seconds do without it. Otherwise {GENTLE_RATE:g}.",
        ),
    ] = None,
    count: Annotated[int, _in(LOAD, min=0, metavar="N", help="End after so many; 0 is without end.")] = 0,
    seconds: Annotated[float, _in(LOAD, min=0, metavar="N", help="End after so long; 0 is without end.")] = 0,
    connections: Annotated[
        int, _in(LOAD, "--connections", "-c", min=1, max=20000, metavar="N", help="Kept open, each in turn.")
    ] = 1,
    close: Annotated[
        bool, _in(LOAD, "--connection-per-request", "--close", help="A new connection for each request or payload.")
    ] = False,
    timeout: Annotated[
        float | None,
        _in(
            LOAD,
            min=0.1,
            metavar="SECONDS",
            help=f"Of one answer; with --raw of silence.  [default: {TIMEOUT:g}, {SILENCE:g}]",
        ),
    ] = None,
    device: Annotated[list[str] | None, _in(PAYLOADS, metavar="ID", help="A device's id; may be repeated.")] = None,
    devices: Annotated[int, _in(PAYLOADS, min=1, metavar="N", help="How many devices where none is named.")] = 10,
    bad: Annotated[
        float, _in(PAYLOADS, min=0, max=100, metavar="PERCENT", help="Share of payloads that are cut off on their way.")
    ] = 0,
    file: Annotated[
        str, _in(PAYLOADS, "--file", "--body", metavar="FILE", help="A file's bytes as the payload; - is stdin.")
    ] = "",
    raw: Annotated[
        bool,
        _in(
            PAYLOADS,
            "--raw",
            help="Put the bytes of --file onto one connection as they are, and print what comes back.",
        ),
    ] = False,
    half_close: Annotated[
        bool, _in(PAYLOADS, "--half-close", help="With --raw: end our sending side behind the bytes.")
    ] = False,
    method: Annotated[str, _in(REQUEST, "--method", "-X", metavar="METHOD")] = "POST",
    header: Annotated[
        list[str] | None,
        _in(
            REQUEST,
            "--header",
            "-H",
            metavar="NAME:VALUE",
            help="May be repeated; stands instead of a field of that name.",
        ),
    ] = None,
    content_type: Annotated[str, _in(REQUEST, metavar="TYPE")] = "application/json",
    chunked: Annotated[bool, _in(REQUEST, "--chunked", help="Bodies in chunks instead of with a length.")] = False,
    encoding: Annotated[
        Literal["gzip", "deflate", "zstd"] | None, _in(REQUEST, help="Bodies are compressed so.")
    ] = None,
    gzip: Annotated[bool, _in(REQUEST, "--gzip", help="The same as --encoding gzip.")] = False,
    bearer: Annotated[str, _in(SENDER, metavar="SECRET", help=f"A bearer token: {SECRET}. {PLAIN}")] = "",
    basic: Annotated[str, _in(SENDER, metavar="USER:SECRET", help=f"A user and a password, as USER:{SECRET}.")] = "",
    api_key: Annotated[
        str, _in(SENDER, metavar="NAME=SECRET", help=f"A key in a header: X-API-Key={SECRET}, for example.")
    ] = "",
    hmac: Annotated[
        list[str] | None,
        _in(
            SENDER,
            metavar="KEY=VALUE",
            help=f"A signature of each body; repeated. secret={SECRET} alone signs as GitHub does, style=stripe as "
            "Stripe. The other keys are those of the hmac component: header, algorithm, encoding, prefix, signed, "
            "timestamp_header, timestamp_field, signature_field; age=SECONDS dates the signature back.",
        ),
    ] = None,
    tls: Annotated[bool, _in(TLS, "--tls", help="Raw TCP over TLS; https:// is anyway.")] = False,
    ca: Annotated[
        Path | None, _in(TLS, metavar="FILE", help="Trust this certificate or authority instead of the machine's.")
    ] = None,
    insecure: Annotated[bool, _in(TLS, "--insecure", "-k", help="Trust any certificate.")] = False,
    cert: Annotated[Path | None, _in(TLS, metavar="FILE", help="The device's own certificate.")] = None,
    key: Annotated[Path | None, _in(TLS, metavar="FILE", help="Its key, where --cert does not hold it.")] = None,
    key_password: Annotated[str, _in(TLS, metavar="SECRET", help=f"The key's password: {SECRET}.")] = "",
    server_name: Annotated[
        str | None, _in(TLS, metavar="NAME", help="Whose certificate is expected, where it is not the target's.")
    ] = None,
    tls_version: Annotated[Literal["1.2", "1.3"] | None, _in(TLS, help="This version and no other.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Simulate devices that send to a URL or a port.

    They send LoRa gateway JSON with a wandering signal, at a steady rate. Every answer is counted by its status and
    every error by its kind. ctrl+c ends the run and says what it came to.
    """
    place = parse_target(target)
    used = {"--ca": ca, "--insecure": insecure, "--cert": cert, "--server-name": server_name}
    used |= {"--tls-version": tls_version, "--key": key, "--key-password": key_password}
    if tls or place.scheme == "https":
        place = over_tls(place, ca, insecure, cert, key, key_password, tls_version, server_name)
    else:
        refuse_any(used, "it is of TLS: write https:// or --tls")
    http = {"--header": header, "--chunked": chunked, "--encoding": encoding, "--gzip": gzip}
    http |= {"--bearer": bearer, "--basic": basic, "--api-key": api_key, "--hmac": hmac}
    if raw:
        refuse_any(http, "it does nothing with --raw, which sends the bytes as they are")
        refuse_any(
            {"--rate": rate, "--count": count, "--seconds": seconds}, "it does nothing with --raw, which sends once"
        )
        if not file:
            raise typer.BadParameter("--raw sends the bytes of --file FILE", param_hint="--raw")
        return _send_raw(place, file, timeout or SILENCE, half_close=half_close, as_json=as_json)
    refuse_any({"--half-close": half_close}, "it is of --raw")
    if place.scheme == "tcp":
        refuse_any(http, "it is of HTTP: write an http:// or https:// URL")

    from core.cli.simulator.report import report, run_shown
    from core.cli.simulator.request import BODILESS, Form
    from core.cli.simulator.simulation import Plan

    form = Form(
        method=method_name(method),
        content_type=field_value(content_type, "--content-type"),
        headers=tuple(map(header_field, header or ())),
        credentials=tuple(credential_fields(bearer, basic, api_key)),
        signature=signature_of(hmac),
        encoding=encoding or ("gzip" if gzip else None),
        chunked=chunked,
        last=close,
        body=bool(file) or method.upper() not in BODILESS,
    )
    pace = rate if rate is not None else (0.0 if count or seconds else GENTLE_RATE)
    plan = Plan(connections=connections, rate=pace, count=count, seconds=seconds, timeout=timeout or TIMEOUT)
    payloads = _payloads(file, device or [], devices, bad / 100)
    summary = run_shown(place, line_maker(place, form), payloads, plan)
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


def line_maker(target: Target, form: Form) -> MakeLine:
    """Makes the connections that `target` is spoken to over."""
    from core.cli.simulator.http import HttpLine
    from core.cli.simulator.request import Requests
    from core.cli.simulator.tcp import LineByLine, OneEach

    if target.scheme == "tcp":
        return lambda tally, on_idle: (OneEach if form.last else LineByLine)(target, tally, on_idle)
    requests = Requests(target, form)
    return lambda tally, on_idle: HttpLine(target, tally, on_idle, requests)


def _send_raw(target: Target, file: str, silence: float, *, half_close: bool, as_json: bool) -> int:
    import asyncio

    from core.cli.simulator.raw import exchange, print_exchange

    if half_close and target.tls is not None:
        raise typer.BadParameter("TLS has no half-closed connection", param_hint="--half-close")
    done = asyncio.run(exchange(target, _content(file), silence=silence, half_close=half_close))
    print_exchange(done, as_json=as_json)
    return 0 if done.received else 1


def _payloads(file: str, named: list[str], count: int, bad: float) -> Payloads:
    from core.cli.simulator.devices import device_ids, lora

    if not file:
        return lora(named or device_ids(count), bad=bad)
    content = _content(file)
    return lambda: content


def _content(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
