"""HTTP bodies that are not simply counted: chunked, awaited with Expect, or of HTTP/1.0. h11 reads them whole."""

import h11

from core.wire.http_head import BadHead


class JudgedBody:
    """The body of one request, read by h11 from the head on."""

    def __init__(self, raw_head: bytes, *, max_head: int, max_body: int) -> None:
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=max_head)
        self._connection.receive_data(raw_head)
        self._connection.next_event()
        self._max_body = max_body
        self._parts: list[bytes] = []
        self.size = 0
        self.done = False

    def feed(self, data: bytes) -> None:
        """More bytes of the connection; BadHead (400, 413) where they are no body that is allowed."""
        try:
            if data:
                self._connection.receive_data(data)
            while not self.done:
                event = self._connection.next_event()
                if isinstance(event, h11.Data):
                    self._parts.append(bytes(event.data))
                    self.size += len(event.data)
                    if self.size > self._max_body:
                        raise BadHead(413, f"the body is larger than {self._max_body} bytes")
                elif isinstance(event, h11.EndOfMessage):
                    self.done = True
                else:
                    return
        except h11.RemoteProtocolError as error:
            raise BadHead(400, str(error)) from error

    def payload(self) -> bytes:
        """What was read of the body so far; all of it once it is `done`."""
        return b"".join(self._parts)

    def trailing(self) -> bytes:
        """Bytes that came after this request."""
        return self._connection.trailing_data[0]
