"""`tidegate send` over UDP."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.cli.serving import serving
from tests.cli.test_send_frames import FRAMES, UNKNOWN, send
from tests.cli.tidegate import tidegate


@contextmanager
def datagrams(answer: Callable[[bytes], list[bytes]]) -> Iterator[tuple[int, list[tuple[bytes, Any]]]]:
    """A UDP server in a thread: its port, and what came with its sender. An empty datagram ends it."""
    came: list[tuple[bytes, Any]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while (received := server.recvfrom(65536))[0]:
                came.append(received)
                for each in answer(received[0]):
                    server.sendto(each, received[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", server.getsockname())
            thread.join(10)


def test_a_datagram_a_frame_and_its_answer_to_the_socket_that_sent_it() -> None:
    with datagrams(lambda data: [data.upper()]) as (port, came):
        done = send(f"udp://127.0.0.1:{port}", "--connections", "5", "--wait", "--json")
    assert (done.objects[0]["right"], done.status) == (15, 0)
    assert sorted(data for data, _ in came) == sorted(FRAMES * 5)
    assert len({sender for _, sender in came}) == 5


def test_datagrams_that_get_no_answer_or_another() -> None:
    answers = {FRAMES[0]: [], FRAMES[1]: [b"no"], FRAMES[2]: [b"THIRD.", b"THIRD."]}
    with datagrams(lambda data: answers[data]) as (port, _):
        done = send(f"127.0.0.1:{port}", "--udp", "--wait", "--timeout", "0.3", "--json")
    told = done.objects[0]
    assert [told[kind] for kind in ("right", "wrong", "missing", "unexpected")] == [1, 1, 1, 1]
    assert done.status == 1


def test_nobody_there_is_an_error_over_udp_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    done = send(f"udp://127.0.0.1:{port}", "--wait", "--timeout", "0.2", "--json", input=UNKNOWN)
    assert done.objects[0]["errors"]["refused"] >= 1
    assert done.status == 1


def test_payloads_go_as_datagrams_and_lines_are_checked_too() -> None:
    with datagrams(lambda data: [b"ok"]) as (port, came):
        done = tidegate("send", f"udp://127.0.0.1:{port}", "--count", "4", "--expect", "6f6b", "--json")
    assert done.objects[0]["right"] == 4
    assert [json.loads(data)["port"] for data, _ in came] == [1] * 4
    with serving(lambda seen, data: b"OK\n" * data.count(b"\n")) as server:
        target = f"127.0.0.1:{server.port}"
        done = tidegate("send", target, "--count", "4", "--expect", b"OK\n".hex(), "--file", "-", input=b"a\nb")
    assert (done.status, server.received) == (0, b"a b\n" * 4)
