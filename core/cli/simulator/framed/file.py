"""Files of frames: a frame a line, as plain hex or as JSON.

    78 78 05 13 00 01 e9 f1 0d 0a => 78780513 0001e9f10d0a    # heartbeat
    {"id": "login", "protocol": "gt06", "transport": "tcp", "hex": "78780d01…", "ack_hex": "78780501…"}

Plain: HEX, then `=>` and the answer that is expected, where one is known; nothing behind the arrow means that none may
come. Blanks and colons may stand between the digits, `0x` before them. A comment behind a frame is its name.

JSON: `hex`, and where known `ack_hex` (the answer), `id` (its name), `protocol` and `transport` (`tcp` or `udp`), by
which rows are left out, and `write_ends` (where each write ends) or `write_size` (bytes of a write). Other keys are
passed over.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from core.cli.simulator.framed.exchange import Exchange
from core.errors import TidegateError

MOST_DATAGRAM = 65507
"""Bytes that one UDP datagram holds over IPv4."""


class FramesFault(TidegateError):
    """What is wrong with a file of frames, with its line."""


class _Row(msgspec.Struct):
    hex: str
    ack_hex: str | None = None
    id: str | int | None = None
    protocol: str = ""
    transport: str = ""
    write_ends: list[int] | None = None
    write_size: int | None = None


@dataclass(frozen=True, slots=True)
class FrameFile:
    """The frames that were asked for, and how many rows were left out by their protocol or transport."""

    exchanges: list[Exchange]
    left_out: Counter[str] = field(default_factory=Counter[str])


def read_frames(text: str, *, protocol: str = "", transport: str = "tcp") -> FrameFile:
    """The frames of a file's text in their order; a row that does not say its transport or protocol is of any
    transport, and of no protocol. FramesFault names the first line that is none."""
    exchanges: list[Exchange] = []
    left_out: Counter[str] = Counter()
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        try:
            row = _json_row(content) if content.startswith("{") else _plain_row(content)
            exchange = _exchange(row, str(number))
        except ValueError as error:
            raise FramesFault(f"line {number}: {error}") from error
        if protocol and row.protocol != protocol:
            left_out[row.protocol or "no protocol"] += 1
        elif row.transport and row.transport != transport:
            left_out[row.transport] += 1
        elif transport == "udp" and len(exchange.sent) > MOST_DATAGRAM:
            raise FramesFault(f"line {number}: {len(exchange.sent):,} bytes are more than a datagram holds")
        else:
            exchanges.append(exchange)
    return FrameFile(exchanges, left_out)


def read_hex(text: str) -> bytes:
    """Bytes of hex digits, with blanks and colons between them and `0x` before them; ValueError says what is none."""
    digits = re.sub(r"[\s:]+", "", text).removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]*", digits):
        strange = re.search(r"[^0-9a-fA-F]", digits)
        raise ValueError(f"{strange[0] if strange else digits!r} is no hex digit")
    if len(digits) % 2:
        raise ValueError("a hex digit is missing: they come in pairs")
    return bytes.fromhex(digits)


def _plain_row(line: str) -> _Row:
    content, _, comment = line.partition("#")
    sent, arrow, answer = content.partition("=>")
    return _Row(hex=sent, ack_hex=answer if arrow else None, id=comment.strip() or None)


def _json_row(line: str) -> _Row:
    try:
        return msgspec.json.decode(line, type=_Row)
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"it is no JSON: {error}") from error


def _exchange(row: _Row, number: str) -> Exchange:
    sent = read_hex(row.hex)
    if not sent:
        raise ValueError("a frame without a byte")
    answer = None if row.ack_hex is None else read_hex(row.ack_hex)
    name = number if row.id is None else str(row.id)
    return Exchange(sent, answer, name, _writes(row, len(sent)))


def _writes(row: _Row, length: int) -> tuple[int, ...]:
    if row.write_ends is not None:
        ends = row.write_ends
        if not ends or ends != sorted(set(ends)) or ends[0] < 1 or ends[-1] != length:
            raise ValueError(f"write_ends must rise from 1 at least to the frame's length, {length}")
        return tuple(ends)
    if row.write_size is not None:
        if row.write_size < 1:
            raise ValueError("write_size must be 1 at least")
        return (*range(row.write_size, length, row.write_size), length)
    return ()
