"""A source's certificate: checked before it serves, exchanged while it does, and told of before it ends."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from core.wire.certificates import make_certificate
from tests.cli.tidegate import tidegate, until
from tests.engine.stead import Stead, read_all
from tests.wire.certificates import Pair, pair, trusting
from tests.wire.test_tls import SCRIPT, post, source, statuses


@pytest.fixture
def stead(make_stead: Callable[..., Stead]) -> Stead:
    stead = make_stead(script=SCRIPT)
    stead.write(source("lora", stead.port))
    return stead


def files(stead: Stead, days: int = 365) -> Pair:
    return pair(stead.path / "tenants" / "default" / "certificates", days=days)


def connect(stead: Stead, server: Pair) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", stead.port), timeout=10)
    return trusting(server).wrap_socket(plain, server_hostname="localhost")


def serves(stead: Stead, server: Pair) -> bool:
    """Whether a device that trusts this certificate alone gets through."""
    try:
        with connect(stead, server) as connection:
            connection.sendall(post(b"x"))
            return statuses(read_all(connection)) == [200]
    except ssl.SSLError:
        return False


def test_a_certificate_is_exchanged_while_devices_are_connected(stead: Stead) -> None:
    server = files(stead)
    stead.serve()
    (worker,) = stead.workers()
    with connect(stead, server) as before:
        server.write()
        until(lambda: serves(stead, server), "the new certificate")
        server.key.write_bytes(make_certificate(["other"], 1)[1])
        until(lambda: "does not belong to the certificate" in (stead.source().reason or ""), "the broken pair")
        assert serves(stead, server)
        server.write()
        until(lambda: serves(stead, server) and stead.source().reason is None, "the whole pair")
        before.sendall(post(b"still here"))
        assert statuses(read_all(before)) == [200]
    assert stead.workers() == [worker]


def test_the_operator_hears_of_the_end_in_time(stead: Stead) -> None:
    files(stead, days=10)
    stead.serve()
    (node,) = [node for node in stead.source().children if node.kind == "tls"]
    assert (node.title, node.detail["subject"], node.detail["days_left"]) == ("TLS Certificate", "CN=localhost", 9)
    assert node.reason == stead.source().reason == "the certificate expires in 9 days"
    assert node.reason in stead("status").out


def test_a_certificate_that_is_good_for_long_is_named_in_status(stead: Stead) -> None:
    files(stead, days=22)
    stead.serve()
    assert stead.source().reason is None
    assert "subject CN=localhost  not_after 20" in stead("status").out


def _no_certificate(server: Pair) -> None:
    server.certificate.write_text("nothing of the kind")


def _other_key(server: Pair) -> None:
    server.key.write_bytes(make_certificate(["other"], 1)[1])


def _encrypted_key(server: Pair) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(server.key.read_bytes(), None)
    kept = serialization.BestAvailableEncryption(b"secret")
    server.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept))


BROKEN: list[tuple[Callable[[Pair], object], str, str]] = [
    (lambda server: server.certificate.unlink(), "certificate", "cannot be read: No such file or directory"),
    (_no_certificate, "certificate", "holds no certificate in PEM"),
    (lambda server: server.key.unlink(), "key", "cannot be read: No such file or directory"),
    (lambda server: server.key.write_text("nothing"), "key", "holds no private key in PEM"),
    (_other_key, "key", "does not belong to the certificate"),
    (_encrypted_key, "key", "is encrypted"),
]


def test_files_that_cannot_be_used_refuse_the_change(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=SCRIPT)
    server = files(stead)
    stead.serve()
    stead.write(source("lora", stead.port))
    for breaks, key, reason in BROKEN:
        breaks(server.write())
        applied = stead("apply", "default")
        assert applied.status == 1
        assert f"event_sources.lora.tls.{key}: " in applied.err
        assert reason in applied.err
    assert stead.post(b"the old source still serves, in the clear") == 200


def test_an_encrypted_key_is_opened_with_its_passphrase(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=SCRIPT)
    _encrypted_key(files(stead))
    secret = stead.tenant_file.parent / "secrets" / "key"
    secret.parent.mkdir(mode=0o700, exist_ok=True)
    stead.write(source("lora", stead.port, 'key_password = { file = "secrets/key" }'))
    stead.serve()
    assert "secrets/key" in (stead.source().reason or "")
    for passphrase, right in ((b"wrong", False), (b"secret\n", True)):
        secret.write_bytes(passphrase)
        applied = stead("restart", "default/lora")
        assert (applied.status == 0) is right
    assert stead.source().state == "started"


def test_client_certificates_need_an_authority(stead: Stead) -> None:
    files(stead)
    stead.write(source("lora", stead.port, 'client_certificates = "optional"'))
    stead.serve()
    assert "event_sources.lora.tls.client_ca: is required" in (stead.source().reason or "")


def test_cert_makes_a_pair_that_works_and_overwrites_nothing(stead: Stead) -> None:
    folder = stead.path / "tenants" / "default" / "certificates"
    made = tidegate("cert", "localhost", "127.0.0.1", "--days", "30", "--out", str(folder))
    assert made.status == 0
    server = Pair(folder / "localhost.crt", folder / "localhost.key")
    assert server.key.stat().st_mode & 0o777 == 0o600
    assert f'certificate = "{server.certificate}"' in made.out
    kept = server.key.read_bytes()
    again = tidegate("cert", "--out", str(folder))
    assert (again.status, again.err) == (1, f"tidegate: {server.certificate} is there already: it was kept\n")
    assert server.key.read_bytes() == kept
    stead.serve()
    assert serves(stead, server)


def test_cert_refuses_what_is_no_name(tmp_path: Path) -> None:
    done = tidegate("cert", "no name", "--out", str(tmp_path / "new"))
    assert (done.status, done.err) == (1, "tidegate: 'no name' is neither a DNS name nor an IP address\n")
    assert not (tmp_path / "new").exists()
