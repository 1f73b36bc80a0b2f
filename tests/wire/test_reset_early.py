"""Devices that are gone before their answer: nobody else's answer is held up by that."""

import contextlib
import socket
import struct
from collections.abc import Callable

from tests.engine.stead import Stead, body, read_all

CLOSING = b"POST /x HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"


def test_resets_before_the_answer_hold_up_no_other_answer(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead()
    stead.serve()
    worker = stead.workers()
    request = CLOSING % (len(body("d")), body("d"))
    for _ in range(150):
        good = socket.create_connection(("127.0.0.1", stead.port), 10)
        bad = socket.create_connection(("127.0.0.1", stead.port), 10)
        bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        bad.sendall(request)
        good.sendall(request)
        with contextlib.suppress(OSError):
            bad.close()
        with good:
            assert read_all(good).startswith(b"HTTP/1.1 200 ")
    assert stead.workers() == worker
