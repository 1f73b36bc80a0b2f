"""The formats of an export: JSON lines, CSV and Parquet, with the same keys in the same order.

CSV (RFC 4180, UTF-8, with a header) and Parquet have one column for each key that any row may have; what has parts,
such as measurements and metadata, is JSON in CSV; in Parquet measurements and the metadata of events are maps. Bytes
are base64 in CSV, as in JSON.
"""

import base64
import contextlib
import csv
import io
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from importlib import import_module
from typing import IO, Any, Final

import msgspec

from core.errors import TidegateError
from core.model.events import Event, event_json
from core.model.requests import Request

Row = dict[str, Any]  # the values are of JSON's types, which differ by key
Exported = Callable[[Row], None]

ROWS_A_GROUP: Final = 20_000
"""Rows of a row group of Parquet, which are held in memory; fewer where they are large."""
BYTES_A_GROUP: Final = 64 << 20

_LEADING: Final = ("id", "tenant", "eventSource", "request", "eventType", "hardwareId", "eventDate", "receivedDate")
_BYTES: Final = ("payload", "wire", "answer")
_DATES: Final = ("eventDate", "receivedDate")
_WHOLE: Final = ("events", "replayed", "bytes", "status", "sequenceNumber")
_FLOATS: Final = ("latitude", "longitude", "elevation", "milliseconds")
_MAPS: Final = {"measurements": "float", "metadata": "text"}


def event_columns() -> list[str]:
    """Every key that an event of any type has: those that all have in front, then each type's own."""
    own = [key for kind in Event.__args__ for key in kind.OWN]
    shared = [key for key in event_json(_ANY) if key not in _ANY.OWN and key not in _LEADING]
    return [*_LEADING, *dict.fromkeys(own), *shared]


def request_columns(*, payload: bool) -> list[str]:
    """Every key that a request has."""
    return [*Request.__struct_encode_fields__, *(_BYTES if payload else ())]


_ANY: Final = msgspec.convert({"eventType": "Alert", "hardwareId": "", "type": "", "message": ""}, Event)


@contextlib.contextmanager
def writer_of(format: str, file: IO[bytes], *, of_events: bool, payload: bool) -> Generator[Exported]:
    """Gives what writes one row into `file`; all of them are there at the end of the block."""
    columns = event_columns() if of_events else request_columns(payload=payload)
    if format == "csv":
        yield from _csv(file, columns)
    elif format == "parquet":
        yield from _parquet(file, columns, of_events=of_events)
    else:
        yield from _json_lines(file)


def _json_lines(file: IO[bytes]) -> Generator[Exported]:
    encode = msgspec.json.Encoder().encode

    def write(row: Row) -> None:
        file.write(encode(row) + b"\n")

    yield write


def _csv(file: IO[bytes], columns: list[str]) -> Generator[Exported]:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=False)
    rows = csv.writer(text)

    def write(row: Row) -> None:
        rows.writerow([_flat(row.get(column)) for column in columns])

    try:
        rows.writerow(columns)
        yield write
    finally:
        text.detach()  # which flushes it, and leaves the file open


def _flat(value: object) -> object:
    """A value in one cell; what has parts as JSON, bytes as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or isinstance(value, (str, int, float)):
        return value
    return msgspec.json.encode(value).decode()


def _parquet(file: IO[bytes], columns: list[str], *, of_events: bool) -> Generator[Exported]:
    pa, parquet = _pyarrow("pyarrow"), _pyarrow("pyarrow.parquet")
    maps = _MAPS if of_events else {}
    schema = pa.schema([(column, _type(pa, column, maps.get(column))) for column in columns])
    held: list[Row] = []
    weight = 0
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:

        def flush() -> None:
            nonlocal weight
            if held:
                writer.write_table(pa.Table.from_pylist(held, schema=schema))
                held.clear()
                weight = 0

        def write(row: Row) -> None:
            nonlocal weight
            held.append({column: _value(column, row.get(column), maps) for column in columns})
            weight += sum(len(row.get(column) or b"") for column in _BYTES)
            if len(held) >= ROWS_A_GROUP or weight >= BYTES_A_GROUP:
                flush()

        yield write
        flush()


def _pyarrow(name: str) -> Any:  # pyarrow says little of its types
    try:
        return import_module(name)
    except ImportError as error:
        message = "Parquet needs pyarrow: pip install 'tidegate[parquet]', where Tidegate is installed"
        raise TidegateError(message) from error


def _type(pa: Any, column: str, map_of: str | None) -> object:
    if map_of is not None:
        return pa.map_(pa.string(), pa.float64() if map_of == "float" else pa.string())
    if column in _DATES:
        return pa.timestamp("ms", tz="UTC")
    if column in _BYTES:
        return pa.binary()
    if column in _WHOLE:
        return pa.int64()
    if column in _FLOATS:
        return pa.float64()
    return pa.string()


def _value(column: str, value: Any, maps: dict[str, str]) -> object:
    if value is None:
        return None
    if column in maps:
        return list(value.items())
    if column in _DATES:
        return _moment(value)
    return value if column in _BYTES else _flat(value)


def _moment(text: str) -> datetime | None:
    """A date as Tidegate writes it; one that a script wrote otherwise is left out."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
