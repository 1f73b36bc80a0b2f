"""What is kept of what was received, how it grows and when there is no more room: figures, and the words for them."""

from typing import Literal

import msgspec

from core.model.text import bytes_text

DAY = 86_400.0
_UNITS = ((DAY, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))

NEARLY = 0.95
"""From this part of its size on a journal is full: what is deleted is whole files, so it is never quite."""

FullBy = Literal["age", "size", "disk"]


class Kept(msgspec.Struct, kw_only=True):
    """What is kept of a tenant, or of all. Sizes are in bytes, times in seconds."""

    since: str | None = None
    """When the oldest that is kept was received; null where there is nothing."""
    requests: int = 0
    failed: int = 0
    """How many of them are kept longer than others, since they failed."""
    bytes: int = 0
    """With what replays made of them."""
    growth: float = 0.0
    """Bytes a second that came over the last hour, or since the first where that is less ago."""
    age: float | None = None
    size: int | None = None
    """The limit of its size; null for a tenant that has none of its own."""
    failed_age: float | None = None
    full_by: FullBy | None = None
    """What is reached first at this rate; by `age` it is never full. Null where nothing comes."""
    full_in: float | None = None
    """Seconds until then, 0 where it is full already; null by `age`."""
    disk_free: int | None = None
    """Of the disk that the journal is on; told of all alone, as is `disk_least`, `[journal] free_disk`."""
    disk_least: int | None = None


def look_ahead(kept: Kept, disk_left: float, weight: float) -> None:
    """Says when there is no more room at the present rate. `disk_left` are the bytes that may still be taken of the
    disk, `weight` how many of them a byte of the journal takes."""
    if kept.growth * DAY < 1:
        return
    level = kept.growth * kept.age if kept.age is not None else float("inf")
    wanted = min(level, kept.size if kept.size is not None else float("inf"))
    if (wanted - kept.bytes) * weight > disk_left:
        kept.full_by, kept.full_in = "disk", disk_left / (kept.growth * weight)
    elif kept.size is not None and kept.size <= level:
        kept.full_by = "size"
        full = kept.bytes >= kept.size * NEARLY
        kept.full_in = 0.0 if full else (kept.size - kept.bytes) / kept.growth
    else:
        kept.full_by = "age"


def span_text(seconds: float) -> str:
    """A span of time in one unit: `3 d`, `40 s`."""
    for least, unit in _UNITS:
        if seconds >= least:
            return f"{int(seconds // least):,} {unit}"
    return "0 s"


def growth_text(growth: float) -> str:
    """`1.2 GiB a day`."""
    return f"{bytes_text(round(growth * DAY))} a day"


def outlook_text(kept: Kept) -> str:
    """When there is no more room, in words."""
    match kept.full_by:
        case None:
            return "does not grow"
        case "age":
            return f"never full: age keeps it at {bytes_text(round(kept.growth * (kept.age or 0)))} at this rate"
        case "disk" if not kept.full_in:
            return "the disk is full: every source answers 503"
        case "disk":
            return f"the disk is full in {span_text(kept.full_in or 0)} at this rate"
        case "size" if kept.full_in:
            return f"full in {span_text(kept.full_in)} at this rate"
        case "size":
            told = f" after {span_text(kept.size / kept.growth)} at this rate" if kept.size else ""
            return f"full: the oldest goes for what comes{told}"


def limits_text(kept: Kept) -> str:
    """What may be kept: `7 d, 5.0 GiB, failed 30 d`."""
    told = [span_text(kept.age)] if kept.age is not None else []
    told += [bytes_text(kept.size)] if kept.size is not None else []
    told += [f"failed {span_text(kept.failed_age)}"] if kept.failed_age is not None else []
    return ", ".join(told)


def kept_described(kept: Kept, since: str) -> list[tuple[str, str]]:
    """All of it in lines of a table, name and value. `since` is its date as the reader is to see it."""
    longer = f", {kept.failed:,} of them failed and kept longer" if kept.failed else ""
    known = [
        ("kept", f"{bytes_text(kept.bytes)}, {kept.requests:,} requests{longer}"),
        ("kept since", since or "nothing is kept"),
        ("growth", f"{growth_text(kept.growth)}, {outlook_text(kept)}"),
        ("retention", limits_text(kept)),
    ]
    if kept.disk_free is not None and kept.disk_least is not None:
        known.append(("disk", f"{bytes_text(kept.disk_free)} free, {bytes_text(kept.disk_least)} stay free"))
    return known
