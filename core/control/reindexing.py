"""What passes over the control protocol about building the index anew."""

from typing import Literal

import msgspec

ReindexState = Literal["running", "done", "cancelled", "failed"]
ReindexPhase = Literal["reading", "indexing", "catching_up", "swapping"]


class ReindexStatus(msgspec.Struct, kw_only=True):
    """How far building the index anew has come. Until it is `done` the index of before answers, and grows.

    `reading` takes the rows of the journal, `indexing` sorts them, `catching_up` takes what came meanwhile, and with
    `swapping` the new one takes its place. It does not go on with the next engine: it is begun again.
    """

    state: ReindexState
    phase: ReindexPhase = "reading"
    total: int = 0
    """Rows of the journal that are there to be read."""
    done: int = 0
    events: int = 0
    indexes: int = 0
    """Of `of_indexes` so many are made."""
    of_indexes: int = 0
    rate: float = 0.0
    """Rows a second since it began."""
    created: str = ""
    ended: str | None = None
    reason: str | None = None
    """Why it failed."""
    unread: list[str] = []
    """Segments of the journal that could not be read, each with the reason; the first ten."""
    pid: int | None = None


class Reindexed(msgspec.Struct):
    """The last time that the index was built anew since the engine started; null where it was not."""

    reindex: ReindexStatus | None = None


def reindex_words(status: ReindexStatus) -> str:
    """How far it is, for a person."""
    if status.state == "failed":
        return f"the index could not be built anew: {status.reason}; the one of before is used"
    if status.state == "cancelled":
        return "building the index anew was cancelled; the one of before is used"
    if status.state == "done":
        return f"the index was built anew: {status.done:,} rows, {status.rate:,.0f} a second"
    if status.phase == "reading":
        share = status.done * 100 // status.total if status.total else 0
        return f"the index is built anew: {share} % of {status.total:,} rows read, {status.rate:,.0f} a second"
    if status.phase == "indexing":
        return f"the index is built anew: rows read, {status.indexes} of {status.of_indexes} indexes made"
    return "the index is built anew: it takes what came meanwhile"
