"""Authentication: what each way of showing who one is takes, what it refuses, and what the gate makes of several."""

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Slot
from core.catalogue.configured import Configured, read_component
from core.catalogue.registry import catalogue
from core.errors import ConfigurationError
from core.wire.failure_limit import FailureLimit
from core.wire.gate import NO_CREDENTIALS, Admission, Gate
from core.worker.making import authenticators

SLOT = Slot("authentication", "authentication", "Authentication", required=False, many=True)
NOW = 1_700_000_000.0
WORDS = ("t0ken", "pa:ss", "k3y", "hush")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenant's folder with four secrets."""
    folder = tmp_path_factory.mktemp("tenant")
    for name, value in zip(("token", "password", "key", "secret"), WORDS, strict=True):
        (folder / name).write_text(value + "\n")
    return folder


def configured(type: str, **settings: Any) -> Configured:
    table = {"type": type, "id": type, **settings}
    read, faults = read_component(catalogue(), SLOT, table, f"authentication/{type}")
    assert read is not None, faults
    return read


BEARER = configured("bearer", token={"file": "token"})
BASIC = configured("basic", username="gäst", password={"file": "password"})
API_KEY = configured("api_key", key={"file": "key"})
CERTIFICATE = configured("client_certificate", subject="CN=gateway-*,O=Harbour")
GITHUB = configured("hmac", secret={"file": "secret"}, header="X-Hub-Signature-256", prefix="sha256=")
STRIPE = configured(
    "hmac",
    secret={"file": "secret"},
    header="Stripe-Signature",
    timestamp_field="t",
    signature_field="v1",
    signed="{timestamp}.{body}",
)
SHOP = configured("hmac", secret={"file": "secret"}, header="X-Shop-Hmac", encoding="base64", algorithm="sha512")
CHAT = configured(
    "hmac",
    secret={"file": "secret"},
    header="X-Chat-Signature",
    prefix="v0=",
    timestamp_header="X-Chat-Time",
    signed="v0:{timestamp}:{body}",
)


def gate(folder: Path, *components: Configured, most: int = 10) -> Gate:
    return Gate(authenticators(components, AuthenticationContext(folder)), most)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def signed(content: bytes, algorithm: str = "sha256", secret: bytes = b"hush") -> bytes:
    return hmac.new(secret, content, algorithm).digest()


@pytest.mark.parametrize(
    ("component", "fields"),
    [
        (BEARER, {"authorization": "Bearer t0ken"}),
        (BEARER, {"authorization": "bEARER   t0ken "}),
        (BASIC, basic("gäst", "pa:ss")),
        (API_KEY, {"x-api-key": " k3y "}),
    ],
)
def test_what_is_right_comes_in_by_its_head(folder: Path, component: Configured, fields: dict[str, str]) -> None:
    assert gate(folder, component).judge_head(fields, {}, NOW) == Admission(component.id, by_head=True)


@pytest.mark.parametrize(
    ("component", "fields", "reason"),
    [
        (BEARER, {"authorization": "Bearer t0kem"}, "the bearer token is wrong"),
        (BEARER, {"authorization": "Bearer t0ken, Bearer t0ken"}, "the bearer token is wrong"),
        (BASIC, basic("gast", "pa:ss"), "the user name or the password is wrong"),
        (BASIC, basic("gäst", "pa"), "the user name or the password is wrong"),
        (BASIC, basic("gäs", "t:pa:ss"), "the user name or the password is wrong"),
        (BASIC, {"authorization": "Basic ?"}, "what stands behind Basic is no base64"),
        (API_KEY, {"x-api-key": ""}, "the key in X-API-Key is wrong"),
    ],
)
def test_what_is_wrong_is_told_and_counts(
    folder: Path, component: Configured, fields: dict[str, str], reason: str
) -> None:
    said = gate(folder, component).judge_head(fields, {}, NOW)
    assert said == Admission(reason=reason, wrong=True, by_head=True)


@pytest.mark.parametrize("component", [BEARER, BASIC, API_KEY, GITHUB])
@pytest.mark.parametrize("fields", [{}, {"authorization": "Digest x"}, {"authorization": "Bearer"}])
def test_nothing_offered_is_no_failure(folder: Path, component: Configured, fields: dict[str, str]) -> None:
    said = gate(folder, component).judge_head(fields, {}, NOW)
    assert said == Admission(reason=NO_CREDENTIALS, by_head=True)


def test_a_certificate_comes_in_by_its_subject(folder: Path) -> None:
    one = gate(folder, CERTIFICATE)
    assert one.judge_head({}, {"tls.subject": "CN=gateway-7,O=Harbour"}, NOW) == Admission("client_certificate")
    other = one.judge_head({}, {"tls.subject": "CN=gateway-7,O=Harbour,OU=x"}, NOW)
    assert (other.reason, other.wrong, other.by_head) == ("the client certificate has another subject", True, False)
    assert one.judge_head({}, {}, NOW).reason == NO_CREDENTIALS


BODY = b'{"device": "g-1", "temperature": 21.5}'


def stripe(body: bytes, at: float = NOW, *more: str) -> dict[str, str]:
    mac = signed(b"%d.%s" % (at, body)).hex()
    return {"stripe-signature": ",".join([f"t={at:.0f}", *more, f"v1={mac}", "v0=00"])}


@pytest.mark.parametrize(
    ("component", "fields"),
    [
        (GITHUB, {"x-hub-signature-256": "sha256=" + signed(BODY).hex()}),
        (GITHUB, {"x-hub-signature-256": "sha256=" + signed(BODY).hex().upper()}),
        (STRIPE, stripe(BODY)),
        (STRIPE, stripe(BODY, NOW, "v1=" + "0" * 64)),
        (STRIPE, stripe(BODY, NOW - 299)),
        (SHOP, {"x-shop-hmac": base64.b64encode(signed(BODY, "sha512")).decode()}),
        (CHAT, {"x-chat-time": "1700000000", "x-chat-signature": "v0=" + signed(b"v0:1700000000:" + BODY).hex()}),
    ],
)
def test_a_signature_comes_in_by_its_body(folder: Path, component: Configured, fields: dict[str, str]) -> None:
    one = gate(folder, component)
    assert one.judge_head(fields, {}, NOW).needs_body
    assert one.judge(fields, BODY, {}, NOW) == Admission("hmac")
    assert one.judge(fields, BODY + b" ", {}, NOW).wrong


@pytest.mark.parametrize(
    ("component", "fields", "reason"),
    [
        (GITHUB, {"x-hub-signature-256": signed(BODY).hex()}, "no hex signature in X-Hub-Signature-256"),
        (GITHUB, {"x-hub-signature-256": "sha256=xyz"}, "no hex signature in X-Hub-Signature-256"),
        (GITHUB, {"x-hub-signature-256": "sha256=" + "0" * 64}, "the signature in X-Hub-Signature-256 is wrong"),
        (GITHUB, {"x-hub-signature-256": "sha256=00"}, "the signature in X-Hub-Signature-256 is wrong"),
        (STRIPE, stripe(BODY, NOW - 301), "the signature's time is 301 s away, more than 5 min"),
        (STRIPE, stripe(BODY, NOW + 3600), "the signature's time is 3600 s away"),
        (STRIPE, {"stripe-signature": "v1=00"}, "there is no timestamp"),
        (STRIPE, {"stripe-signature": "t=1,t=2,v1=00"}, "there is no timestamp"),
        (STRIPE, stripe(BODY, NOW, *["v1=00"] * 16), "the signature in Stripe-Signature is wrong"),
        (SHOP, {"x-shop-hmac": "a b"}, "no base64 signature"),
        (CHAT, {"x-chat-time": "٣", "x-chat-signature": "v0=00"}, "there is no timestamp"),
        (CHAT, {"x-chat-signature": "v0=00"}, "there is no timestamp"),
    ],
)
def test_a_bad_signature_says_what_is_wrong(
    folder: Path, component: Configured, fields: dict[str, str], reason: str
) -> None:
    said = gate(folder, component).judge(fields, BODY, {}, NOW)
    assert said.wrong
    assert reason in (said.reason or "")


@given(header=st.text(st.characters(max_codepoint=255), max_size=200), body=st.binary(max_size=100))
def test_no_header_makes_an_authenticator_stumble_or_come_in(folder: Path, header: str, body: bytes) -> None:
    fields = dict.fromkeys(
        ["authorization", "x-api-key", "x-hub-signature-256", "stripe-signature", "x-chat-signature", "x-chat-time"],
        header,
    )
    if any(word in header for word in WORDS):
        return
    said = gate(folder, BEARER, BASIC, API_KEY, GITHUB, STRIPE, CHAT).judge(fields, body, {}, NOW)
    assert said.name is None
    assert said.wrong


@given(body=st.binary(max_size=1000), at=st.integers(0, 2**33))
def test_whatever_is_signed_rightly_comes_in(folder: Path, body: bytes, at: int) -> None:
    one = gate(folder, GITHUB, STRIPE)
    assert one.judge({"x-hub-signature-256": f"sha256={signed(body).hex()}"}, body, {}, NOW).name == "hmac"
    assert one.judge(stripe(body, at), body, {}, at).name == "hmac"


def test_any_one_of_several_is_enough_and_all_say_their_challenge(folder: Path) -> None:
    one = gate(folder, GITHUB, BASIC, API_KEY, CERTIFICATE)
    assert one.challenges == (
        'HMAC realm="tidegate"',
        'Basic realm="tidegate", charset="UTF-8"',
        'ApiKey realm="tidegate"',
        'Certificate realm="tidegate"',
    )
    assert one.hidden_fields == {"x-hub-signature-256", "x-api-key"}
    wrong = {"x-api-key": "x"}
    assert one.judge_head(wrong | basic("gäst", "pa:ss"), {}, NOW) == Admission("basic", by_head=True)
    assert one.judge_head(wrong, {"tls.subject": "CN=gateway-1,O=Harbour"}, NOW) == Admission("client_certificate")
    good = wrong | {"x-hub-signature-256": "sha256=" + signed(BODY).hex()}
    assert one.judge_head(good, {}, NOW) == Admission()
    assert one.judge(good, BODY, {}, NOW) == Admission("hmac")
    both = one.judge_head(wrong | basic("a", "b"), {}, NOW)
    assert both.reason == "the user name or the password is wrong; the key in X-API-Key is wrong"


def test_a_changed_secret_acts_and_gives_up_what_was_remembered(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old")
    one = gate(tmp_path, BEARER)
    one.look(100.0)
    assert one.generation == 0
    (tmp_path / "token").write_text("newer")
    one.look(101.5)
    assert one.generation == 1
    assert one.judge_head({"authorization": "Bearer old"}, {}, NOW).wrong
    assert one.judge_head({"authorization": "Bearer newer"}, {}, NOW).name == "bearer"


def test_a_secret_that_cannot_be_read_is_a_fault_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        gate(tmp_path, API_KEY, BEARER)
    (fault,) = raised.value.faults
    assert (fault.path, fault.key) == ("authentication/api_key", "key")
    assert "the file" in fault.message


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"signed": "{timestamp}.{body}"}, "signed"),
        ({"signed": "{body}{body}"}, "signed"),
        ({"signed": "body"}, "signed"),
        ({"timestamp_header": "X-Time"}, "timestamp_header"),
        ({"timestamp_field": "t", "signed": "{timestamp}{body}"}, "timestamp_field"),
        (
            {"timestamp_field": "t", "signature_field": "v1", "timestamp_header": "T", "signed": "{timestamp}{body}"},
            "timestamp_field",
        ),
        ({"secret": "hush"}, "secret"),
        ({"header": "no header"}, "header"),
    ],
)
def test_settings_of_a_signature_must_fit_together(settings: dict[str, Any], key: str) -> None:
    table = {"type": "hmac", "id": "a", "secret": {"env": "A"}, "header": "X-S", **settings}
    read, faults = read_component(catalogue(), SLOT, table, "here")
    assert read is None
    assert [(fault.path, fault.key) for fault in faults] == [("here", key)]
    assert "hush" not in json.dumps([fault.message for fault in faults])


# Who guesses.


def test_an_address_that_guesses_waits_for_the_rest_of_a_minute(folder: Path) -> None:
    one = gate(folder, BEARER, most=3)
    for at in (100.0, 101.0, 102.0):
        assert one.wait("10.0.0.1", at) == 0
        one.failed("10.0.0.1", at)
    assert one.wait("10.0.0.1", 102.5) == 58
    assert one.wait("::ffff:10.0.0.1", 102.5) == 58
    assert one.wait("10.0.0.2", 102.5) == 0
    assert one.wait("10.0.0.1", 160.0) == 0
    one.failed("10.0.0.1", 160.0)
    assert one.wait("10.0.0.1", 160.5) == 0


def test_the_addresses_of_one_site_count_as_one() -> None:
    limit = FailureLimit(1)
    limit.failed("2001:db8:0:1::5", 0.0)
    assert limit.wait("2001:db8:0:1:ffff::1", 1.0) == 59
    assert limit.wait("2001:db8:0:2::5", 1.0) == 0
    limit.failed("fe80::1%eth0", 0.0)
    assert limit.wait("fe80::2%eth0", 1.0) == 59
    assert limit.wait("fe80::2%eth1", 1.0) == 0


def test_no_limit_is_no_limit() -> None:
    limit = FailureLimit(0)
    for at in range(100):
        limit.failed("10.0.0.1", float(at))
    assert limit.wait("10.0.0.1", 100.0) == 0


@given(st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 5)), max_size=200))
def test_the_memory_of_addresses_is_bounded(failures: list[tuple[int, float]]) -> None:
    limit, now = FailureLimit(2, addresses=50), 0.0
    for number, after in failures:
        now += after
        limit.failed(f"10.0.{number // 256}.{number % 256}", now)
        assert len(limit) <= 50
        assert 0 <= limit.wait(f"10.0.{number // 256}.{number % 256}", now) <= 60
