"""HTTP answers, made once as bytes (RFC 9110 section 15, RFC 9112 section 4)."""

import http
import time
from email.utils import formatdate

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RETRY_AFTER = 1
"""Seconds that a device is told to wait when it cannot be served now."""


TEXT = "text/plain; charset=utf-8"
KEEP_ALIVE = b"Connection: keep-alive\r\n"
CLOSE = b"Connection: close\r\n"


class Answers:
    """Makes answers; those that are asked for again within the same second are the same bytes."""

    def __init__(self) -> None:
        self._second = 0
        self._date = b""
        self._made: dict[tuple[int, bytes, str, bytes], bytes] = {}

    def make(self, status: int, body: bytes, *, content_type: str = TEXT, extra: bytes = b"") -> bytes:
        """An answer with Date and Content-Length; `extra` is whole header lines."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._date = formatdate(second, usegmt=True).encode()
            self._made.clear()
        key = (status, body, content_type, extra)
        answer = self._made.get(key)
        if answer is None:
            answer = self._build(status, body, content_type, extra)
            if len(self._made) < 64 and len(body) <= 1024:
                self._made[key] = answer
        return answer

    def _build(self, status: int, body: bytes, content_type: str, extra: bytes) -> bytes:
        lines = [b"HTTP/1.1 %d %s\r\nDate: %s\r\n" % (status, phrase(status), self._date)]
        bodiless = status in (http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED)
        if not bodiless:
            described = b"Content-Type: %s\r\n" % content_type.encode() if content_type else b""
            lines.append(b"%sContent-Length: %d\r\n" % (described, len(body)))
        lines += [extra, b"\r\n", b"" if bodiless else body]
        return b"".join(lines)


def without_body(answer: bytes) -> bytes:
    """What HEAD is answered (RFC 9110 9.3.2): the same, but for its content."""
    return answer[: answer.index(b"\r\n\r\n") + 4]


def phrase(status: int) -> bytes:
    """The status's usual words."""
    try:
        return http.HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"
