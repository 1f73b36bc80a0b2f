"""Frames and streams of real devices: framed by a configuration alone, however they are cut."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from core.wire.framing import Splitter
from tests.framing.configurations import PROTOCOLS, framing_of

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"
THERE = CORPUS.is_dir()
MOST = 64 << 10


def rows(name: str) -> list[dict[str, Any]]:
    if not THERE:
        return []
    with (CORPUS / name).open() as file:
        return [json.loads(line) for line in file]


FRAMES = [row for row in rows("frames.jsonl") if row["transport"] == "tcp"]
STREAMS = rows("streams.jsonl")
needed = pytest.mark.skipif(not THERE, reason="no folder of real devices' frames beside this clone")


def table_of(row: dict[str, Any]) -> dict[str, Any]:
    if row["framing"] == "fixed" and "settings" in row:
        return {"type": "fixed", "length": row["settings"]["length"]}
    return PROTOCOLS[row["protocol"]]


def split(table: dict[str, Any], *parts: bytes) -> list[bytes]:
    splitter = Splitter(framing_of(table)(), MOST)
    found = [each for part in parts for each in splitter.feed(part)]
    assert not splitter.tail or table["type"] == "delimiter", splitter.tail
    return [each.frame for each in found if each.frame is not None]


def expected(row: dict[str, Any]) -> bytes:
    return bytes.fromhex(row.get("frame_hex", row["hex"]))


@needed
@pytest.mark.parametrize("row", FRAMES, ids=[row["id"] for row in FRAMES])
def test_a_frame_is_found_whole_byte_by_byte_and_in_a_burst(row: dict[str, Any]) -> None:
    wire, table = bytes.fromhex(row["hex"]), table_of(row)
    assert split(table, wire) == [expected(row)]
    assert split(table, *(bytes([byte]) for byte in wire)) == [expected(row)]
    assert split(table, wire * 3) == [expected(row)] * 3


@needed
@pytest.mark.parametrize("row", STREAMS, ids=[row["id"] for row in STREAMS])
def test_a_stream_comes_out_frame_for_frame(row: dict[str, Any]) -> None:
    by_id = {frame["id"]: frame for frame in FRAMES}
    stream = bytes.fromhex(row["hex"])
    size, ends = row.get("write_size"), row.get("write_ends")
    edges = [0, *(ends or range(size, len(stream), size) if size or ends else []), len(stream)]
    parts = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert split(table_of(row), *parts) == [expected(by_id[id]) for id in row["frames"]]
    assert split(table_of(row), *(bytes([byte]) for byte in stream)) == [expected(by_id[id]) for id in row["frames"]]
