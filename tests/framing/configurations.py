"""Framings as a configuration has them, made as a worker makes them; one for each protocol of real devices."""

from typing import Any, cast

from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.registry import catalogue
from core.scripting.log import DecodeLog
from core.wire.framing import FramingMaker
from core.worker.context import Context
from core.worker.making import Making

FRAMING = Slot("framing", "framing", "Framing")


def framing_of(table: dict[str, Any]) -> FramingMaker:
    """Makes framings of a TOML table."""
    read, faults = read_component(catalogue(), FRAMING, table, "framing")
    assert read is not None, faults
    log = DecodeLog()
    return cast("FramingMaker", Making(Context("t", "s", [], log), log).part(read))


def between(start: str, end: str, *escapes: str, **more: Any) -> dict[str, Any]:
    return {"type": "start_end", "start": start, "end": end, "escapes": list(escapes), **more}


def prefix(offset: int, width: int, adjust: int, **more: Any) -> dict[str, Any]:
    return {"type": "length_prefix", "offset": offset, "width": width, "adjust": adjust, **more}


def branch(id: str, bytes: str | None, framing: dict[str, Any], offset: int = 0) -> dict[str, Any]:
    where = {"bytes": bytes} if bytes is not None else {}
    return {"type": "first_bytes", "id": id, "offset": offset, "framing": framing, **where}


def branches(*each: dict[str, Any], otherwise: str = "close") -> dict[str, Any]:
    return {"type": "branches", "branches": list(each), "otherwise": otherwise}


def fixed(length: int) -> dict[str, Any]:
    return {"type": "fixed", "length": length}


LITTLE = {"byte_order": "little"}
PROTOCOLS: dict[str, dict[str, Any]] = {
    "gl200": {"type": "delimiter", "delimiters": ["$"]},
    "h02": branches(
        branch("text", "*", {"type": "delimiter", "delimiters": ["#"], "include": True}),
        branch("binary", "$", fixed(32)),
        otherwise="skip",
    ),
    "tk103": between("(", ")"),
    "gps103": {"type": "delimiter", "delimiters": [r"\r\n", r"\n", ";", "*"], "include": True},
    "teltonika": branches(
        branch("ping", "0xff", fixed(1)),
        branch("data", "0x00000000", prefix(4, 4, 12)),
        branch("login", None, prefix(0, 2, 2)),
    ),
    "gt06": branches(branch("short", "0x7878", prefix(2, 1, 5)), branch("long", "0x7979", prefix(2, 2, 6))),
    "jt808": {"type": "jt808"},
    "wialon": {"type": "line"},
    "ruptela": prefix(0, 2, 4),
    "meitrack": {
        "type": "ascii_length", "start": "$$", "offset": 3, "digits": 4, "until": ",", "counts": "from end"
    },
    "suntech": branches(
        branch("universal", "0x02", prefix(1, 2, 4)),
        branch("binary", "0x00", prefix(1, 2, 3), offset=1),
        branch("text", None, {"type": "delimiter", "delimiters": [r"\r"], "unless_before": r"\n"}),
    ),
    "galileo": prefix(1, 2, 5, mask="0x7fff", **LITTLE),
    "watch": between(
        "[", "]", r"0x7d01=0x7d", "0x7d02=0x5b", "0x7d03=0x5d", "0x7d04=0x2c", "0x7d05=0x2a", nested=True
    ),
    "castel": prefix(2, 2, 0, **LITTLE),
    "xexun2": between("0xfaaf", "0xfaaf", "0xfbbf01=0xfaaf", "0xfbbf02=0xfbbf"),
    "cellocator": branches(
        branch("type-0", "0x00", fixed(70), offset=4),
        branch("type-3", "0x03", fixed(31), offset=4),
        branch("type-7", "0x07", fixed(70), offset=4),
        branch("type-8", "0x08", prefix(16, 2, 19, **LITTLE), offset=4),
        branch("type-9", "0x09", prefix(13, 1, 15), offset=4),
        branch("type-11", "0x0b", prefix(13, 2, 16, **LITTLE), offset=4),
    ),
    "t55": {"type": "line"},
    "taip": {"type": "delimiter", "delimiters": ["<"]},
    "pricol": fixed(64),
    "flexcomm": fixed(110),
    "m2m": fixed(23),
    "stb": {"type": "json"},
    "huasheng": between("0xc0", "0xc0", "0xdbdc=0xc0", "0xdbdd=0xdb"),
}  # fmt: skip
