"""Rows of a feed, as an engine would send them."""

from core.model.dates import date_text
from core.model.refusals import RefusedGroup
from core.model.requests import Brief, Outcome, TrafficRow

BEGIN = 1_770_000_000_000
"""An arbitrary moment in 2026, in milliseconds since the epoch."""


def row(number: int, outcome: Outcome = "decoded", **given: object) -> TrafficRow:
    """The `number`th row; `given` replaces what it would hold."""
    held: dict[str, object] = {
        "id": f"{number:08d}",
        "tenant": "default",
        "event_source": "lora",
        "received_date": date_text(BEGIN + number),
        "remote": "10.0.0.7:40001",
        "method": "POST",
        "target": "/lora",
        "outcome": outcome,
        "reason": None if outcome == "decoded" else "lora.py:14  JSON is missing the id",
        "status": 200 if outcome == "decoded" else 422,
        "events": 1 if outcome == "decoded" else 0,
        "bytes": 203,
        "milliseconds": 0.8,
        "script": "3f9a1c",
        "decoded": [Brief(f"device-{number}", "Measurements", "rssi -111.0")] if outcome == "decoded" else [],
    }
    return TrafficRow(**{**held, **given})  # pyright: ignore[reportArgumentType]  # a test's own choice of values


def some(first: int, stop: int) -> list[TrafficRow]:
    """Rows `first` to `stop` (not included)."""
    return [row(number) for number in range(first, stop)]


def refused(number: int, **given: object) -> RefusedGroup:
    """Refused requests that were only counted, in the place of the `number`th row."""
    held: dict[str, object] = {
        "id": f"{number:08d}",
        "tenant": "default",
        "source": "lora",
        "reason": "more connections than the source allows",
        "network": "10.1.2.0/24",
        "count": 1204,
        "at": date_text(BEGIN + number),
    }
    return RefusedGroup(**{**held, **given})  # pyright: ignore[reportArgumentType]  # a test's own choice of values
