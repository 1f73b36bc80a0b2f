"""Which segments retention no longer keeps."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from core.catalogue.retention import Limits
from core.journal.volume import Measured

FAILED_SHARE: Final = 4
"""Failed requests that are kept longer take up at most one part in so many of what may be kept."""


def due_segments(
    segments: Sequence[Measured],
    all: Limits,
    tenants: Mapping[str, Limits],
    now: float,
    live: Collection[str] = (),
) -> list[Measured]:
    """Those that go, in the order in which they do. `segments` are ordered by their newest row.

    First what is too old, by the limits of its tenant; then, of each tenant with a size of its own and then of all, the
    oldest until the rest fits: of failed requests that are kept longer what is beyond their share, then what was
    received, then of those failed requests too. What may still be written never goes, nor do decodes by themselves.
    """
    able = [
        each
        for each in segments
        if each.indexed.finished and each.indexed.path not in live and not each.indexed.holds_decodes
    ]
    going = {each.indexed.id: each for each in able if _is_old(each, tenants.get(each.indexed.tenant, all), now)}
    for tenant, limits in tenants.items():
        if limits.size is not None:
            _make_fit([each for each in segments if each.indexed.tenant == tenant], able, limits.size, going)
    if all.size is not None:
        _make_fit(segments, able, all.size, going)
    return list(going.values())


def _is_old(segment: Measured, limits: Limits, now: float) -> bool:
    """One that holds no row at all, since its writer was stopped before the first, is worth nothing at any age."""
    newest = segment.indexed.newest
    if newest is None:
        return True
    age = limits.failed_age or limits.age if segment.indexed.holds_failed else limits.age
    return age is not None and newest / 1000 < now - age


def _make_fit(within: Sequence[Measured], able: Sequence[Measured], size: int, going: dict[int, Measured]) -> None:
    """Adds the oldest of those within that are able to go, until the others fit into `size` bytes."""
    ids = {each.indexed.id for each in within}
    failed = [each for each in able if each.indexed.id in ids and each.indexed.holds_failed]
    received = [each for each in able if each.indexed.id in ids and not each.indexed.holds_failed]
    _drop(failed, [each for each in within if each.indexed.holds_failed], size // FAILED_SHARE, going)
    _drop([*received, *failed], within, size, going)


def _drop(able: Sequence[Measured], of: Sequence[Measured], size: int, going: dict[int, Measured]) -> None:
    taken = sum(each.size for each in of if each.indexed.id not in going)
    for each in able:
        if taken <= size:
            return
        if each.indexed.id not in going:
            going[each.indexed.id] = each
            taken -= each.size
