"""The bytes of a simulated device's HTTP requests."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from core.cli.simulator.credentials import Field
from core.cli.simulator.line import Target
from core.cli.simulator.signature import Signature

CHUNK = 256
"""Bytes of one chunk."""
BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that carry a body only where one is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What every request of a run has in common. A field in `headers` stands instead of one that would be made."""

    method: str = "POST"
    content_type: str = "application/json"
    headers: tuple[Field, ...] = ()
    credentials: tuple[Field, ...] = ()
    signature: Signature | None = None
    encoding: str | None = None
    """One of `core.cli.simulator.coding.CODINGS`."""
    chunked: bool = False
    last: bool = False
    """Each request is the only one on its connection."""
    body: bool = True


class Requests:
    """Makes requests of payloads for one target."""

    def __init__(self, target: Target, form: Form) -> None:
        self.form = form
        self._given = {name.lower() for name, _ in form.headers}
        fields: list[Field] = [("Host", target.authority)]
        fields += [("Content-Type", form.content_type)] if form.body else []
        fields += [("User-Agent", "tidegate-send")]
        fields += [("Content-Encoding", form.encoding)] if form.encoding and form.body else []
        fields += [("Connection", "close")] if form.last else []
        fields += form.credentials
        begin = f"{form.method} {target.path} HTTP/1.1\r\n".encode("latin-1")
        self._head = begin + self._lines(fields) + _lines(form.headers)
        self._timed = form.signature is not None and form.signature.timed
        self._payload: bytes | None = None
        self._made = b""

    def of(self, payload: bytes) -> bytes:
        """The request that carries a payload."""
        if payload is not self._payload or self._timed:
            self._payload, self._made = payload, self._make(payload)
        return self._made

    def _make(self, payload: bytes) -> bytes:
        form = self.form
        body = payload if form.body else b""
        if form.encoding and form.body:
            from core.cli.simulator.coding import encoded

            body = encoded(body, form.encoding)
        head = self._head
        if form.signature is not None:
            head += self._lines(form.signature.fields(body, time.time()))
        if not form.body:
            return head + b"\r\n"
        if form.chunked:
            return b"%b%b\r\n%b" % (head, self._lines([("Transfer-Encoding", "chunked")]), chunks(body))
        if self._given.isdisjoint(("content-length", "transfer-encoding")):
            head += b"Content-Length: %d\r\n" % len(body)
        return b"%b\r\n%b" % (head, body)

    def _lines(self, fields: list[Field]) -> bytes:
        return _lines(field for field in fields if field[0].lower() not in self._given)


def _lines(fields: Iterable[Field]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("latin-1")


def chunks(body: bytes) -> bytes:
    """A body in chunks (RFC 9112 7.1)."""
    pieces = (body[at : at + CHUNK] for at in range(0, len(body), CHUNK))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
