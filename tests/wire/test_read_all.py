"""One connection, one payload: real sockets against a real source."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead

SCRIPT = """import time

def decode(payload, metadata, events, logger):
    if payload == b"bad":
        raise ValueError("it is bad")
    events.alert("device", "echo", payload.decode("latin-1")[:100], metadata={"keys": " ".join(sorted(metadata))})
"""

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "{id}"
port = {port}
max_connections = 2
drain = "3 s"

[device_communication.event_sources.interaction_handler]
type = "read_all"
{handler}

[device_communication.event_sources.decoder]
type = "python"
script = "lora.py"
"""

SMALL = 'max_payload = "64 KiB"\nidle_timeout = "500 ms"\ntotal_timeout = "1500 ms"'


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {"plain": free_port(), "small": free_port()}


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("read_all") / "home", script=SCRIPT)
    stead.write(
        SOURCE.format(id="plain", port=ports["plain"], handler="")
        + SOURCE.format(id="small", port=ports["small"], handler=SMALL)
    )
    stead.serve()
    yield stead
    stead.end()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def sent(port: int, *parts: bytes) -> bytes:
    """What comes back when these are sent and this side is ended: nothing, but when it comes all is done."""
    with connect(port) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(100)


def refused(stead: Stead, reason: str) -> dict[str, object]:
    found: list[dict[str, object]] = []

    def there() -> bool:
        found[:] = [row for row in stead.requests("--refused", "--payload") if reason in row["reason"]]
        return bool(found)

    until(there, f"{reason}: {stead.requests('--refused')}")
    return found[-1]


def test_a_connection_is_one_payload_and_closed_when_that_is_on_disk(stead: Stead, ports: dict[str, int]) -> None:
    assert sent(ports["plain"], b"one ", b"payload ", b"\x00\xff") == b""
    (row,) = [row for row in stead.requests() if row["bytes"] == 14]
    assert (row["outcome"], row["status"], row["method"], row["target"]) == ("decoded", None, None, None)
    (event,) = [event for event in stead.events() if event["request"] == row["id"]]
    assert event["message"] == "one payload \x00\xff"
    assert event["metadata"] == {"keys": "received remote.host remote.port source"}


def test_what_cannot_be_decoded_is_kept_as_failed(stead: Stead, ports: dict[str, int]) -> None:
    assert sent(ports["plain"], b"bad") == b""
    failed = stead.last_request("failed")
    assert failed["reason"].endswith("it is bad")
    assert (failed["bytes"], failed["status"]) == (3, None)


def test_an_empty_connection_is_an_empty_payload(stead: Stead, ports: dict[str, int]) -> None:
    assert sent(ports["plain"]) == b""
    until(lambda: any(row["bytes"] == 0 and row["outcome"] == "decoded" for row in stead.requests()), "its row")


def test_a_megabyte_is_no_trouble(stead: Stead, ports: dict[str, int]) -> None:
    assert sent(ports["plain"], b"x" * (1 << 20)) == b""
    until(lambda: any(row["bytes"] == 1 << 20 for row in stead.requests()), "its row")


def test_more_than_the_limit_is_refused_and_its_beginning_kept(stead: Stead, ports: dict[str, int]) -> None:
    with connect(ports["small"]) as connection, pytest.raises((ConnectionResetError, BrokenPipeError)):
        connection.sendall(b"y" * (64 << 20))
    row = refused(stead, "the payload is larger than 64 KiB")
    assert row["outcome"] == "refused"
    assert len(str(row["payload"])) == 5464  # 4 KiB in base64


def test_a_device_that_falls_silent_is_ended(stead: Stead, ports: dict[str, int]) -> None:
    with connect(ports["small"]) as connection:
        connection.sendall(b"and then")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert refused(stead, "nothing came for 0.5 s")["bytes"] == 8
    with connect(ports["small"]) as connection:
        assert connection.recv(1) == b""  # it said nothing, so there is nothing to keep


def test_a_device_that_never_comes_to_an_end_is_ended(stead: Stead, ports: dict[str, int]) -> None:
    began = time.monotonic()
    with connect(ports["small"]) as connection, pytest.raises((ConnectionResetError, BrokenPipeError)):
        drip(connection, until=began + 20)
    assert time.monotonic() - began < 10
    refused(stead, "the payload took longer than 1.5 s")


def test_a_connection_that_is_cut_off_is_recorded(stead: Stead, ports: dict[str, int]) -> None:
    with connect(ports["plain"]) as connection:
        connection.sendall(b"half of")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    row = refused(stead, "the connection ended in the middle of a payload")
    assert row["bytes"] in (0, 7)


def test_one_connection_too_many_is_reset(stead: Stead, ports: dict[str, int]) -> None:
    with connect(ports["plain"]) as first, connect(ports["plain"]) as second:
        first.sendall(b"1")
        second.sendall(b"2")
        until(lambda: stead.source("plain").detail.get("connections") == 2, "two connections")
        with pytest.raises(ConnectionResetError), connect(ports["plain"]) as third:
            third.recv(1)
        refused(stead, "more connections than the source allows")
        for connection in (first, second):
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""


def test_a_draining_source_takes_the_payload_under_way_and_cuts_what_does_not_end(
    make_stead: Callable[..., Stead],
) -> None:
    stead = make_stead(script=SCRIPT)
    stead.write(SOURCE.format(id="lora", port=stead.port, handler=""))
    stead.serve()
    with connect(stead.port) as ends, connect(stead.port) as stays:
        ends.sendall(b"comes to ")
        stays.sendall(b"goes on")
        until(lambda: stead.source().detail.get("connections") == 2, "both connections")
        stead.engines[-1].terminate()
        until(lambda: not listens(stead.port), "the source to stop accepting")
        ends.sendall(b"its end")
        ends.shutdown(socket.SHUT_WR)
        assert ends.recv(1) == b""
        with pytest.raises(ConnectionResetError):
            stays.recv(1)
    assert stead.engines[-1].wait(30) == 0
    assert [event["message"] for event in stead.events()] == ["comes to its end"]
    (row,) = [row for row in stead.requests("--refused") if row["bytes"]]  # those without are this test's probes
    assert (row["reason"], row["bytes"]) == ("the connection ended in the middle of a payload", 7)


def drip(connection: socket.socket, until: float) -> None:
    """Sends a byte now and then: the device's own pace."""
    while time.monotonic() < until:
        connection.sendall(b".")
        time.sleep(0.1)


def listens(port: int) -> bool:
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True
    return True
