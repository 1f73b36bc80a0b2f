"""Tidegate's engine: it listens, speaks the device's protocol, decodes, keeps and answers."""

import atexit
import gc

VERSION = "0.1.0"

# While modules come, and while a process ends, looking for cycles finds none and takes a third of that time.
gc.set_threshold(20_000)
atexit.register(gc.freeze)
