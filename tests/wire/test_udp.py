"""Datagrams on real sockets: each a request, kept, and answered in order to where it came from."""

from collections.abc import Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead
from tests.wire.datagrams import FRAMING, device, reasons, udp_source

SCRIPT = """
def decode(payload, metadata, events, logger, state, respond):
    if payload == b"bad":
        respond(b"NO", 400)
        raise ValueError("it is bad")
    if payload == b"worse":
        raise ValueError("it is worse")
    if payload == b"usual":
        return
    if payload == b"where":
        respond(f"{metadata['remote.host']} {metadata['remote.port']}".encode())
        return
    if payload == b"much":
        respond(b"x" * 70000)
        return
    state["count"] = state.get("count", 0) + 1
    events.alert("d", "datagram", payload.hex())
    respond(b"%d:%b" % (state["count"], payload))
"""
LINE = FRAMING + 'type = "line"'
PREFIX = FRAMING + 'type = "length_prefix"\nwidth = 1\nadjust = 1\nstrip = 1'
SOURCES = {
    "usual": 'answer = "OK"',
    "small": 'max_datagram = "100 B"',
    "small_every": 'max_datagram = "100 B"\nbind_address = "0.0.0.0"',
    "lines": LINE,
    "prefix": PREFIX,
    "brief": 'state_for = "1 s"',
    "few": "max_peers = 2",
    "every": 'bind_address = "0.0.0.0"',
    "six": 'bind_address = "::1"',
    "both": 'bind_address = "::"',
    "greedy": 'receive_buffer = "1 GiB"',
    "buffered": 'receive_buffer = "64 KiB"',
}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in SOURCES}


@pytest.fixture(scope="module", autouse=True)
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("udp") / "home", script=SCRIPT)
    more = "".join(udp_source(name, ports[name], settings) for name, settings in SOURCES.items())
    stead.write(udp_source("lora", stead.port) + more)
    stead.serve()
    yield stead
    stead.end()


def test_a_datagram_is_kept_before_it_is_answered(stead: Stead) -> None:
    with device(stead.port) as one:
        assert one.ask(b"first") == b"1:first"
        row = stead.requests("--source", "lora")[-1]
        assert (row["bytes"], row["outcome"], row["remote"]) == (5, "decoded", f"127.0.0.1:{one.port}")
    assert stead.events()[-1]["message"] == b"first".hex()


def test_answers_to_a_peer_come_in_the_order_of_its_datagrams(stead: Stead) -> None:
    with device(stead.port) as one:
        for start in range(0, 1000, 50):
            one.send(*(b"%d" % number for number in range(start, start + 50)))
            heard = [one.hear() for _ in range(50)]
            assert heard == [b"%d:%d" % (number + 1, number) for number in range(start, start + 50)]


def test_each_peer_has_a_state_of_its_own(stead: Stead) -> None:
    with device(stead.port) as one, device(stead.port) as other:
        assert [one.ask(b"a"), other.ask(b"b"), one.ask(b"c"), other.ask(b"d")] == [b"1:a", b"1:b", b"2:c", b"2:d"]
        assert one.ask(b"where") == b"127.0.0.1 %d" % one.port


def test_the_usual_answer_a_refusal_that_the_script_chose_and_none(stead: Stead, ports: dict[str, int]) -> None:
    with device(ports["usual"]) as one:
        one.send(b"worse", b"usual", b"bad", b"usual")
        assert [one.hear(), one.hear(), one.hear()] == [b"OK", b"NO", b"OK"]
    outcomes = [row["outcome"] for row in stead.requests("--source", "usual")]
    assert outcomes == ["failed", "decoded", "failed", "decoded"]
    with device(stead.port) as one:
        one.send(b"usual")
        assert one.hears_nothing()


def test_an_empty_datagram_is_a_request(stead: Stead) -> None:
    with device(stead.port) as one:
        assert one.ask(b"") == b"1:"
        assert stead.requests("--source", "lora")[-1]["bytes"] == 0


@pytest.mark.parametrize("source", ["small", "small_every"])
def test_a_datagram_that_is_too_long_is_refused_and_not_cut(stead: Stead, ports: dict[str, int], source: str) -> None:
    with device(ports[source]) as one:
        one.send(b"x" * 101)
        assert one.ask(b"y" * 100) == b"1:" + b"y" * 100
    until(lambda: reasons(stead, source) == ["a datagram of 101 bytes; 100 B are allowed"], "the refused row")
    row = stead("requests", "--refused", "--source", source, "--json").objects[-1]
    assert row["bytes"] == 101


def test_the_longest_datagram_is_taken(stead: Stead) -> None:
    with device(stead.port) as one:
        one.send(b"x" * 65507)
        assert one.hears_nothing()  # its answer would be longer than a datagram can be
        until(lambda: stead.requests("--source", "lora")[-1]["bytes"] == 65507, "the row")


def test_an_answer_that_cannot_be_sent_is_counted(stead: Stead) -> None:
    before = stead.source().detail["unsent"]
    with device(stead.port) as one:
        one.send(b"much")
        until(lambda: stead.source().detail["unsent"] > before, "the count")
        assert stead.source().detail["unsent_reason"] == "Message too long"
        assert one.ask(b"next") == b"1:next"
    assert "unsent" in stead("status").out


def test_a_framing_finds_several_requests_in_a_datagram(stead: Stead, ports: dict[str, int]) -> None:
    with device(ports["lines"]) as one:
        one.send(b"one\ntwo\nhal", b"three\n", b"")
        assert [one.hear(), one.hear(), one.hear()] == [b"1:one", b"2:two", b"3:three"]
    until(
        lambda: (
            reasons(stead, "lines")
            == ["the datagram ended in the middle of a frame", "an empty datagram holds no frame"]
        ),
        "the refused rows",
    )


def test_more_frames_in_a_datagram_than_may_wait_are_all_taken(ports: dict[str, int]) -> None:
    with device(ports["lines"]) as one:
        one.send(b"\n".join(b"%d" % number for number in range(3000)) + b"\n")
        assert [one.hear() for _ in range(3000)] == [b"%d:%d" % (number + 1, number) for number in range(3000)]


def test_a_bad_length_in_a_datagram_costs_that_alone(stead: Stead, ports: dict[str, int]) -> None:
    with device(ports["prefix"]) as one:
        one.send(b"\x02ok\xffno")
        assert one.hear() == b"1:ok"
        assert one.ask(b"\x04next") == b"2:next"
    until(lambda: reasons(stead, "prefix") == ["the datagram ended in the middle of a frame"], "the refused row")


def test_state_is_forgotten_after_its_time(stead: Stead, ports: dict[str, int]) -> None:
    with device(ports["brief"]) as one:
        assert one.ask(b"a") == b"1:a"
        assert one.ask(b"b") == b"2:b"
        until(lambda: stead.source("brief").detail["peers"] == 1, "the peer to be counted")
        until(lambda: stead.source("brief").detail["peers"] == 0, "the peer to be forgotten")
        assert one.ask(b"c") == b"1:c"


def test_the_peer_that_was_quiet_for_longest_makes_room(ports: dict[str, int]) -> None:
    with device(ports["few"]) as one, device(ports["few"]) as two, device(ports["few"]) as three:
        assert [one.ask(b"a"), two.ask(b"a"), one.ask(b"b")] == [b"1:a", b"1:a", b"2:b"]
        assert three.ask(b"a") == b"1:a"
        assert [one.ask(b"c"), two.ask(b"b")] == [b"3:c", b"1:b"]


def test_a_peer_of_which_nothing_is_remembered_takes_no_place(ports: dict[str, int]) -> None:
    with device(ports["few"]) as one:
        assert one.ask(b"a") == b"1:a"
        for _ in range(5):
            with device(ports["few"]) as other:
                other.ask(b"where")
        assert one.ask(b"b") == b"2:b"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "127.9.9.9"])
@pytest.mark.parametrize("source", ["every", "both"])
def test_an_answer_comes_from_the_address_that_was_sent_to(ports: dict[str, int], source: str, host: str) -> None:
    with device(ports[source], host) as one:
        assert one.ask(b"a") == b"1:a"


@pytest.mark.parametrize("source", ["six", "both"])
def test_ipv6(stead: Stead, ports: dict[str, int], source: str) -> None:
    with device(ports[source], "::1") as one:
        assert one.ask(b"a") == b"1:a"
        assert one.ask(b"where") == b"::1 %d" % one.port
        assert stead.requests("--source", source)[-1]["remote"] == f"[::1]:{one.port}"


def test_a_receive_buffer_that_the_kernel_does_not_give_is_told(stead: Stead) -> None:
    until(lambda: stead.source("greedy").reason is not None, "the warning")
    source = stead.source("greedy")
    assert source.state == "started"
    assert "net.core.rmem_max=1073741824" in (source.reason or "")
    assert source.detail["receive_buffer"] < 1 << 30
    until(lambda: stead.source("buffered").detail["receive_buffer"] is not None, "the buffer")
    assert stead.source("buffered").detail["receive_buffer"] == 64 << 10
    assert stead.source("buffered").reason is None


def test_a_port_serves_both_transports(stead: Stead, ports: dict[str, int]) -> None:
    added = stead("add", "default", "event_sources", "socket", "id=beside", f"port={stead.port}")
    assert added.status == 0, added.err
    stead("add", "default", "event_sources/beside/interaction_handler", "read_all")
    stead("add", "default", "event_sources/beside/decoder", "python", "script=lora.py")
    applied = stead("apply", "default")
    assert applied.status == 0, applied.err
    assert stead.raw(b"over TCP", half_close=True) == b""
    until(lambda: stead.requests("--source", "beside"), "the request over TCP")
    with device(stead.port) as one:
        assert one.ask(b"a") == b"1:a"


def test_devices_hear_nothing_of_a_source_that_stopped(stead: Stead, ports: dict[str, int]) -> None:
    with device(ports["usual"]) as one:
        assert stead("stop", "default/usual").status == 0
        one.send(b"usual")
        with pytest.raises(ConnectionRefusedError):
            one.hear()
        assert stead("start", "default/usual").status == 0
    with device(ports["usual"]) as one:
        assert one.ask(b"usual") == b"OK"
