"""What index.db holds, and the statements that write it.

Every index but two begins with the segment, so that what a firehose adds goes to a few pages however large the file is,
and what a segment's end takes out lies together. A query goes through the segments it may be in (core.journal.query).
"""

from typing import Final

from core.journal.failures import INDEXES as FAILURE_INDEXES
from core.journal.failures import TABLES as FAILURE_TABLES

FORMAT: Final = 5
"""Kept in SQLite's user_version; an index of another format is rebuilt."""

TABLES: Final = f"""
CREATE TABLE segments(
  id INTEGER PRIMARY KEY, tenant TEXT, source TEXT, name TEXT,
  taken INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  first BLOB, last BLOB,
  oldest INTEGER, newest INTEGER,
  ahead_least INTEGER, ahead_most INTEGER,
  deduplicator TEXT,
  types INTEGER NOT NULL DEFAULT 0,
  UNIQUE(tenant, source, name)
);
CREATE TABLE requests(
  id BLOB PRIMARY KEY, segment INTEGER, seq INTEGER, received INTEGER,
  outcome INTEGER, status INTEGER, micros INTEGER, size INTEGER, events INTEGER,
  failure INTEGER,
  number INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE events(
  request BLOB, n INTEGER, segment INTEGER, device TEXT, type INTEGER, level TEXT, alternate BLOB, specification TEXT,
  PRIMARY KEY(request, n)
) WITHOUT ROWID;
{FAILURE_TABLES}
CREATE TABLE decodes(
  request BLOB, number INTEGER, segment INTEGER, seq INTEGER, undone INTEGER NOT NULL DEFAULT 0,
  undone_in INTEGER,
  PRIMARY KEY(request, number)
) WITHOUT ROWID;
PRAGMA user_version = {FORMAT};
"""
# `deduplicator`: what the segment's own meta says. `alternate`: core.journal.duplicates.alternate_key. `specification`:
# the token with which a Registration says what the device is (core.journal.registrations).
# `ahead_*`: by how many milliseconds ids are ahead of the received dates, which a clock set back makes large. With it
# bounds on the received date become exact bounds on ids.
# `types`: which event types a segment's requests ever had, a sum of core.journal.event_rows.type_bit.
# `requests.number`: the current decode (core.journal.decodes); `outcome`, `events` and the rows of `events` are that
# one's. `events.segment`: the request's. `decodes`: all but number 0, where `segment` is null while only its undoing
# was taken.

INDEXES: Final = (
    "CREATE INDEX requests_by_segment ON requests(segment)",
    "CREATE INDEX requests_not_decoded ON requests(segment, outcome) WHERE outcome > 0",
    "CREATE INDEX requests_by_status ON requests(segment, status) WHERE status >= 300",
    *FAILURE_INDEXES,
    "CREATE INDEX events_by_device ON events(segment, device)",
    "CREATE INDEX events_by_type ON events(segment, type) WHERE type > 0",
    "CREATE INDEX events_by_alternate ON events(alternate) WHERE alternate IS NOT NULL",
    "CREATE INDEX events_by_specification ON events(device) WHERE specification IS NOT NULL",
)
"""An index of a WITHOUT ROWID table ends with its primary key: within what each is of, it is in order of time.
Measurements (type 0) are most of all events, so that an index of them would cost much and find little."""

TAKE_REQUEST: Final = "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
TAKE_DECODE: Final = """
INSERT INTO decodes(request, number, segment, seq) VALUES (?, ?, ?, ?)
ON CONFLICT(request, number) DO UPDATE SET segment = excluded.segment, seq = excluded.seq WHERE segment IS NULL
"""
TAKE_UNDONE: Final = """
INSERT INTO decodes(request, number, undone, undone_in) VALUES (?1, ?2, 1, ?3)
ON CONFLICT(request, number) DO UPDATE SET undone = 1, undone_in = ?3 WHERE undone_in IS NULL
"""
TAKE_SEGMENT: Final = """
UPDATE segments SET taken = max(taken, ?2), first = min(coalesce(first, ?3), ?3), last = max(coalesce(last, ?4), ?4),
  oldest = min(coalesce(oldest, ?5), ?5), newest = max(coalesce(newest, ?6), ?6),
  ahead_least = min(coalesce(ahead_least, ?7), ?7), ahead_most = max(coalesce(ahead_most, ?8), ?8),
  deduplicator = ?9, types = types | ?10
WHERE id = ?1
"""
ADD_SEGMENT: Final = "INSERT INTO segments(tenant, source, name) VALUES (?, ?, ?)"
FINISH_SEGMENT: Final = "UPDATE segments SET finished = 1 WHERE id = ?"
