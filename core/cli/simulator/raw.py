"""Bytes as they are onto one connection, and what comes back: for requests that no client would make."""

import asyncio
import contextlib
import sys
import time
from dataclasses import dataclass

from core.cli.output import print_json
from core.cli.simulator.connect import connect_streams
from core.cli.simulator.line import Target, error_kind
from core.errors import TidegateError
from core.model.text import bytes_text, visible

MOST_BYTES = 1 << 20
"""Of what comes back; more is not waited for."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back; `end` is `closed` by the other side, `silent` (still open), `full`, or an error's kind."""

    sent: int
    received: bytes
    end: str
    seconds: float


async def exchange(target: Target, content: bytes, *, silence: float, half_close: bool) -> Exchange:
    """Sends, and reads until the other side closes or says nothing for `silence` seconds.

    `half_close` ends our sending side behind the bytes. TidegateError where nobody is there.
    """
    try:
        reader, writer = await connect_streams(target)
    except OSError as error:
        raise TidegateError(f"{target} cannot be reached: {error_kind(error)}") from error
    began, received = time.perf_counter(), bytearray()
    try:
        writer.write(content)
        if half_close:
            writer.write_eof()
        end = await _read(reader, received, silence)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return Exchange(len(content), bytes(received), end, time.perf_counter() - began)


async def _read(reader: asyncio.StreamReader, received: bytearray, silence: float) -> str:
    try:
        while len(received) < MOST_BYTES:
            async with asyncio.timeout(silence):
                piece = await reader.read(65536)
            if not piece:
                return "closed"
            received += piece
    except TimeoutError:
        return "silent"
    except OSError as error:
        return error_kind(error)
    return "full"


def print_exchange(done: Exchange, *, as_json: bool) -> None:
    """What came back on stdout, made visible where that is a terminal and else as it came; how it ended on stderr."""
    if as_json:
        about = {"sent": done.sent, "received": done.received.decode(errors="backslashreplace"), "end": done.end}
        print_json(about | {"seconds": round(done.seconds, 3)})
        return
    if sys.stdout.isatty():
        print(visible(done.received.decode(errors="backslashreplace").replace("\r\n", "\n"), lines=True))
    else:
        sys.stdout.buffer.write(done.received)
    sys.stdout.flush()
    ends = {"closed": "then the other side closed", "silent": "then silence", "full": "more is not waited for"}
    sentence = f"{bytes_text(len(done.received))} came back, {ends.get(done.end, done.end)}, {done.seconds:.1f} s"
    print(visible(sentence), file=sys.stderr)
