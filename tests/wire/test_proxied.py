"""Connections that a proxy makes for devices, and how many one device may have: real sockets, real sources."""

import contextlib
import json
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.cli.tidegate import free_port
from tests.engine.stead import Stead, read_all
from tests.wire.certificates import pair, trusting
from tests.wire.test_tls import SCRIPT, post, refused, source, statuses

LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
V2 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    + struct.pack("!H", 12 + 7)
    + bytes([203, 0, 113, 9, 127, 0, 0, 1])
    + struct.pack("!HHBH4s", 4711, 443, 4, 4, b"noop")
)


class Site:
    def __init__(self, stead: Stead) -> None:
        self.stead = stead
        self.server = pair(stead.path / "tenants" / "default" / "certificates")
        self.ports = {"tls": free_port(), "plain": free_port(), "reads": free_port(), "distrusts": free_port()}
        trusts = 'proxy_protocol = ["127.0.0.0/8"]\nmax_connections_per_remote = 2\n'
        plain = source("plain", self.ports["plain"], settings=trusts).partition(
            "[device_communication.event_sources.tls]"
        )
        reads = source("reads", self.ports["reads"], handler="read_all", settings=trusts).partition(
            "[device_communication.event_sources.tls]"
        )
        distrusts = source("distrusts", self.ports["distrusts"], settings='proxy_protocol = ["192.0.2.1"]').partition(
            "[device_communication.event_sources.tls]"
        )
        stead.write(source("tls", self.ports["tls"], settings=trusts) + plain[0] + reads[0] + distrusts[0])
        stead.serve()

    def connect(self, id: str, header: bytes = b"") -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.ports[id]), timeout=10)
        connection.sendall(header)
        return connection

    def shown(self, message: str) -> dict[str, object]:
        (event,) = [event for event in self.stead.events() if event["message"] == message]
        shown: dict[str, object] = json.loads(event["metadata"]["shown"])
        return shown


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    stead = Stead(tmp_path_factory.mktemp("proxied") / "home", script=SCRIPT)
    site = Site(stead)
    yield site
    stead.end()


def test_the_device_is_who_the_proxy_says(site: Site) -> None:
    for name, header in (("one", b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n"), ("two", V2)):
        with site.connect("plain", header + post(name.encode())) as connection:
            assert statuses(read_all(connection)) == [200]
        assert site.shown(name) == {"remote.host": "203.0.113.9", "remote.port": 4711, "remote.via": "127.0.0.1"}


def test_the_header_comes_before_tls_and_in_pieces(site: Site) -> None:
    plain = site.connect("tls")
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in V2:
        plain.send(bytes([byte]))
    with trusting(site.server).wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(post(b"within"))
        assert statuses(read_all(connection)) == [200]
    assert site.shown("within")["remote.host"] == "203.0.113.9"
    assert site.shown("within")["tls.version"] == "TLSv1.3"


def test_a_proxys_own_connection_is_its_own(site: Site) -> None:
    with site.connect("plain", LOCAL + post(b"own")) as connection:
        assert statuses(read_all(connection)) == [200]
    assert "remote.via" not in site.shown("own")
    assert site.shown("own")["remote.host"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (post(b"x"), "the proxy did not begin with a PROXY header"),
        (b"PROXY TCP4 nowhere 127.0.0.1 1 2\r\n", "an address that is none of TCP4"),
        (b"PROXY TCP4 203.0.113.9", "the proxy ended the connection before its PROXY header"),
    ],
)
def test_a_proxy_that_breaks_the_protocol_is_refused_and_reset(site: Site, header: bytes, reason: str) -> None:
    with pytest.raises(ConnectionResetError):
        send_and_end(site, header)
    assert refused(site.stead, reason)["remote"].startswith("127.0.0.1:")


def send_and_end(site: Site, header: bytes) -> None:
    with site.connect("plain", header) as connection:
        with contextlib.suppress(OSError):  # it was reset already
            connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def test_a_proxy_that_says_nothing_is_not_waited_for_without_end(site: Site) -> None:
    with site.connect("plain", b"PROXY TCP4 ") as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    refused(site.stead, "the PROXY header took longer than 5 s")


def test_who_is_no_proxy_is_not_believed(site: Site) -> None:
    with site.connect("distrusts", b"PROXY TCP4 203.0.113.9 127.0.0.1 4711 443\r\n" + post(b"x")) as connection:
        assert statuses(read_all(connection)) == [400]
    with site.connect("distrusts", post(b"direct")) as connection:
        assert statuses(read_all(connection)) == [200]


def test_one_device_may_have_so_many_connections_and_no_more(site: Site) -> None:
    def device(last: int) -> bytes:
        return f"PROXY TCP4 203.0.113.{last} 127.0.0.1 4711 443\r\n".encode()

    with site.connect("plain", device(50)) as one, site.connect("plain", device(50)) as two:
        for connection in (one, two):
            connection.sendall(post(b"held", close=False))
            assert statuses(connection.recv(65536)) == [200]
        with site.connect("plain", device(50) + post(b"y" * 200_000)) as third:  # its answer comes while it sends
            assert statuses(read_all(third)) == [503]
        with site.connect("plain", device(51) + post(b"another")) as other:
            assert statuses(read_all(other)) == [200]
    row = refused(site.stead, "more connections from 203.0.113.50 than one may have")
    assert row["status"] == 503


def test_the_limit_holds_for_a_proxys_own_address_and_read_all_resets(site: Site) -> None:
    with site.connect("reads", LOCAL) as one, site.connect("reads", LOCAL) as two:
        for connection in (one, two):
            connection.sendall(b"x")
        with pytest.raises(ConnectionResetError), site.connect("reads", LOCAL) as third:
            third.recv(1)
        for connection in (one, two):
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""
    refused(site.stead, "more connections from 127.0.0.1 than one may have")


def test_what_is_no_network_is_refused_with_its_key(site: Site) -> None:
    for wrong, reason in (("somewhere", "is no address or network"), ("10.0.0.1/8", "has host bits set")):
        staged = site.stead("set", "default", "event_sources/plain", f"proxy_protocol={wrong}")
        applied = site.stead("apply", "default")
        assert reason in staged.err + applied.err
        assert "proxy_protocol" in staged.err + applied.err
        site.stead("discard", "default")
