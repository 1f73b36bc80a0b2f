"""The decode log: what a script printed or logged while it decoded one request, bounded."""

MOST_KEPT = 8192
"""Bytes kept of one request's log; the rest is counted."""


Log = tuple[bytes | None, int]
"""What is kept of a log, and how many bytes of it were cut."""


def joined(first: Log, second: Log) -> Log:
    """One log behind another, as much of both as is kept."""
    whole = (first[0] or b"") + (second[0] or b"")
    return whole[:MOST_KEPT] or None, first[1] + second[1] + max(0, len(whole) - MOST_KEPT)


class DecodeLog:
    """Collects text for the request under way; stands in for `sys.stdout` while scripts run."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._cut = 0

    def write(self, text: str) -> int:
        data = text.encode("utf-8", "replace")
        room = MOST_KEPT - self._size
        if len(data) > room:
            self._cut += len(data) - room
            data = data[:room]
        if data:
            self._parts.append(data)
            self._size += len(data)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        return False

    def take(self) -> Log:
        """What was written since the last call, and how many bytes of it were cut."""
        if not self._parts:
            return None, 0
        kept, cut = b"".join(self._parts), self._cut
        self._parts, self._size, self._cut = [], 0, 0
        return kept, cut


class ScriptLogger:
    """What a script knows as `logger`: the levels of Python's logging, `%` arguments, lines in the decode log."""

    def __init__(self, log: DecodeLog) -> None:
        self._log = log

    def _line(self, level: str, message: object, args: tuple[object, ...]) -> None:
        text = str(message) % args if args else str(message)
        self._log.write(f"{level} {text}\n")

    def debug(self, message: object, *args: object) -> None:
        self._line("DEBUG", message, args)

    def info(self, message: object, *args: object) -> None:
        self._line("INFO", message, args)

    def warning(self, message: object, *args: object) -> None:
        self._line("WARNING", message, args)

    warn = warning

    def error(self, message: object, *args: object) -> None:
        self._line("ERROR", message, args)

    def critical(self, message: object, *args: object) -> None:
        self._line("CRITICAL", message, args)
