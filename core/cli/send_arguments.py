"""What `tidegate send` can be told, in the groups of its help; `send_options` says what is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from core.cli.front import profile_names
from core.cli.send_options import SECRET

GENTLE_RATE = 10.0
TIMEOUT, SILENCE = 10.0, 2.0
"""Seconds for an answer, and without a byte after which `--raw` has seen it all."""
PLAIN = "A plain value works, but stands in the list of processes and in the shell's history."


def _in(group: str, *names: str, **more: Any) -> Any:
    """An option of one of the help's groups."""
    return typer.Option(*names, rich_help_panel=group, **more)


LOAD, PAYLOADS, FRAMES, REQUEST = "How much", "What is sent", "Frames over TCP and UDP", "HTTP requests"
SENDER, TLS = "Who sends", "TLS"

Target = Annotated[
    str, typer.Argument(metavar="URL|HOST:PORT", help="http(s)://HOST:PORT/PATH, raw TCP, or udp://HOST:PORT.")
]
Rate = Annotated[
    float | None,
    _in(
        LOAD,
        min=0,
        metavar="N",
        help="Requests or frames a second over all connections; 0 is as fast as answers come, which is also what "
        f"--count, --seconds and --frames do without it. Otherwise {GENTLE_RATE:g}.",
    ),
]
Count = Annotated[
    int | None,
    _in(
        LOAD, min=0, metavar="N", help="End after so many; 0 is without end. --frames alone are sent once a connection."
    ),
]
Seconds = Annotated[float, _in(LOAD, min=0, metavar="N", help="End after so long; 0 is without end.")]
Connections = Annotated[
    int, _in(LOAD, "--connections", "-c", min=1, max=20000, metavar="N", help="Kept open, each in turn.")
]
Close = Annotated[
    bool, _in(LOAD, "--connection-per-request", "--close", help="A new connection for each request, payload or frame.")
]
Timeout = Annotated[
    float | None,
    _in(
        LOAD,
        min=0.1,
        metavar="SECONDS",
        help=f"Of one answer; with --raw of silence.  [default: {TIMEOUT:g}, {SILENCE:g}]",
    ),
]

Device = Annotated[list[str] | None, _in(PAYLOADS, metavar="ID", help="A device's id; may be repeated.")]
Devices = Annotated[int, _in(PAYLOADS, min=1, metavar="N", help="How many devices where none is named.")]
Bad = Annotated[
    float, _in(PAYLOADS, min=0, max=100, metavar="PERCENT", help="Share of payloads that are cut off on their way.")
]
File = Annotated[
    str, _in(PAYLOADS, "--file", "--body", metavar="FILE", help="A file's bytes as the payload; - is stdin.")
]
Raw = Annotated[
    bool,
    _in(PAYLOADS, "--raw", help="Put the bytes of --file onto one connection as they are, and print what comes back."),
]
HalfClose = Annotated[bool, _in(PAYLOADS, "--half-close", help="With --raw: end our sending side behind the bytes.")]

Frames = Annotated[
    str,
    _in(
        FRAMES,
        "--frames",
        metavar="FILE",
        help="Frames to send, one a line: HEX, or HEX => HEX with the expected answer, or JSON with hex and ack_hex. "
        "- is stdin.",
    ),
]
Protocol = Annotated[
    str, _in(FRAMES, "--protocol", metavar="NAME", help="Only the JSON rows of this protocol, as they say it.")
]
Profile = Annotated[
    str,
    _in(
        FRAMES,
        "--profile",
        metavar="NAME",
        autocompletion=profile_names,
        help="Trackers of a device profile, such as gt06: a connection is one, logs in, reports. --device names them.",
    ),
]
Udp = Annotated[bool, _in(FRAMES, "--udp", help="A datagram a frame; the same as udp://HOST:PORT.")]
Expect = Annotated[str | None, _in(FRAMES, "--expect", metavar="HEX", help="The answer that each frame must get.")]
NoAnswer = Annotated[bool, _in(FRAMES, "--no-answer", help="No frame may be answered.")]
Wait = Annotated[
    bool, _in(FRAMES, "--wait", help="The next frame after the answer, as devices do; else without waiting.")
]
SplitWay = Annotated[
    str | None,
    _in(
        FRAMES,
        "--split",
        metavar="WAY",
        help="How frames are written: whole, bytes (one at a time), N bytes at a time, random cuts, or all in one "
        "burst. Cuts run across frames, but for --wait and --rate. Without it as a row's write_ends or write_size say, "
        "else whole.",
    ),
]
Seed = Annotated[int | None, _in(FRAMES, "--seed", metavar="N", help="The same random cuts again.")]
Pause = Annotated[
    float | None,
    _in(
        FRAMES,
        "--pause",
        min=0,
        max=60,
        metavar="SECONDS",
        help="Between pieces, so that they arrive apart.  [default: 0.001]",
    ),
]
Hold = Annotated[
    float,
    _in(
        FRAMES, "--hold", min=0, metavar="SECONDS", help="Keep all connections open, once the last has sent its frames."
    ),
]

Method = Annotated[str, _in(REQUEST, "--method", "-X", metavar="METHOD")]
Header = Annotated[
    list[str] | None,
    _in(
        REQUEST, "--header", "-H", metavar="NAME:VALUE", help="May be repeated; stands instead of a field of that name."
    ),
]
ContentType = Annotated[str, _in(REQUEST, metavar="TYPE")]
Chunked = Annotated[bool, _in(REQUEST, "--chunked", help="Bodies in chunks instead of with a length.")]
Encoding = Annotated[Literal["gzip", "deflate", "zstd"] | None, _in(REQUEST, help="Bodies are compressed so.")]
Gzip = Annotated[bool, _in(REQUEST, "--gzip", help="The same as --encoding gzip.")]

Bearer = Annotated[str, _in(SENDER, metavar="SECRET", help=f"A bearer token: {SECRET}. {PLAIN}")]
Basic = Annotated[str, _in(SENDER, metavar="USER:SECRET", help=f"A user and a password, as USER:{SECRET}.")]
ApiKey = Annotated[str, _in(SENDER, metavar="NAME=SECRET", help=f"A key in a header: X-API-Key={SECRET}, for example.")]
Hmac = Annotated[
    list[str] | None,
    _in(
        SENDER,
        metavar="KEY=VALUE",
        help=f"A signature of each body; repeated. secret={SECRET} alone signs as GitHub does, style=stripe as "
        "Stripe. The other keys are those of the hmac component: header, algorithm, encoding, prefix, signed, "
        "timestamp_header, timestamp_field, signature_field; age=SECONDS dates the signature back.",
    ),
]

OverTls = Annotated[bool, _in(TLS, "--tls", help="Raw TCP over TLS; https:// is anyway.")]
Authority = Annotated[
    Path | None,
    _in(TLS, "--ca", metavar="FILE", help="Trust this certificate or authority instead of the machine's."),
]
Insecure = Annotated[bool, _in(TLS, "--insecure", "-k", help="Trust any certificate.")]
Certificate = Annotated[Path | None, _in(TLS, "--cert", metavar="FILE", help="The device's own certificate.")]
Key = Annotated[Path | None, _in(TLS, metavar="FILE", help="Its key, where --cert does not hold it.")]
KeyPassword = Annotated[str, _in(TLS, metavar="SECRET", help=f"The key's password: {SECRET}.")]
ServerName = Annotated[
    str | None, _in(TLS, metavar="NAME", help="Whose certificate is expected, where it is not the target's.")
]
TlsVersion = Annotated[Literal["1.2", "1.3"] | None, _in(TLS, help="This version and no other.")]
