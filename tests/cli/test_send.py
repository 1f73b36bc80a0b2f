"""What `tidegate send` puts on the wire, option by option, as a server reads it."""

import base64
import gzip
import hashlib
import hmac
import re
import ssl
import time
import zlib
from pathlib import Path

import pytest
import typer

from core.cli.app import app
from core.cli.simulator.coding import encoded, zstd
from core.cli.simulator.request import CHUNK, chunks
from core.cli.simulator.signature import parse_signature
from tests.cli.certificates import Pair, pair
from tests.cli.serving import OK, Request, Served, serving
from tests.cli.tidegate import Finished, in_terminal, tidegate

BODY = b'{"id": 1}\n'


def sent(*options: str, input: bytes = BODY, **variables: str) -> Request:
    """The one request that a command sends; its payload is `input`."""
    with serving(lambda seen, data: OK) as server:
        done = tidegate(
            "send", f"http://127.0.0.1:{server.port}/", "--count", "1", "--file", "-", "--json", *options,
            input=input, **variables,
        )  # fmt: skip
    assert done.err == ""
    assert done.objects[0]["statuses"] == {"200": 1}
    return server.requests[0]


@pytest.fixture(scope="module")
def localhost(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return pair(tmp_path_factory.mktemp("server"), "localhost")


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return pair(tmp_path_factory.mktemp("device"), "meter-1", "sesame")


def over_tls(server: Served, *options: str, **variables: str) -> Finished:
    return tidegate("send", f"https://localhost:{server.port}/", "--count", "3", "--json", *options, **variables)


def test_tls_with_an_authority_of_ones_own(localhost: Pair) -> None:
    with serving(lambda seen, data: OK, localhost.server()) as server:
        done = over_tls(server, "--ca", str(localhost.certificate))
    assert done.objects[0]["statuses"] == {"200": 3}
    assert server.connections == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_until_one_says_so(localhost: Pair) -> None:
    with serving(lambda seen, data: OK, localhost.server()) as server:
        strict, lax = over_tls(server), over_tls(server, "--insecure")
    assert strict.status == 1
    assert "cannot be reached: tls: certificate verify failed: self-signed certificate" in strict.err
    assert lax.objects[0]["accepted"] == 3


def test_a_certificate_is_looked_for_under_another_name(localhost: Pair) -> None:
    trusted = ("--ca", str(localhost.certificate))
    with serving(lambda seen, data: OK, localhost.server()) as server:
        wrong = over_tls(server, *trusted, "--server-name", "gate.example")
        target = f"https://127.0.0.1:{server.port}/"
        right = tidegate("send", target, "--count", "1", "--json", *trusted, "--server-name", "localhost")
    assert "gate.example" in wrong.err
    assert right.objects[0]["accepted"] == 1


def test_a_device_shows_its_own_certificate(localhost: Pair, device: Pair) -> None:
    own = ("--cert", str(device.certificate), "--key", str(device.key), "--key-password", "env:KEY_PASSWORD")
    with serving(lambda seen, data: OK, localhost.server(device)) as server:
        with_one = over_tls(server, "--insecure", *own, KEY_PASSWORD="sesame")
        locked = over_tls(server, "--insecure", *own, KEY_PASSWORD="wrong")
        without = over_tls(server, "--insecure", "--tls-version", "1.2")
    assert with_one.objects[0]["accepted"] == 3
    assert server.subjects == ["meter-1"]
    assert "another password" in locked.err
    assert without.status == 1
    assert re.search("cannot be reached: (tls|reset)", without.err)  # an alert, where the reset does not overtake it


def test_a_server_that_minds_the_lack_of_a_certificate_afterwards(localhost: Pair, device: Pair) -> None:
    """In TLS 1.3 the client's handshake has ended when it hears of it (RFC 8446 4.4.2.4)."""
    with serving(lambda seen, data: OK, localhost.server(device)) as server:
        done = over_tls(server, "--insecure", "--tls-version", "1.3", "--seconds", "0.5")
    assert done.status == 1
    assert done.objects[0]["accepted"] == 0
    assert done.objects[0]["errors"]
    assert not server.received


def test_a_version_and_no_other(localhost: Pair) -> None:
    context = localhost.server()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with serving(lambda seen, data: OK, context) as server:
        old, new = (over_tls(server, "--insecure", "--tls-version", version) for version in ("1.2", "1.3"))
    assert re.search("cannot be reached: (tls: |reset)", old.err)
    assert new.objects[0]["accepted"] == 3


@pytest.mark.parametrize("each", [(), ("--close",)], ids=["lines", "connections"])
def test_raw_tcp_over_tls(localhost: Pair, each: tuple[str, ...]) -> None:
    with serving(lambda seen, data: b"", localhost.server()) as server:
        target = (f"localhost:{server.port}", "--tls", "--ca", str(localhost.certificate))
        done = tidegate("send", *target, "--count", "4", "--json", "--file", "-", *each, input=b"ab")
    assert done.objects[0]["accepted"] == 4
    assert server.received == (b"ab" if each else b"ab\n") * 4


@pytest.mark.parametrize("place", ["env:SECRET", "file:{file}", "s3cret: yes"], ids=["variable", "file", "plain"])
def test_credentials(tmp_path: Path, place: str) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret: yes\n")
    place = place.format(file=file)
    options = ("--bearer", place, "--basic", f"meter:{place}", "--api-key", f"X-Key={place}")
    with serving(lambda seen, data: OK) as server:
        tidegate("send", f"http://127.0.0.1:{server.port}/", "--count", "1", *options, SECRET="s3cret: yes")
    lines = server.received.split(b"\r\n")
    assert b"Authorization: Bearer s3cret: yes" in lines
    assert b"Authorization: Basic " + base64.b64encode(b"meter:s3cret: yes") in lines
    assert b"X-Key: s3cret: yes" in lines


def test_a_signature_as_github_sends_it() -> None:
    request = sent("--hmac", "secret=env:KEY", KEY="k")
    expected = hmac.new(b"k", BODY, "sha256").hexdigest()
    assert request.fields["x-hub-signature-256"] == f"sha256={expected}"


def test_a_signature_as_stripe_sends_it() -> None:
    request = sent("--hmac", "style=stripe", "--hmac", "secret=env:KEY", "--hmac", "age=600", KEY="k")
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", request.fields["stripe-signature"])
    assert found
    assert abs(time.time() - 600 - int(found[1])) < 60
    assert found[2] == hmac.new(b"k", f"{found[1]}.".encode() + BODY, "sha256").hexdigest()


def test_a_signature_in_all_its_parts() -> None:
    parts = ("secret=env:KEY", "header=X-Sign", "algorithm=sha512", "encoding=base64", "prefix=v0=")
    parts += ("signed=v0:{timestamp}:{body}", "timestamp_header=X-Time")
    request = sent(*(word for part in parts for word in ("--hmac", part)), KEY="k")
    signed = f"v0:{request.fields['x-time']}:".encode() + BODY
    digest = hmac.new(b"k", signed, hashlib.sha512).digest()
    assert request.fields["x-sign"] == "v0=" + base64.b64encode(digest).decode()


def test_a_signature_is_of_what_is_sent() -> None:
    request = sent("--gzip", "--chunked", "--hmac", "secret=env:KEY", KEY="k")
    assert gzip.decompress(request.body) == BODY
    expected = hmac.new(b"k", request.body, "sha256").hexdigest()
    assert request.fields["x-hub-signature-256"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        (["header=X"], "nothing to sign with"),
        (["secret=a", "colour=red"], "'colour' is no part of a signature"),
        (["secret=a", "algorithm=md5"], "algorithm=md5 is none of sha256, sha512, sha1"),
        (["secret=a", "signed={timestamp}"], "{body}"),
        (["secret=a", "header=a b"], "header cannot be 'a b'"),
    ],
)
def test_a_signature_that_cannot_be_made(parts: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        parse_signature(parts)


def test_the_algorithm_stands_in_githubs_prefix() -> None:
    fields = dict(
        parse_signature(["secret=k", "algorithm=sha1", "header=X-Hub-Signature", "style=github"]).fields(b"b", 0)
    )
    assert fields == {"X-Hub-Signature": "sha1=" + hmac.new(b"k", b"b", "sha1").hexdigest()}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_compressed_bodies(coding: str) -> None:
    undo = {"gzip": gzip.decompress, "deflate": zlib.decompress, "zstd": zstd.decompress}[coding]
    request = sent("--encoding", coding)
    assert request.fields["content-encoding"] == coding
    assert undo(request.body) == BODY
    assert encoded(BODY, coding) == request.body


def test_bodies_in_chunks() -> None:
    body = bytes(range(256)) * 3
    request = sent("--chunked", input=body)
    assert request.fields["transfer-encoding"] == "chunked"
    assert "content-length" not in request.fields
    assert request.body == body
    assert chunks(body).count(b"\r\n100\r\n") + chunks(body).startswith(b"100\r\n") == len(body) // CHUNK


def test_fields_of_ones_own_stand_instead_of_others() -> None:
    options = ("--header", "content-type: text/plain", "-H", "Host: gate.example", "-H", "X-Empty:")
    request = sent(*options, "--method", "put")
    assert request.method == "PUT"
    assert request.fields["content-type"] == "text/plain"
    assert request.fields["host"] == "gate.example"
    assert request.fields["x-empty"] == ""


def test_a_length_that_is_a_lie() -> None:
    with serving(lambda seen, data: OK) as server:
        target = (f"http://127.0.0.1:{server.port}/", "--count", "1", "--file", "-", "-H", "Content-Length: 99")
        tidegate("send", *target, input=b"short")
    assert server.received.count(b"Content-Length:") == 1
    assert server.received.endswith(b"Content-Length: 99\r\n\r\nshort")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_methods_without_a_body(method: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (b"" if method == "HEAD" else b"ok")
    with serving(lambda seen, data: head) as server:
        done = tidegate("send", f"http://127.0.0.1:{server.port}/", "--count", "2", "--json", "-X", method)
    assert done.objects[0]["statuses"] == {"200": 2}
    assert b"ontent-" not in server.received


def test_a_connection_for_each_request() -> None:
    with serving(lambda seen, data: OK) as server:
        target = (f"http://127.0.0.1:{server.port}/", "--count", "5", "--json")
        done = tidegate("send", *target, "--connection-per-request")
    assert done.objects[0]["statuses"] == {"200": 5}
    assert server.connections == 5
    assert server.received.count(b"\r\nConnection: close\r\n") == 5


def test_raw_bytes_and_what_comes_back(tmp_path: Path) -> None:
    bad = tmp_path / "bad.http"
    bad.write_bytes(b"GET /\x00 HTTP/9.9\nHost : a\n\n")
    answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n\x1b[2J"
    with serving(lambda seen, data: answer) as server:
        target = (f"http://127.0.0.1:{server.port}/", "--raw", "--file", str(bad))
        piped, told = tidegate("send", *target), tidegate("send", *target, "--json")
        status, shown = in_terminal("send", *target)
    assert server.received == bad.read_bytes() * 3
    assert piped.out.encode() == answer.replace(b"\r\n", b"\n") or piped.out.encode() == answer
    assert "then the other side closed" in piped.err
    assert (told.objects[0]["received"], told.objects[0]["end"]) == (answer.decode(), "closed")
    assert status == 0
    assert "400 Bad Request" in shown
    assert "\x1b[2J" not in shown


def test_raw_bytes_over_tls_and_silence(localhost: Pair) -> None:
    with serving(lambda seen, data: b"", localhost.server()) as server:
        target = (f"https://localhost:{server.port}/", "--ca", str(localhost.certificate), "--raw", "--file", "-")
        done = tidegate("send", *target, "--timeout", "0.2", "--json", input=b"\x00\xff")
    assert server.received == b"\x00\xff"
    assert (done.objects[0]["end"], done.status) == ("silent", 1)


def test_the_sending_side_may_end_early() -> None:
    with serving(lambda seen, data: b"") as server:
        target = (f"127.0.0.1:{server.port}", "--raw", "--half-close", "--file", "-", "--json")
        done = tidegate("send", *target, input=b"GET / HT")
    assert done.objects[0]["end"] == "closed"
    assert server.received == b"GET / HT"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("localhost:1", "--bearer", "x"), "--bearer: it is of HTTP"),
        (("http://localhost:1", "--ca", "x"), "--ca: it is of TLS"),
        (("http://localhost:1", "--tls"), "--tls: write the target as https://"),
        (("https://localhost:1", "--key", "x"), "--key: it belongs to --cert FILE"),
        (("http://localhost:1", "--raw"), "--raw: --raw sends the bytes of --file FILE"),
        (("http://localhost:1", "--raw", "--file", "x", "--gzip"), "--gzip: it does nothing with --raw"),
        (("http://localhost:1", "--half-close"), "--half-close: it is of --raw"),
        (("http://localhost:1", "--basic", "meter"), "--basic: write USER:env:NAME"),
        (("http://localhost:1", "--api-key", "env:KEY"), "--api-key: write NAME=env:NAME"),
        (("http://localhost:1", "--header", "a b: c"), "--header: 'a b: c' is no header"),
        (("http://localhost:1", "--method", "GE T"), "--method: 'GE T' is no method"),
        (("http://localhost:1", "--hmac", "secret"), "--hmac: 'secret' is no part"),
    ],
)
def test_options_that_do_not_fit(options: tuple[str, ...], words: str) -> None:
    with pytest.raises(typer.BadParameter) as fault:
        app(["send", *options], standalone_mode=False)
    assert words in fault.value.format_message()


def test_a_secret_that_is_not_there_is_said_and_never_shown(tmp_path: Path) -> None:
    target = "http://localhost:1"
    unset = tidegate("send", target, "--bearer", "env:NOT_SET")
    missing = tidegate("send", target, "--bearer", f"file:{tmp_path}/none")
    broken = tidegate("send", target, "--bearer", "env:TWO_LINES", TWO_LINES="hush\r\nX: y")
    assert unset.err == "tidegate: the environment variable NOT_SET is not set\n"
    assert f"{tmp_path}/none" in missing.err
    assert broken.status == 1
    assert "hush" not in broken.err


def test_the_help_has_its_options_in_groups() -> None:
    shown = tidegate("send", "--help").out
    more = ["Frames over TCP and UDP", "HTTP requests", "Who sends", "TLS", "Options"]
    groups = re.findall(r"^([A-Z][^\n]*):$", shown, re.MULTILINE)
    assert groups == ["Arguments", "How much", "What is sent", *more]
