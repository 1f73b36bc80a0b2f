"""Content codings (RFC 9110 8.4.1) of what simulated devices send."""

import gzip
import sys
import zlib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS = ("gzip", "deflate", "zstd")


def encoded(body: bytes, coding: str) -> bytes:
    """A body in one of `CODINGS`; the same body gives the same bytes. deflate is what RFC 9110 means by it: zlib's."""
    match coding:
        case "gzip":
            return gzip.compress(body, mtime=0)
        case "deflate":
            return zlib.compress(body)
        case _:
            return zstd.compress(body)
