"""A simulated device that speaks HTTP/1.1, over a connection kept open or one for each request."""

import time
from collections.abc import Callable

import h11

from core.cli.simulator.line import Line, Target
from core.cli.simulator.request import Form, Requests
from core.cli.simulator.tally import Tally

MAX_HEAD = 64 * 1024
"""Bytes of an answer's head; more is no answer to a device."""


class HttpLine(Line):
    """One request at a time; the answers that servers usually give are read without h11, the others by it."""

    def __init__(
        self,
        target: Target,
        tally: Tally,
        on_idle: Callable[[Line], None],
        requests: Requests | None = None,
    ) -> None:
        super().__init__(target, tally, on_idle)
        self._requests = requests or Requests(target, Form())
        self._method = self._requests.form.method
        self._last = self._requests.form.last
        self._buffer = bytearray()
        self._judge: h11.Connection | None = None
        self._status = 0

    def send(self, payload: bytes) -> None:
        self.write(self._requests.of(payload))

    def data_received(self, data: bytes) -> None:
        if self._judge is not None:
            self._judged(data)
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                self.fail("malformed answer")
            return
        head = bytes(self._buffer[:end]).lower()
        length = None if self._method == "HEAD" else _plain_length(head)
        if length is None:
            self._judged(bytes(self._buffer))
        elif len(self._buffer) >= end + 4 + length:
            self._finish(int(head[9:12]), last=self._last or b"\r\nconnection: close" in head)

    def eof_received(self) -> None:
        if self._judge is not None and self.busy:
            self._judged(b"")

    def _judged(self, data: bytes) -> None:
        """Reads an answer that is chunked, without a length, informational or empty by its status."""
        if self._judge is None:
            self._judge = h11.Connection(h11.CLIENT)
            self._judge.send(
                h11.Request(method=self._method, target=self.target.path, headers=[("Host", self.target.authority)])
            )
            self._judge.send(h11.EndOfMessage())
        try:
            self._judge.receive_data(data)
            while (event := self._judge.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    self._status = event.status_code
                elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                    self._finish(self._status, last=self._last or self._judge.their_state is not h11.DONE)
                    return
        except h11.RemoteProtocolError:
            self.fail("malformed answer")

    def _finish(self, status: int, *, last: bool) -> None:
        if not self.busy:
            self.fail("")  # an answer to nothing: whoever that is, it is no HTTP server
            return
        self.busy = False
        self._buffer.clear()
        self._judge = None
        self.tally.answered(status, time.perf_counter() - self.since)
        if last:
            self.close()
        else:
            self.on_idle(self)


def _plain_length(head: bytes) -> int | None:
    """The body's length where a head says it in the plainest way; None where h11 should read it."""
    at = head.find(b"\r\ncontent-length:")
    status = head[9:12]
    if at < 0 or not head.startswith(b"http/1.1 ") or not status.isdigit() or status < b"200" or status in _EMPTY:
        return None
    if b"\r\ntransfer-encoding:" in head:
        return None
    stop = head.find(b"\r\n", at + 2)
    digits = head[at + 17 : stop if stop >= 0 else None].strip()
    return int(digits) if digits.isdigit() else None


_EMPTY = (b"204", b"304")
