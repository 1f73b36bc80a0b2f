"""The rows of the index's `requests` table."""

from core.journal.taken import TakenRow

RequestRow = tuple[bytes, int, int, int, int, int | None, int, int, int, int | None, int]


def request_row(row: TakenRow, segment: int, failure: int | None = None) -> RequestRow:
    """A request of a segment, in a group of failures or in none, as `TAKE_REQUEST` takes it."""
    return (
        row.request,
        segment,
        row.seq,
        row.received,
        row.outcome_code,
        row.status,
        row.micros,
        row.size,
        row.event_count,
        failure,
        row.number,
    )
