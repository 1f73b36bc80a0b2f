"""Holds a SQLite file so that nobody else can read it: `holder_process.py FILE SECONDS`."""

import fcntl
import sys
import time

SHARED = 0x40000002, 510
"""The bytes that each reader of a SQLite file locks (https://sqlite.org/src/file/src/os.h)."""

with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX, SHARED[1], SHARED[0])
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
