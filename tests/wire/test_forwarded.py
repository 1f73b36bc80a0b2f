"""Whom a proxy forwards for, and whom it only says it does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.forwarded import ForwardedField, client_of
from core.wire.networks import Networks

PROXY = ("10.0.0.1", 4000)
TRUSTED = Networks(["10.0.0.0/8", "::1"])


def client(value: str, field: ForwardedField = "x-forwarded-for", peer: tuple[str, int] = PROXY) -> tuple[str, int]:
    return client_of({field: value}, peer, TRUSTED, field)


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),  # the left one is what the device said of itself
        ("203.0.113.9, 192.0.2.7, 10.1.1.1,10.2.2.2", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("10.1.1.1", "10.1.1.1"),
        ("unknown", "10.0.0.1"),
        ("unknown, 10.1.1.1", "10.1.1.1"),
        ("192.0.2.7, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
        ("\x1b[2J", "10.0.0.1"),
    ],
)
def test_x_forwarded_for(value: str, host: str) -> None:
    assert client(value)[0] == host


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=192.0.2.7", ("192.0.2.7", 0)),
        ("for=192.0.2.7;proto=https;by=203.0.113.43", ("192.0.2.7", 0)),
        ("For=192.0.2.7, for=10.1.1.1", ("192.0.2.7", 0)),
        ('for="[2001:db8::1]:4711"', ("2001:db8::1", 4711)),
        ('for="192.0.2.7:4711";host="a,b;c"', ("192.0.2.7", 4711)),
        ("proto=http;for=192.0.2.7", ("192.0.2.7", 0)),
        ("for=_hidden", PROXY),
        ("for=unknown", PROXY),
        ("proto=http", PROXY),
        ("for=203.0.113.9, nonsense", PROXY),
        ('for="192.0.2.7', PROXY),
    ],
)
def test_forwarded(value: str, expected: tuple[str, int]) -> None:
    assert client(value, "forwarded") == expected


def test_a_peer_that_is_not_trusted_says_what_it_likes() -> None:
    assert client("192.0.2.7", peer=("203.0.113.1", 5)) == ("203.0.113.1", 5)


def test_the_other_field_is_the_device_s_own_word() -> None:
    assert client_of({"forwarded": "for=192.0.2.7"}, PROXY, TRUSTED, "x-forwarded-for") == PROXY


def test_an_ipv4_peer_of_an_ipv6_socket_is_the_same_peer() -> None:
    assert client("192.0.2.7", peer=("::ffff:10.0.0.1", 5))[0] == "192.0.2.7"


@given(st.text(max_size=80), st.sampled_from(["x-forwarded-for", "forwarded"]))
def test_any_text_gives_an_address(value: str, field: ForwardedField) -> None:
    host, port = client(value, field)
    assert Networks([host])
    assert 0 <= port <= 65535


@pytest.mark.parametrize("name", ["10.0.0.0/33", "localhost", "", "10.0.0"])
def test_what_is_no_network_is_said(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Networks([name])
