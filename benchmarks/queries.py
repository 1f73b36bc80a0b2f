"""How soon a page of each query is there, of ten million events: `python benchmarks/queries.py [events] [folder]`.

Each page is asked of a reader as the engine asks, 100 rows, the median of five, after one that was not counted; the
first page, and one in the middle of what there is. `folder` keeps the journal and the index for another run.

What did not pay: indexes with the segment behind, as `events(device)`. They took 37,000 rows a second of processor when
they were empty and 28,000 at 1.5 million, since a firehose of many devices writes all over them; with the segment first
it is 42,000 at any size, with one index more. `requests(status, …, events)` in one index does not spare the table:
SQLite seeks in a table without row ids for each row of an index.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from core.control.received import Query
from core.journal.building import build_index
from core.journal.reader import Reader
from core.journal.request_id import id_text
from core.journal.succession import put_in_place
from core.model.dates import date_text

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.journals import BEGIN, RARE_DEVICE, RARE_STATUS, RARE_TEXT, RARE_TYPE, ROWS_A_SECOND, write_journal

ROUNDS = 5


def queries(rows: int) -> dict[str, dict[str, object]]:
    """What is asked, by what it is called."""
    middle = date_text(BEGIN + rows * 500 // ROWS_A_SECOND)
    hour = date_text(BEGIN + rows * 500 // ROWS_A_SECOND + 3_600_000)
    return {
        "all": {},
        "time: an hour": {"since": middle, "until": hour},
        "time: until": {"until": middle},
        "device": {"device": "278100"},
        "device: rare and old": {"device": RARE_DEVICE},
        "device: none": {"device": "no-such-device"},
        "device and time": {"device": "278100", "until": middle},
        "type: Measurements": {"type": "Measurements"},
        "type: Alert": {"type": "Alert"},
        "type: rare and old": {"type": RARE_TYPE},
        "type and time": {"type": "Alert", "until": middle},
        "tenant": {"tenant": "acme"},
        "tenant: rare": {"tenant": "rare"},
        "source: rare": {"source": "gate"},
        "tenant and source: rare": {"tenant": "acme", "source": "gate"},
        "source and type": {"source": "trackers", "type": "Alert"},
        "source: rare, and type": {"source": "gate", "type": "Alert"},
        "source: rare, Measurements": {"source": "meter", "type": "Measurements"},
        "tenant and device": {"tenant": "acme", "device": "278100"},
        "outcome: failed": {"outcome": "failed"},
        "outcome: failed, rare source": {"outcome": "failed", "source": "gate"},
        "status: 422": {"filter": "status:422"},
        "status: rare and old": {"filter": f"status:{RARE_STATUS}"},
        "status: 4*": {"filter": "status:4*"},
        "level: Critical": {"filter": "level:critical"},
        "-outcome:decoded": {"filter": "-outcome:decoded"},
    }


SEARCHES = {
    "bare word, nowhere": "nowhere-at-all",
    "payload:, nowhere": "payload:nowhere-at-all",
    "payload: rare and old": f"payload:{RARE_TEXT.decode()}",
    "ms:>1000, nowhere": "ms:>1000",
}
"""What no index finds: each call does bounded work, and the next goes on."""


def page_time(reader: Reader, query: Query, kind: str) -> tuple[float, int]:
    """Milliseconds that a page takes, and how many rows are on it."""
    took: list[float] = []
    found = 0
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        page = reader.events(query) if kind == "events" else reader.traffic(query)
        took.append((time.perf_counter() - began) * 1000)
        found = len(page.events if kind == "events" else page.rows)  # type: ignore[union-attr]  # by its kind
    return statistics.median(took[1:]), found


def search_time(reader: Reader, filter: str) -> tuple[float, float, int]:
    """Milliseconds that a call takes at the most, seconds that all take, and how many rows were looked at."""
    longest, looked, before = 0.0, 0, None
    began = time.perf_counter()
    while True:
        asked = time.perf_counter()
        page = reader.traffic(Query(filter=filter, before=before))
        longest = max(longest, time.perf_counter() - asked)
        looked += page.looked
        if (before := page.next) is None or page.rows:
            return longest * 1000, time.perf_counter() - began, looked


def main() -> None:
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        journal, index = folder / "journal", folder / "index.db"
        if not journal.exists():
            print(f"{write_journal(journal, rows):,} events written")
        if not index.exists():
            build_index(journal, index, lambda progress: None)
            put_in_place(index)
        reader = Reader(journal, index)
        cursor = id_text((BEGIN + rows * 500 // ROWS_A_SECOND).to_bytes(6, "big") + bytes(10))
        print(f"{'milliseconds a page of 100':34}{'events':>16}{'requests':>16}{'events, middle':>18}{'found':>7}")
        for name, given in queries(rows).items():
            events, found = page_time(reader, Query(**given), "events")  # type: ignore[arg-type]  # as `queries` gives them
            requests, _ = page_time(reader, Query(**given), "traffic")  # type: ignore[arg-type]
            middle, _ = page_time(reader, Query(**given, before=cursor), "events")  # type: ignore[arg-type]
            print(f"{name:34}{events:16.1f}{requests:16.1f}{middle:18.1f}{found:7}", flush=True)
        for name, filter in SEARCHES.items():
            longest, seconds, looked = search_time(reader, filter)
            print(f"{name:34}{longest:10.0f} ms a call at the most, {seconds:.1f} s in all, {looked:,} rows looked at")


if __name__ == "__main__":
    main()
