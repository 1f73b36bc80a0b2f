"""`tidegate send`: simulated devices that send to a URL, or over TCP or UDP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from core.cli import send_arguments as the
from core.cli.front import JsonOption
from core.cli.send_options import (
    credential_fields,
    field_value,
    header_field,
    method_name,
    over_tls,
    over_udp,
    refuse_any,
    signature_of,
)

if TYPE_CHECKING:
    from core.cli.simulator.devices import Payloads
    from core.cli.simulator.line import Target
    from core.cli.simulator.request import Form
    from core.cli.simulator.simulation import MakeLine


def send(
    target: the.Target,
    rate: the.Rate = None,
    count: the.Count = None,
    seconds: the.Seconds = 0,
    connections: the.Connections = 1,
    close: the.Close = False,
    timeout: the.Timeout = None,
    device: the.Device = None,
    devices: the.Devices = 10,
    bad: the.Bad = 0,
    file: the.File = "",
    raw: the.Raw = False,
    half_close: the.HalfClose = False,
    frames: the.Frames = "",
    protocol: the.Protocol = "",
    profile: the.Profile = "",
    udp: the.Udp = False,
    expect: the.Expect = None,
    no_answer: the.NoAnswer = False,
    wait: the.Wait = False,
    split: the.SplitWay = None,
    seed: the.Seed = None,
    pause: the.Pause = None,
    hold: the.Hold = 0,
    method: the.Method = "POST",
    header: the.Header = None,
    content_type: the.ContentType = "application/json",
    chunked: the.Chunked = False,
    encoding: the.Encoding = None,
    gzip: the.Gzip = False,
    bearer: the.Bearer = "",
    basic: the.Basic = "",
    api_key: the.ApiKey = "",
    hmac: the.Hmac = None,
    tls: the.OverTls = False,
    ca: the.Authority = None,
    insecure: the.Insecure = False,
    cert: the.Certificate = None,
    key: the.Key = None,
    key_password: the.KeyPassword = "",
    server_name: the.ServerName = None,
    tls_version: the.TlsVersion = None,
    as_json: JsonOption = False,
) -> int:
    """Simulate devices that send to a URL or a port.

    They send LoRa gateway JSON with a wandering signal, at a steady rate, or the frames of a file or of a device
    profile, whose answers are checked. Every answer is counted by its status and every error by its kind. ctrl+c ends
    the run and says what it came to. With frames the exit status is 0 where all of them went out and were answered as
    expected.
    """
    from core.cli.send_frames import FrameOptions, Load, send_frames

    place = parse_target(target)
    framed = FrameOptions(
        frames=frames,
        protocol=protocol,
        profile=profile,
        devices=tuple(device or ()),
        udp=udp,
        expect=expect,
        no_answer=no_answer,
        wait=wait,
        split=split,
        seed=seed,
        pause=pause,
        hold=hold,
    )
    if udp:
        place = over_udp(place)
    used = {"--ca": ca, "--insecure": insecure, "--cert": cert, "--server-name": server_name}
    used |= {"--tls-version": tls_version, "--key": key, "--key-password": key_password}
    if tls or place.scheme == "https":
        place = over_tls(place, ca, insecure, cert, key, key_password, tls_version, server_name)
    else:
        refuse_any(used, "it is of TLS: write https:// or --tls")
    http = {"--header": header, "--chunked": chunked, "--encoding": encoding, "--gzip": gzip}
    http |= {"--bearer": bearer, "--basic": basic, "--api-key": api_key, "--hmac": hmac}
    if raw:
        refuse_any(http | framed.given, "it does nothing with --raw, which sends the bytes as they are")
        refuse_any(
            {"--rate": rate, "--count": count, "--seconds": seconds}, "it does nothing with --raw, which sends once"
        )
        if not file:
            raise typer.BadParameter("--raw sends the bytes of --file FILE", param_hint="--raw")
        return _send_raw(place, file, timeout or the.SILENCE, half_close=half_close, as_json=as_json)
    refuse_any({"--half-close": half_close}, "it is of --raw")
    if place.scheme in ("tcp", "udp"):
        refuse_any(http, "it is of HTTP: write an http:// or https:// URL")
    else:
        refuse_any(framed.given, "it is of TCP and UDP: write HOST:PORT or udp://HOST:PORT")
    if frames:
        refuse_any({"--file": file, "--device": device, "--bad": bad}, "--frames FILE says what is sent")
    if profile:
        refuse_any({"--file": file, "--frames": frames, "--bad": bad}, "--profile NAME says what is sent")
    payloads = _payloads(file, device or [], devices, bad / 100)
    if place.scheme == "udp" or any(framed.given.values()):
        load = Load(rate=rate, count=count, seconds=seconds, connections=connections, close=close, timeout=timeout)
        return send_frames(place, framed, load, payloads, as_json=as_json)

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
    pace = rate if rate is not None else (0.0 if count or seconds else the.GENTLE_RATE)
    plan = Plan(connections=connections, rate=pace, count=count or 0, seconds=seconds, timeout=timeout or the.TIMEOUT)
    summary = run_shown(place, line_maker(place, form), payloads, plan)
    report(summary, as_json=as_json)
    return 0 if summary.accepted else 1


def parse_target(text: str) -> Target:
    """A URL, udp://HOST:PORT, or HOST:PORT for raw TCP."""
    try:
        return _target(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a URL such as http://localhost:8484/lora nor HOST:PORT nor udp://HOST:PORT",
            param_hint="URL|HOST:PORT",
        ) from None


def _target(text: str) -> Target:
    from core.cli.simulator.line import Target

    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(text)
    parts = urlsplit(text if "://" in text else f"tcp://{text}")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    if parts.scheme not in ("http", "https", "tcp", "udp") or not parts.hostname or not port:
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
