"""HTTP answers, made once as bytes (RFC 9110 section 15, RFC 9112 section 4)."""

import http
import time
from email.utils import formatdate

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RETRY_AFTER = 1
"""Seconds that a device is told to wait when it cannot be served now."""


class Answers:
    """Makes answers; those that are asked for again within the same second are the same bytes."""

    def __init__(self) -> None:
        self._second = 0
        self._date = b""
        self._made: dict[tuple[int, bytes, bool], bytes] = {}

    def make(self, status: int, body: bytes, *, close: bool = False, extra: bytes = b"") -> bytes:
        """An answer with Date and Content-Length; `extra` is whole header lines."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
            self._made.clear()
        key = (status, body, close)
        answer = self._made.get(key) if not extra else None
        if answer is None:
            answer = self._build(status, body, close, extra)
            if not extra and len(self._made) < 64:
                self._made[key] = answer
        return answer

    def _build(self, status: int, body: bytes, close: bool, extra: bytes) -> bytes:
        bodiless = status == http.HTTPStatus.NO_CONTENT
        lines = [b"HTTP/1.1 %d %s\r\nDate: %s\r\n" % (status, phrase(status), self._date)]
        if not bodiless:
            lines.append(b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n" % len(body))
        if close:
            lines.append(b"Connection: close\r\n")
        lines += [extra, b"\r\n", b"" if bodiless else body]
        return b"".join(lines)


def phrase(status: int) -> bytes:
    """The status's usual words."""
    try:
        return http.HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"
