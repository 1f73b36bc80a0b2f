"""Content codings: what was compressed is what it was, and never more than is allowed."""

import gzip
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.wire.http_content import codings_of, uncoded
from core.wire.http_syntax import BadHead

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 10_000


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-15)


CODERS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstd.compress}


@given(st.binary(max_size=LIMIT), st.lists(st.sampled_from(sorted(CODERS)), max_size=2))
def test_what_was_coded_comes_back(data: bytes, names: list[str]) -> None:
    coded = data
    for name in names:
        coded = CODERS[name](coded)
    assert uncoded(coded, codings_of(", ".join(names)), LIMIT + 1000) == data


@given(st.binary(max_size=LIMIT))
def test_a_bare_deflate_stream_is_taken_as_many_clients_send_it(data: bytes) -> None:
    assert uncoded(raw_deflate(data), ("deflate",), LIMIT) == data


@given(st.binary(max_size=500), st.binary(max_size=500))
def test_members_and_frames_behind_each_other_are_one_content(one: bytes, other: bytes) -> None:
    assert uncoded(gzip.compress(one) + gzip.compress(other), ("gzip",), LIMIT) == one + other
    assert uncoded(zstd.compress(one) + zstd.compress(other), ("zstd",), LIMIT) == one + other


@pytest.mark.parametrize("name", sorted(CODERS))
def test_a_bomb_is_too_large_and_not_unpacked(name: str) -> None:
    bomb = CODERS[name](bytes(50_000_000))
    with pytest.raises(BadHead) as refused:
        uncoded(bomb, (name,), LIMIT)
    assert refused.value.status == 413


def test_a_bomb_in_a_bomb() -> None:
    with pytest.raises(BadHead) as refused:
        uncoded(gzip.compress(gzip.compress(bytes(50_000_000))), ("gzip", "gzip"), LIMIT)
    assert refused.value.status == 413


def test_exactly_the_limit_is_allowed() -> None:
    for name, coder in CODERS.items():
        assert len(uncoded(coder(bytes(LIMIT)), (name,), LIMIT)) == LIMIT


@given(st.binary(max_size=200), st.sampled_from(sorted(CODERS)))
def test_any_bytes_are_content_or_refused(data: bytes, name: str) -> None:
    try:
        content = uncoded(data, (name,), LIMIT)
    except BadHead as bad:
        status = bad.status
    else:
        status = 200 if len(content) <= LIMIT else 500
    assert status in (200, 400, 413)


@pytest.mark.parametrize("name", sorted(CODERS))
def test_what_ends_too_early_is_refused(name: str) -> None:
    whole = CODERS[name](b"a text that is long enough to be compressed, a text that is long enough")
    with pytest.raises(BadHead) as refused:
        uncoded(whole[:-5], (name,), LIMIT)
    assert refused.value.status == 400


@pytest.mark.parametrize("field", ["br", "gzip, br", "compress", "gzip;q=1", "gzip, gzip, gzip"])
def test_codings_that_are_not_known_are_refused(field: str) -> None:
    with pytest.raises(BadHead) as refused:
        codings_of(field)
    assert refused.value.status == 415


def test_identity_is_nothing() -> None:
    assert codings_of("identity, , GZIP") == ("gzip",)
