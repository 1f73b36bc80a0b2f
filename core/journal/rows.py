"""What a segment holds: the tables one worker writes and every reader of the journal reads.

A segment is a SQLite file, `data/journal/<tenant>/<source>/<UUIDv7>.db`: one writer, WAL, `synchronous=FULL`, never
opened for writing rows by another. Narrow rows and no secondary index, since each would multiply what a commit costs.
"""

from typing import Final

from core.model.requests import Outcome

FORMAT: Final = 3

READABLE: Final = ("1", "2", "3")
"""The formats that this Tidegate reads; one of format 1 has no columns `wire` and `answer`, one of format 2 no
`around`."""

DECODED: Final = 0
FAILED: Final = 1
REFUSED: Final = 2

OUTCOMES: Final[tuple[Outcome, ...]] = ("decoded", "failed", "refused")
"""The words for a row's `outcome`, by its number."""

BY_ALTERNATE_ID: Final = "alternate_id"
"""The meta table's `deduplicator` where the source has the alternate-id deduplicator; that key is absent where it has
none that acts in the index."""

SCHEMA: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE heads(id INTEGER PRIMARY KEY, method TEXT, target TEXT, head BLOB, metadata BLOB);
CREATE TABLE requests(
  seq INTEGER PRIMARY KEY,
  id BLOB,
  received INTEGER,
  remote TEXT,
  head INTEGER,
  payload BLOB,
  metadata BLOB,
  state BLOB,
  outcome INTEGER,
  events BLOB,
  reason TEXT,
  log BLOB,
  log_cut INTEGER,
  status INTEGER,
  script TEXT,
  micros INTEGER,
  size INTEGER,
  wire BLOB,
  answer BLOB,
  around BLOB
);
"""
"""`id`: the 16 bytes of a UUIDv7. `received`: milliseconds since the epoch. `head`: heads.id, or NULL where there was
none. `metadata`: a JSON object of the keys beyond `http.*`, `source`, `remote.*` and `received`, mostly NULL. `events`:
msgspec's JSON of a list of events, defaults omitted, NULL for none. `micros`: microseconds from the last byte received
to the end of the decode. `size`: bytes of the payload as received, of which a refused row keeps the first 4 KiB.
`around`: what a frame had before its payload and behind it (core.journal.around); NULL where that is nothing, or the
payload does not stand in the frame as it came: then `wire` is the frame. `answer`: the bytes that a frame was answered,
NULL for none. HTTP has none of the three."""

INSERT_META: Final = "INSERT INTO meta(key, value) VALUES (?, ?)"

INSERT_HEAD: Final = "INSERT INTO heads(id, method, target, head, metadata) VALUES (?, ?, ?, ?, ?)"

COLUMNS: Final = (
    *("seq", "id", "received", "remote", "head", "payload", "metadata", "state", "outcome", "events", "reason"),
    *("log", "log_cut", "status", "script", "micros", "size", "wire", "answer", "around"),
)
"""Of `requests`, in their order."""

INSERT: Final = f"INSERT INTO requests({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

MANY: Final = 200
"""Rows from which on it pays to take them together: the index need not read them, and passes and nudges wait for
more."""

WHOLE: Final = "length(r.id) = 16 AND typeof(r.received) = 'integer' AND typeof(r.micros) = 'integer'"
"""What no worker leaves out of a row. A damaged page that can be read all the same may lack it."""
