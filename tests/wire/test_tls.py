"""TLS as devices meet it: real handshakes with real sources, and what is recorded where there is none."""

import contextlib
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tidegate import COMMAND, environment, free_port, until
from tests.engine.stead import Stead, read_all
from tests.wire.certificates import Pair, pair, trusting

SCRIPT = """import json

def decode(payload, metadata, events, logger):
    if payload == b"bad":
        raise ValueError("it is bad")
    shown = {key: value for key, value in metadata.items() if key.startswith(("tls.", "remote."))}
    events.alert("device", "echo", payload.decode("latin-1")[:100], metadata={"shown": json.dumps(shown)})
"""

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "{id}"
port = {port}
{settings}

[device_communication.event_sources.interaction_handler]
type = "{handler}"

[device_communication.event_sources.decoder]
type = "python"
script = "lora.py"

[device_communication.event_sources.tls]
type = "certificate"
certificate = "certificates/localhost.crt"
key = "certificates/localhost.key"
{tls}
"""


def source(id: str, port: int, tls: str = "", handler: str = "http", settings: str = "") -> str:
    return SOURCE.format(id=id, port=port, tls=tls, handler=handler, settings=settings)


class Site:
    """A running stead with sources that speak TLS, and what their devices have."""

    def __init__(self, path: Path) -> None:
        self.stead = Stead(path, script=SCRIPT)
        folder = path / "tenants" / "default" / "certificates"
        self.server = pair(folder)
        self.client = pair(folder, "gate-7", client=True)
        self.stranger = pair(path.parent / "stranger", "gate-8", client=True)
        self.ports = {id: free_port() for id in ("plain", "asks", "modern", "reads", "hasty", "one")}
        asks = 'client_certificates = "required"\nclient_ca = "certificates/gate-7.crt"'
        self.stead.write(
            source("plain", self.ports["plain"])
            + source("asks", self.ports["asks"], asks)
            + source("modern", self.ports["modern"], 'minimum_version = "1.3"')
            + source("reads", self.ports["reads"], handler="read_all")
            + source("hasty", self.ports["hasty"], 'handshake_timeout = "300 ms"')
            + source("one", self.ports["one"], settings="max_connections = 1")
        )
        self.stead.serve()

    def connect(self, id: str = "plain", client: Pair | None = None, **changes: Any) -> ssl.SSLSocket:
        context = trusting(self.server, client)
        for name, value in changes.items():
            setattr(context, name, value)
        plain = socket.create_connection(("127.0.0.1", self.ports[id]), timeout=10)
        try:
            return context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise

    def raw(self, id: str) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[id]), timeout=10)

    def refused(self, reason: str) -> dict[str, Any]:
        return refused(self.stead, reason)


def refused(stead: Stead, reason: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = [row for row in stead.requests("--refused") if reason in row["reason"]]
        return bool(found)

    until(there, f"{reason}: {stead.requests('--refused')}")
    return found[-1]


def post(body: bytes, close: bool = True) -> bytes:
    end = "Connection: close\r\n" if close else ""
    return f"POST /x HTTP/1.1\r\nHost: tide\r\nContent-Length: {len(body)}\r\n{end}\r\n".encode() + body


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("tls") / "home")
    yield site
    site.stead.end()


def test_a_request_over_tls_is_answered_and_says_so(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(post(b"hello"))
        assert statuses(read_all(connection)) == [200]
        version = connection.version()
    (event,) = [event for event in site.stead.events() if event["message"] == "hello"]
    assert f'"tls.version": "{version}"' in event["metadata"]["shown"]
    assert "tls.subject" not in event["metadata"]["shown"]


def test_requests_in_pieces_and_in_a_row_over_one_connection(site: Site) -> None:
    large = b"x" * 300_000  # many records
    with site.connect() as connection:
        for byte in post(b"one", close=False):
            connection.sendall(bytes([byte]))
        connection.sendall(post(b"two", close=False) * 200 + post(large))
        assert statuses(read_all(connection)) == [200] * 202


def test_both_versions_are_served_from_1_2_on(site: Site) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with site.connect(maximum_version=version) as connection:
            connection.sendall(post(b"v"))
            assert statuses(read_all(connection)) == [200]
    with pytest.raises(ssl.SSLError):
        site.connect("modern", maximum_version=ssl.TLSVersion.TLSv1_2)
    site.refused("the device offers no TLS version that is served")


def test_alpn_names_http(site: Site) -> None:
    for id, chosen in (("plain", "http/1.1"), ("reads", None)):
        context = trusting(site.server)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(site.raw(id), server_hostname="localhost") as connection:
            assert connection.selected_alpn_protocol() == chosen


def test_a_device_is_known_by_its_certificate(site: Site) -> None:
    with site.connect("asks", site.client) as connection:
        connection.sendall(post(b"known"))
        assert statuses(read_all(connection)) == [200]
    (event,) = [event for event in site.stead.events() if event["message"] == "known"]
    assert '"tls.subject": "CN=gate-7"' in event["metadata"]["shown"]
    assert '"tls.serial": "' in event["metadata"]["shown"]


@pytest.mark.parametrize(
    ("who", "reason"),
    [("nobody", "the device has shown no certificate"), ("stranger", "the device's certificate is not trusted: self")],
)
def test_a_device_without_a_trusted_certificate_is_refused(site: Site, who: str, reason: str) -> None:
    shown = site.stranger if who == "stranger" else None
    with pytest.raises(ssl.SSLError), site.connect("asks", shown) as connection:  # TLS 1.3 tells it with the answer
        connection.recv(100)
    row = site.refused(reason)
    assert row["remote"].startswith("127.0.0.1:")


def test_plain_http_where_tls_is_spoken_is_refused_and_not_kept(site: Site) -> None:
    with site.raw("plain") as connection:
        connection.sendall(b"POST /x HTTP/1.1\r\nAuthorization: Bearer hunter2\r\n\r\n")
        read_all(connection)
    assert site.refused("plain HTTP came where TLS is spoken")["bytes"] > 0
    assert all(b"hunter2" not in file.read_bytes() for file in (site.stead.path / "data").rglob("*.db*"))


def test_a_device_that_does_not_trust_the_certificate_is_recorded(site: Site) -> None:
    context = ssl.create_default_context(cafile=site.client.certificate)
    with pytest.raises(ssl.SSLCertVerificationError), site.raw("plain") as plain:
        context.wrap_socket(plain, server_hostname="localhost")
    site.refused("the device does not trust the source's certificate")


def test_a_handshake_has_a_limit_and_may_be_cut_off(site: Site) -> None:
    with site.raw("hasty") as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    site.refused("the TLS handshake took longer than 0.3 s")
    with site.raw("plain") as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
    site.refused("the device ended the connection during the TLS handshake")
    with site.raw("plain") as connection:
        outgoing = ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            trusting(site.server).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
        connection.sendall(outgoing.read())
        assert connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    site.refused("the device reset the connection during the TLS handshake")


def test_a_payload_ends_with_close_notify_and_its_connection_when_it_is_on_disk(site: Site) -> None:
    with site.connect("reads") as connection:
        connection.sendall(b"whole")
        connection.unwrap()  # says close_notify, and waits for the source's
        assert [event for event in site.stead.events() if event["message"] == "whole"]


def test_a_payload_without_close_notify_may_be_cut_short(site: Site) -> None:
    with site.connect("reads") as connection:
        connection.sendall(b"half")
        connection.shutdown(socket.SHUT_WR)  # of the socket, not of TLS
        read_all(connection)
    row = site.refused("in the middle of a payload: the connection ended without the end that TLS asks for")
    assert row["bytes"] == 4


def test_a_device_may_end_its_side_and_still_read_its_answer(site: Site) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting(site.server).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with site.raw("plain") as connection:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
        tls.write(post(b"ends", close=False))
        with contextlib.suppress(ssl.SSLError):
            tls.unwrap()
        connection.sendall(outgoing.read())
        connection.shutdown(socket.SHUT_WR)
        incoming.write(read_all(connection))
    assert statuses(tls.read(65536)) == [200]


def test_over_the_limit_the_answer_comes_over_tls_too(site: Site) -> None:
    with site.connect("one") as first:
        first.sendall(post(b"first", close=False))
        assert statuses(first.recv(65536)) == [200]
        with site.connect("one") as second:
            second.sendall(post(b"z" * 100_000))
            assert statuses(read_all(second)) == [503]


def test_nothing_of_it_reaches_the_engines_log(make_stead: Callable[..., Stead]) -> None:
    """Handshakes that fail in every way leave no traceback and no worker behind."""
    stead = make_stead(script=SCRIPT)
    pair(stead.path / "tenants" / "default" / "certificates")
    stead.write(source("lora", stead.port))
    log = stead.path.parent / "engine.log"
    serve_logged(stead, log)
    for begin in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\0" * 4000):
        with socket.create_connection(("127.0.0.1", stead.port), timeout=10) as connection:
            connection.sendall(begin)
            connection.shutdown(socket.SHUT_WR)
            read_all(connection)
    refused(stead, "what came is not TLS")
    stead.end()
    assert "Traceback" not in log.read_text()
    assert "SSL" not in log.read_text()


def serve_logged(stead: Stead, log: Path) -> None:
    with log.open("wb") as file:
        command = [*COMMAND, "serve", "--home", str(stead.path)]
        engine = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, env=environment())
    stead.engines.append(engine)
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
