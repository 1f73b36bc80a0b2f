"""Content codings (RFC 9110 8.4): what a device compressed, as it was; never more than is allowed."""

import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Final

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

from core.wire.http_syntax import BadHead

MOST_CODINGS: Final = 2
"""Codings one over the other; no device has a reason for more, and each multiplies what a few bytes can become."""
_WINDOW_LOG: Final = 23
"""zstd's window: 8 MiB, as RFC 8878 3.1.1.1.2 recommends; one of 128 MiB would be allocated for a few bytes."""
_GZIP, _ZLIB, _RAW = 31, 15, -15


class _TooMuch(Exception):
    pass


def _inflated(body: bytes, limit: int, *, wbits: int) -> bytes:
    """One or more members behind each other (gzip has them)."""
    parts: list[bytes] = []
    room = limit
    while True:
        member = zlib.decompressobj(wbits)
        part = member.decompress(body, room + 1)
        room -= len(part)
        if room < 0:
            raise _TooMuch
        parts.append(part)
        if not member.eof:
            raise zlib.error("it ends too early")
        body = member.unused_data
        if not body:
            return b"".join(parts)
        if wbits != _GZIP:
            raise zlib.error("bytes follow it")


def _deflated(body: bytes, limit: int) -> bytes:
    """zlib's format, as the RFC says, or the bare stream that many clients send for it."""
    wrapped = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _inflated(body, limit, wbits=_ZLIB if wrapped else _RAW)


def _zstandard(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    room = limit
    while body:
        frame = ZstdDecompressor(options={DecompressionParameter.window_log_max: _WINDOW_LOG})
        part = frame.decompress(body, room + 1)
        room -= len(part)
        if room < 0:
            raise _TooMuch
        parts.append(part)
        if not frame.eof:
            raise ZstdError("it ends too early")
        body = frame.unused_data
    return b"".join(parts)


_DECODERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": partial(_inflated, wbits=_GZIP),
    "x-gzip": partial(_inflated, wbits=_GZIP),
    "deflate": _deflated,
    "zstd": _zstandard,
}
ACCEPTED: Final = "gzip, deflate, zstd"
"""What Accept-Encoding says beside a 415 (RFC 9110 12.5.3)."""


def codings_of(field: str) -> tuple[str, ...]:
    """The codings that a Content-Encoding field names, in the order in which they were laid over the content; 415 where
    one is not known here."""
    names = [name.strip().lower() for name in field.split(",")]
    codings = tuple(name for name in names if name and name != "identity")
    for coding in codings:
        if coding not in _DECODERS:
            raise BadHead(415, "a content coding that is not known here")
    if len(codings) > MOST_CODINGS:
        raise BadHead(415, f"more than {MOST_CODINGS} content codings")
    return codings


def uncoded(body: bytes, codings: tuple[str, ...], limit: int) -> bytes:
    """The content without its codings; 413 where it is more than `limit` bytes, 400 where it is not what it says."""
    for coding in reversed(codings):
        try:
            body = _DECODERS[coding](body, limit)
        except _TooMuch:
            raise BadHead(413, f"the body is larger than {limit} bytes once it is decompressed") from None
        except (zlib.error, ZstdError, EOFError) as error:
            raise BadHead(400, f"the body is no {coding}: {error}") from None
    return body
