"""A worker of the tests in a process of its own: commits rows until it is told, or killed.

Each line it prints is the number of rows whose commit has returned: what a real worker would have answered for.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from segments import SegmentFile


def main(journal: str, rows: int, batch: int) -> None:
    segment = SegmentFile(Path(journal))
    print(segment.path, flush=True)
    written = 0
    while written < rows:
        segment.write(*(segment.row() for _ in range(batch)))
        written += batch
        print(written, flush=True)
    segment.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
