"""The PROXY protocol's header as bytes, in any cut (HAProxy's doc/proxy-protocol.txt)."""

import contextlib
import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.proxy_protocol import MOST_V1, SIGNATURE, Address, Malformed, header_length, source_of

ports = st.integers(0, 65535)


@st.composite
def v1(draw: st.DrawFn) -> tuple[bytes, Address]:
    version = draw(st.sampled_from((4, 6)))
    source, target = (draw(st.ip_addresses(v=version)) for _ in range(2))
    port = draw(ports)
    return f"PROXY TCP{version} {source} {target} {port} {draw(ports)}\r\n".encode(), (str(source), port)


@st.composite
def v2(draw: st.DrawFn) -> tuple[bytes, Address | None]:
    version = draw(st.sampled_from((4, 6)))
    source, target = (draw(st.ip_addresses(v=version)) for _ in range(2))
    port, local = draw(ports), draw(st.booleans())
    addresses = source.packed + target.packed + struct.pack("!HH", port, draw(ports))
    family = (0x10 if version == 4 else 0x20) + draw(st.sampled_from((1, 2)))
    return binary(addresses + draw(st.binary(max_size=300)), family, 0x20 if local else 0x21), (
        None if local else (str(source), port)
    )


def binary(rest: bytes, family: int = 0x11, command: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(rest)) + rest


@given(st.one_of(v1(), v2()), st.binary(max_size=200), st.data())
def test_a_header_is_found_in_any_cut_and_not_one_byte_more(
    made: tuple[bytes, Address | None], after: bytes, data: st.DataObject
) -> None:
    header, source = made
    cut = data.draw(st.integers(0, len(header) - 1))
    assert header_length(header[:cut]) in (None, len(header))
    assert header_length(header + after) == len(header)
    assert source_of(header) == source


@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=400).map(lambda rest: b"PROXY " + rest),
        st.binary().map(lambda rest: SIGNATURE + rest),
    )
)
def test_any_bytes_are_a_header_or_malformed_or_wait_for_more(data: bytes) -> None:
    length = length_of(data)
    if length is None:
        assert len(data) < MOST_V1
    elif 0 < length <= len(data):
        with contextlib.suppress(Malformed):
            source = source_of(data[:length])
            assert source is None or ipaddress.ip_address(source[0])


def length_of(data: bytes) -> int | None:
    """0 where it is malformed."""
    try:
        return header_length(data)
    except Malformed:
        return 0


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "did not begin with a PROXY header"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "is not PROXY, TCP4 or TCP6"),
        (b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "is not PROXY, TCP4 or TCP6"),
        (b"PROXY TCP9 1.2.3.4 5.6.7.8 1 2\r\n", "is not PROXY, TCP4 or TCP6"),
        (b"PROXY TCP4 1.2.3.4 ::1 1 2\r\n", "an address that is none of TCP4"),
        (b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "an address that is none of TCP6"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "a port that is none"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "a port that is none"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 \xb2\r\n", "is not ASCII"),
        (b"PROXY " + b"x" * MOST_V1, "has no end in 107 bytes"),
        (binary(bytes(12), command=0x11), "of version 1"),
        (binary(bytes(12), command=0x22), "the unknown command 2"),
        (binary(bytes(12), family=0x13), "the unknown address family 0x13"),
        (binary(bytes(11)), "too short for its addresses"),
        (binary(bytes(35), family=0x21), "too short for its addresses"),
    ],
)
def test_what_breaks_the_protocol_is_malformed(header: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        source_of(header[: header_length(header)])


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n",
        binary(b"", family=0, command=0x20),
        binary(b"", family=0),
        binary(bytes(216), family=0x31),
    ],
)
def test_what_names_no_address_leaves_the_connections_own(header: bytes) -> None:
    assert header_length(header) == len(header)
    assert source_of(header) is None
