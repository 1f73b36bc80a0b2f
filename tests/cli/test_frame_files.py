"""Files of frames, as `tidegate send --frames` reads them, and how frames are cut into writes."""

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.simulator.framed.exchange import Exchange
from core.cli.simulator.framed.file import FramesFault, read_frames, read_hex
from core.cli.simulator.framed.split import Split, parse_split
from tests.framing.test_corpus import STREAMS, needed

FRAMES = st.binary(min_size=1, max_size=40)


@given(
    st.lists(st.tuples(FRAMES, st.none() | st.binary(max_size=10)), max_size=8), st.sampled_from(["", " ", ":", " : "])
)
def test_plain_frames_come_out_as_they_were_written(rows: list[tuple[bytes, bytes | None]], between: str) -> None:
    def written(data: bytes) -> str:
        return between.join(f"{byte:02X}" for byte in data)

    lines = [written(sent) + ("" if answer is None else f" => {written(answer)}") for sent, answer in rows]
    read = read_frames("# a comment\n\n" + "\r\n".join(lines))
    assert [(each.sent, each.answer) for each in read.exchanges] == rows


@given(FRAMES, st.none() | st.binary(max_size=10), st.text(max_size=10), st.integers(1, 50))
def test_rows_of_json_come_out_as_they_were_written(sent: bytes, answer: bytes | None, id: str, size: int) -> None:
    row = {"id": id, "hex": sent.hex(), "write_size": size, "note": "é\u2028"}
    row |= {} if answer is None else {"ack_hex": answer.hex()}
    [read] = read_frames(json.dumps(row, ensure_ascii=False)).exchanges
    assert (read.sent, read.answer, read.name) == (sent, answer, id)
    assert read.writes[-1] == len(sent)
    assert b"".join(Split().writes([read], random.Random())) == sent


@given(st.text())
def test_what_is_no_hex_is_a_fault_with_its_line_and_nothing_worse(text: str) -> None:
    fault, read = "", None
    try:
        read = read_frames(f"00\n{text}")
    except FramesFault as error:
        fault = str(error)
    assert fault.startswith("line ") if read is None else read.exchanges[0] == Exchange(b"\0", None, "1")


@given(st.text(string.hexdigits + " :x#", max_size=30))
def test_bytes_of_hex_are_those_of_python(text: str) -> None:
    digits = text.replace(" ", "").replace(":", "").removeprefix("0x")
    try:
        expected = bytes.fromhex(digits)
    except ValueError:
        with pytest.raises(ValueError, match="hex digit"):
            read_hex(text)
    else:
        assert read_hex(text) == expected


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("78 7g", "line 2: 'g' is no hex digit"),
        ("787", "line 2: a hex digit is missing"),
        ("=> 01", "line 2: a frame without a byte"),
        ("01 => 0", "line 2: a hex digit is missing"),
        ("{", "line 2: it is no JSON"),
        ('{"id": "a"}', "line 2: Object missing required field `hex`"),
        ('{"hex": 1}', "line 2: Expected `str`"),
        ('{"hex": "0102", "write_ends": [1]}', "line 2: write_ends must rise"),
        ('{"hex": "0102", "write_ends": [2, 2]}', "line 2: write_ends must rise"),
        ('{"hex": "0102", "write_size": 0}', "line 2: write_size must be 1"),
    ],
)
def test_a_fault_names_its_line(line: str, words: str) -> None:
    with pytest.raises(FramesFault) as fault:
        read_frames(f"00\n{line}\n00")
    assert str(fault.value).startswith(words)


def test_names_and_answers_of_plain_frames() -> None:
    read = read_frames("0x0102 => 03 # login\n04 =>\n05 # \n# whole\n06").exchanges
    assert read == [
        Exchange(b"\1\2", b"\3", "login"),
        Exchange(b"\4", b"", "2"),
        Exchange(b"\5", None, "3"),
        Exchange(b"\6", None, "5"),
    ]


def test_rows_are_left_out_by_protocol_and_transport() -> None:
    rows = [("a", "tcp"), ("a", "udp"), ("b", "tcp"), ("", "")]
    text = "\n".join(json.dumps({"hex": f"0{at}", "protocol": p, "transport": t}) for at, (p, t) in enumerate(rows))
    every, one, datagrams = read_frames(text), read_frames(text, protocol="a"), read_frames(text, transport="udp")
    assert [each.name for each in every.exchanges] == ["1", "3", "4"]
    assert [each.name for each in one.exchanges] == ["1"]
    assert one.left_out == {"udp": 1, "b": 1, "no protocol": 1}
    assert [each.name for each in datagrams.exchanges] == ["2", "4"]


def test_a_datagram_has_a_largest_size() -> None:
    with pytest.raises(FramesFault, match="line 1: 65,508 bytes are more than a datagram holds"):
        read_frames("00" * 65508, transport="udp")
    assert len(read_frames("00" * 65508).exchanges) == 1


@given(st.lists(FRAMES, min_size=1, max_size=5), st.sampled_from(["whole", "bytes", "3", "random", "burst"]))
def test_however_frames_are_cut_their_bytes_stay(frames: list[bytes], way: str) -> None:
    batch = [Exchange(sent, None, "") for sent in frames]
    writes = parse_split(way).writes(batch, random.Random(1))
    assert b"".join(writes) == b"".join(frames)
    assert all(writes)
    sizes = {"bytes": 1, "3": 3}.get(way)
    assert sizes is None or all(len(write) == sizes for write in writes[:-1])


@pytest.mark.parametrize("way", ["", "0", "-1", "half", "1.5", "10000000000"])
def test_other_ways_are_none(way: str) -> None:
    with pytest.raises(ValueError, match="is none of whole, bytes"):
        parse_split(way)


@needed
def test_streams_of_the_corpus_keep_their_writes() -> None:
    for stream in STREAMS:
        [exchange] = read_frames(json.dumps(stream)).exchanges
        writes = Split().writes([exchange], random.Random())
        assert b"".join(writes).hex() == stream["hex"]
        assert len(writes) == len(stream.get("write_ends", range(0, len(exchange.sent), stream.get("write_size", 1))))
