"""A decode segment while the follower reads it."""

from typing import ClassVar

from core.journal.decodes import DECODE_COLUMNS, FORMAT, DecodeRow, decode_row
from core.journal.followed import BATCH_BYTES, BATCH_ROWS, FollowedSegment


class FollowedDecodes(FollowedSegment):
    """Its rows are decodes of requests that other segments hold."""

    rows_in: ClassVar[str] = "decodes"
    tables: ClassVar[frozenset[str]] = frozenset({"meta", "decodes"})
    formats: ClassVar[tuple[str, ...]] = (FORMAT,)

    @property
    def replay(self) -> str:
        """The id of the replay whose decodes they are."""
        (replay,) = self.opened().execute("SELECT value FROM meta WHERE key = 'replay'").fetchone()
        return str(replay)

    def decodes(self) -> list[DecodeRow]:
        """The next rows up to the noted end: at most BATCH_ROWS, and about BATCH_BYTES."""
        cursor = self.opened().execute(
            f"SELECT {DECODE_COLUMNS} FROM decodes WHERE seq > ? AND seq <= ?"
            " AND length(request) = 16 AND typeof(received) = 'integer' AND typeof(number) = 'integer'"
            f" ORDER BY seq LIMIT {BATCH_ROWS}",
            (self.indexed.taken, self.end),
        )
        rows: list[DecodeRow] = []
        weight = 0
        for columns in cursor:
            row = decode_row(columns)
            rows.append(row)
            weight += len(row.encoded or b"")
            if weight >= BATCH_BYTES:
                break
        cursor.close()
        self.note_read(len(rows))
        return rows
