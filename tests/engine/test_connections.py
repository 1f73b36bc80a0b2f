"""What an operator learns of connections, and closing one: real devices' sockets, real workers."""

import base64
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.control.client import ControlClient, ControlError
from core.control.codes import NOT_ALLOWED
from core.control.connection_frames import frames_of, newest_frames
from core.control.connections import ConnectionFrame, ConnectionFrames, ConnectionQuery, Connections, OfConnection
from core.control.received import OfRequest
from core.model.connections import Connection, ConnectionDetail
from core.model.requests import RequestDetail
from tests.cli.tidegate import free_port, until
from tests.engine.stead import SOURCE, Stead, read_all
from tests.engine.wire import Line

SCRIPT = """
import time


def decode(payload, metadata, events, logger, state, respond):
    if payload == b"sleep":
        time.sleep(3)
    if payload.startswith(b"login "):
        state["device"] = payload[6:].decode()
        return
    if payload == b"big":
        respond(b"x" * 60_000)
        return
    if payload == b"odd":
        state["odd"] = {1, 2}
        return
    events.alert(payload.decode("ascii", "replace"), "frame", "came")
    respond(b"+" + payload)
"""
STX = '[device_communication.event_sources.interaction_handler.framing]\ntype = "stx_etx"'
FRAMED = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
READ_ALL = SOURCE.replace('type = "http"\n{handler}', 'type = "read_all"\n{handler}')
LINES = '[device_communication.event_sources.interaction_handler.framing]\ntype = "line"'
HANDLERS = {
    "tracker": 'max_frame = "64 B"\n' + STX,
    "impatient": 'idle_timeout = "1 s"\n' + STX,
    "hasty": 'write_timeout = "300 ms"\n' + STX,
    "lines": LINES,
    "two": LINES,
}


def source(id: str, port: int, text: str = FRAMED, settings: str = "", decoder: str = 'timeout = "5 s"') -> str:
    return text.format(
        id=id, port=port, settings=settings, handler=HANDLERS.get(id, ""), decoder=decoder, script="lora.py"
    )


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in (*HANDLERS, "once")}


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("connections") / "home", script=SCRIPT)
    sources = [source(name, ports[name], settings=f"threads = {1 + (name == 'two')}") for name in HANDLERS]
    sources.append(source("once", ports["once"], READ_ALL))
    stead.write(source("lora", stead.port, SOURCE) + "".join(sources))
    stead.serve()
    yield stead
    stead.end()


class Device:
    """A connection from this machine, with the address that the engine sees."""

    def __init__(self, port: int, room: int = 0) -> None:
        """`room` bounds what the kernel takes in for it."""
        self.socket = socket.socket()
        self.socket.settimeout(10)
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect(("127.0.0.1", port))
        host, own = self.socket.getsockname()
        self.remote = f"{host}:{own}"

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, data: bytes) -> bytes:
        self.socket.sendall(data)
        return self.socket.recv(1000)


def listed(stead: Stead, source: str, **asked: Any) -> Connections:
    where = ConnectionQuery(tenant="default", source=source, **asked)
    return stead.talk(lambda client: client.call("connections.list", where, Connections))


def of(stead: Stead, source: str, device: Device) -> Connection:
    """The device's connection, as soon as it is known."""
    found: list[Connection] = []

    def there() -> bool:
        found[:] = [each for each in listed(stead, source, limit=1000).connections if each.remote == device.remote]
        return bool(found)

    until(there, f"the connection of {device.remote}")
    return found[0]


def closed(stead: Stead, source: str, device: Device) -> Connection:
    until(lambda: of(stead, source, device).closed_date is not None, "the connection to end")
    return of(stead, source, device)


def call(stead: Stead, method: str, source: str, id: str) -> ConnectionDetail:
    wanted = OfConnection(tenant="default", source=source, id=id)
    return stead.talk(lambda client: client.call(method, wanted, ConnectionDetail))


def kept(stead: Stead, device: Device) -> list[RequestDetail]:
    rows = stead.requests("--filter", f"remote:{device.remote}")

    async def all_of_them(client: ControlClient) -> list[RequestDetail]:
        return [await client.call("requests.get", OfRequest(row["id"]), RequestDetail) for row in rows]

    return stead.talk(all_of_them)


def test_the_wire_and_the_answer_are_kept_with_a_frame(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device:
        assert device.ask(b"\x02d1\x03") == b"+d1"
        (request,) = kept(stead, device)
    assert (request.payload, request.wire, request.answer) == (b"d1", b"\x02d1\x03", b"+d1")


def test_what_is_the_same_on_the_wire_is_kept_once_and_http_keeps_neither(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["once"]) as device:
        device.socket.sendall(b"all of it")
        device.socket.shutdown(socket.SHUT_WR)
        assert read_all(device.socket) == b""
        (request,) = kept(stead, device)
    assert (request.payload, request.wire, request.answer) == (b"all of it", None, None)
    assert stead.post(b"posted") == 200
    rows = stead.requests("--source", "lora", "--payload")
    (row,) = [row for row in rows if base64.b64decode(row["payload"]) == b"posted"]
    assert "wire" not in row
    assert "answer" not in row


def test_an_open_connection_with_its_facts(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device:
        assert of(stead, "tracker", device).requests == 0
        assert device.ask(b"\x02d7\x03") == b"+d7"
        device.socket.sendall(b"\x02unfin")
        until(lambda: of(stead, "tracker", device).unfinished == 6, "the tail")
        row = of(stead, "tracker", device)
        assert (row.device, row.requests, row.bytes_in, row.bytes_out) == ("d7", 1, 10, 3)
        assert row.opened_date <= str(row.last_date)
        assert (row.closed_date, row.reason) == (None, None)
        detail = call(stead, "connections.get", "tracker", row.id)
        assert (detail.tail, detail.state, detail.facts) == (b"\x02unfin", {}, {})
    ended = closed(stead, "tracker", device)
    assert (ended.id, ended.reason, ended.requests) == (row.id, "the device ended it", 1)
    assert [request.reason for request in kept(stead, device)] == [
        None,
        "the connection ended in the middle of a frame",
    ]


def test_the_device_that_a_script_remembered_and_its_state(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["lines"]) as device:
        device.socket.sendall(b"login d42\n")
        until(lambda: of(stead, "lines", device).device == "d42", "the login")
        detail = call(stead, "connections.get", "lines", of(stead, "lines", device).id)
        assert detail.state == {"device": "d42"}
        device.socket.sendall(b"odd\n")
        until(lambda: of(stead, "lines", device).requests == 2, "the frame")
        detail = call(stead, "connections.get", "lines", detail.id)
        assert detail.state == {"device": "d42", "odd": [1, 2]}


def test_http_connections_are_listed_too(stead: Stead) -> None:
    with Device(stead.port) as device:
        post = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
        first, second = post % (2, b"d9"), post % (10, b"five!")
        answer = device.ask(first)
        assert answer.startswith(b"HTTP/1.1 200")
        device.socket.sendall(second)
        until(lambda: of(stead, "lora", device).unfinished == 5, "the part of a body")
        row = of(stead, "lora", device)
        assert (row.requests, row.device, row.bytes_out) == (1, "d9", len(answer))
        assert row.bytes_in == len(first + second)
        assert call(stead, "connections.get", "lora", row.id).tail == b"five!"
    assert closed(stead, "lora", device).reason == "the device ended it"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"\x02" + b"x" * 100, "more than 64 bytes and no end of a frame"),
        (b"\x02" + b"x" * 100 + b"\x03", "a frame of 102 bytes; 64 are allowed"),
    ],
)
def test_a_frame_that_is_too_long_says_why_the_connection_ended(
    stead: Stead, ports: dict[str, int], sent: bytes, reason: str
) -> None:
    with Device(ports["tracker"]) as device:
        device.socket.sendall(sent)
        assert closed(stead, "tracker", device).reason == reason
        (request,) = kept(stead, device)
        assert (request.outcome, request.reason, request.payload) == ("refused", reason, sent)


def test_a_silent_and_a_reset_connection_say_why_they_ended(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["impatient"]) as silent, Device(ports["tracker"]) as hasty:
        assert hasty.ask(b"\x02d1\x03") == b"+d1"
        hasty.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        hasty.socket.close()
        assert closed(stead, "tracker", hasty).reason == "the device reset it"
        assert closed(stead, "impatient", silent).reason == "nothing came for 1 s"


def test_a_device_that_takes_no_answers_says_so(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["hasty"], room=4096) as deaf:
        deaf.socket.sendall(b"\x02big\x03" * 300)
        assert closed(stead, "hasty", deaf).reason == "it did not take its answers for 0.3 s"


def test_a_source_that_stops_says_so_while_it_drains(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["once"]) as under_way, Device(ports["once"]) as quiet, ThreadPoolExecutor() as beside:
        under_way.socket.sendall(b"more to come")
        until(lambda: of(stead, "once", under_way).unfinished == 12, "what came")
        of(stead, "once", quiet)
        stopping = beside.submit(stead, "restart", "default/once")
        assert closed(stead, "once", quiet).reason == "the source is stopping"
        under_way.socket.shutdown(socket.SHUT_WR)
        assert stopping.result().status == 0
    assert [request.payload for request in kept(stead, under_way)] == [b"more to come"]


@pytest.mark.parametrize(("source", "half"), [("tracker", b"\x02half"), ("once", b"half"), ("lora", b"POST /")])
def test_an_operator_closes_a_connection(stead: Stead, ports: dict[str, int], source: str, half: bytes) -> None:
    with Device(ports.get(source, stead.port)) as device:
        row = of(stead, source, device)
        device.socket.sendall(half)
        until(lambda: of(stead, source, device).unfinished == len(half), "what came")
        assert call(stead, "connections.close", source, row.id).reason == "closed by the operator"
        assert read_all(device.socket) == b""
        assert closed(stead, source, device).reason == "closed by the operator"
        (request,) = kept(stead, device)
        assert (request.outcome, request.payload) == ("refused", half)
        assert str(request.reason).startswith("closed by the operator")
        again = call(stead, "connections.close", source, row.id)  # it has ended: nothing further happens
        assert again.closed_date == closed(stead, source, device).closed_date


def test_what_was_taken_is_answered_before_an_operators_close(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device:
        row = of(stead, "tracker", device)
        device.socket.sendall(b"\x02d1\x03" * 5)
        until(lambda: of(stead, "tracker", device).requests == 5, "the frames")
        call(stead, "connections.close", "tracker", row.id)
        assert read_all(device.socket) == b"+d1" * 5


def test_pages_begin_with_the_most_active_and_end_with_those_that_have_ended(
    stead: Stead, ports: dict[str, int]
) -> None:
    devices = [Device(ports["lines"]) for _ in range(12)]
    for device in devices:
        of(stead, "lines", device)
    for device in devices[5:]:
        assert device.ask(b"active\n") == b"+active"
        time.sleep(0.002)
    for device in devices[:2]:
        device.socket.close()
        closed(stead, "lines", device)
    found: list[Connection] = []
    page = listed(stead, "lines", limit=5)
    assert (page.open, page.next is not None) == (10, True)
    found += page.connections
    while page.next is not None:
        page = listed(stead, "lines", limit=5, after=page.next)
        assert len(page.connections) <= 5
        found += page.connections
    assert len({each.id for each in found}) == len(found) == page.open + page.ended
    assert [each.remote for each in found[:7]] == [device.remote for device in reversed(devices[5:])]
    assert [each.closed_date is None for each in found] == [True] * 10 + [False] * page.ended
    assert [each.remote for each in found[10:12]] == [devices[1].remote, devices[0].remote]
    (only,) = listed(stead, "lines", text=devices[3].remote).connections
    assert only.remote == devices[3].remote
    assert len(listed(stead, "lines", text="ACTIVE").connections) == 7
    for device in devices:
        device.socket.close()


def test_ids_tell_the_connections_of_several_workers_apart(stead: Stead, ports: dict[str, int]) -> None:
    devices = [Device(ports["two"]) for _ in range(40)]
    until(lambda: listed(stead, "two").open == 40, "all of them")
    rows = listed(stead, "two").connections
    assert len({row.id for row in rows}) == 40
    assert {row.remote for row in rows} == {device.remote for device in devices}
    for device in devices:
        device.socket.close()


def test_a_worker_that_does_not_answer_is_said_and_not_waited_for(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["two"]) as device:
        of(stead, "two", device)
        held = stead.workers("two")
        for worker in held:
            os.kill(worker, signal.SIGSTOP)
        try:
            began = time.monotonic()
            page = listed(stead, "two")
            assert time.monotonic() - began < 6
        finally:
            for worker in held:
                os.kill(worker, signal.SIGCONT)
        assert (page.connections, page.open) == ([], 0)
        assert [str(worker) in said for worker, said in zip(held, page.unanswered, strict=True)] == [True, True]
        assert "did not answer within 2 s" in page.unanswered[0]
        until(lambda: not listed(stead, "two").unanswered, "them to answer again")


@pytest.mark.parametrize(
    ("source", "id", "says"),
    [
        ("tracker", "nonsense", "is no connection's id"),
        ("tracker", "9999-1", "knows no connection 9999-1"),
        ("nowhere", "1-1", "runs no event source nowhere"),
    ],
)
def test_a_connection_that_is_not_there(stead: Stead, source: str, id: str, says: str) -> None:
    with pytest.raises(ControlError, match=says):
        call(stead, "connections.get", source, id)


def test_an_operator_who_may_only_look_closes_nothing(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device, Line(stead) as line:
        row = of(stead, "tracker", device)
        line.hello(role="viewer")
        asked = {"tenant": "default", "source": "tracker", "id": row.id}
        assert line.code("connections.get", asked) is None
        assert line.code("connections.close", asked) == NOT_ALLOWED
        assert device.ask(b"\x02d1\x03") == b"+d1"


def test_the_frames_of_one_connection_alone_page_by_page(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device, Device(ports["tracker"]) as other:
        for number in range(7):
            assert device.ask(b"\x02d%d\x03" % number) == b"+d%d" % number
            assert other.ask(b"\x02other\x03") == b"+other"
        of_it = of(stead, "tracker", device)
    asked = frames_of("default", "tracker", of_it)

    async def backwards(client: ControlClient) -> list[list[ConnectionFrame]]:
        pages: list[list[ConnectionFrame]] = []
        asked.limit = 3
        while True:
            page = await client.call("connections.frames", asked, ConnectionFrames)
            pages.append(page.frames)
            if page.next is None:
                return pages
            asked.before = page.next

    closed(stead, "tracker", device)
    pages = stead.talk(backwards)
    assert [[frame.came for frame in page] for page in pages if page] == [
        [b"\x02d4\x03", b"\x02d5\x03", b"\x02d6\x03"],
        [b"\x02d1\x03", b"\x02d2\x03", b"\x02d3\x03"],
        [b"\x02d0\x03"],
    ]
    newest = stead.talk(lambda client: newest_frames(client, frames_of("default", "tracker", of_it), 2))
    assert [(frame.came_size, frame.answered) for frame in newest.frames] == [(4, b"+d5"), (4, b"+d6")]
    assert newest.more


def test_long_frames_are_cut_and_counted(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["lines"]) as device:
        device.socket.sendall(b"y" * 9000 + b"\n")
        until(lambda: of(stead, "lines", device).bytes_out == 9001, "the answer")
        row = of(stead, "lines", device)
        kept = stead.talk(lambda client: newest_frames(client, frames_of("default", "lines", row), 10))
    (frame,) = kept.frames
    assert (frame.came, frame.came_size) == (b"y" * 4096, 9001)
    assert (frame.answered, frame.answered_size) == (b"+" + b"y" * 4095, 9001)


def test_the_command_lists_shows_and_closes(stead: Stead, ports: dict[str, int]) -> None:
    with Device(ports["tracker"]) as device:
        assert device.ask(b"\x02d1\x1b[2J\x03") == b"+d1\x1b[2J"
        device.socket.sendall(b"\x02half")
        until(lambda: of(stead, "tracker", device).unfinished == 5, "the tail")
        row = of(stead, "tracker", device)
        shown = stead("connections", "default/tracker")
        assert shown.status == 0
        (line,) = [line for line in shown.out.splitlines() if device.remote in line]
        assert line.split()[:3] == [row.id, device.remote, "d1␛[2J"]
        assert "● open" in line
        assert "5 B of an unfinished frame" in line
        (only,) = stead("connections", "default/tracker", "--json", "--find", device.remote).objects
        assert (only["id"], only["requests"], only["bytesOut"]) == (row.id, 1, 7)
        one = stead("connections", "default/tracker", row.id)
        assert one.status == 0
        assert "\x1b" not in one.out
        assert "00000000  02 64 31 1b 5b 32 4a 03" in one.out
        assert "◂ 7 B\n  00000000  2b 64 31 1b 5b 32 4a" in one.out
        assert "▸ 5 B of an unfinished frame\n  00000000  02 68 61 6c 66" in one.out
        (detail,) = stead("connections", "default/tracker", row.id, "--json").objects
        assert (detail["tail"], len(detail["frames"])) == ("AmhhbGY=", 1)
        done = stead("connections", "default/tracker", row.id, "--close")
        assert done.out == f"{row.id} ({device.remote}): closed by the operator\n"
        assert read_all(device.socket) == b""
        closed(stead, "tracker", device)
    again = stead("connections", "default/tracker", row.id, "--close")
    assert again.status == 1
    assert "is closed already: closed by the operator" in again.err
    later = stead("connections", "default/tracker", row.id).out
    assert "closed by the operator before these bytes were taken" in later


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("default",), 2, "an event source is TENANT/SOURCE"),
        (("default/tracker", "--close"), 2, "give the id of the connection, too"),
        (("default/tracker", "1-1", "--find", "x"), 2, "it finds connections"),
        (("default/nowhere",), 1, "default runs no event source nowhere"),
        (("default/tracker", "77-1"), 1, "knows no connection 77-1"),
    ],
)
def test_the_command_says_what_is_wrong(stead: Stead, arguments: tuple[str, ...], status: int, says: str) -> None:
    asked = stead("connections", *arguments)
    assert (asked.status, asked.out) == (status, "")
    assert says in asked.err
