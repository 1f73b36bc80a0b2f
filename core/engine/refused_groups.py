"""Refused requests that were only counted, as one live feed tells of them: in groups, and not too often."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from uuid_utils import uuid7

from core.journal.request_id import id_text
from core.model.dates import date_text
from core.model.filter import Filter
from core.model.refusals import OTHER_NETWORKS, RefusedCount, RefusedGroup
from core.model.requests import Outcome

TOLD_EVERY: Final = 1.0
"""Seconds between two groups of the same source and reason."""
MOST_NETWORKS: Final = 256
"""Networks of a group that are told apart."""


class RefusedSubject(msgspec.Struct, frozen=True):
    """What a filter looks at of a refused request of which only reason and network are known (a `FilterSubject`)."""

    tenant: str
    event_source: str
    reason: str
    remote: str
    outcome: Outcome = "refused"
    devices: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    status: int | None = None
    method: str | None = None
    target: str | None = None
    milliseconds: float = 0.0
    size: int = 0
    event_count: int = 0
    payload: bytes = b""


UNKNOWN: Final = frozenset({"bytes", "ms", "status", "method", "target"})
"""What a filter may ask and nobody can say of them."""


@dataclass(slots=True)
class _Waiting:
    networks: Counter[str] = field(default_factory=Counter[str])
    due: float = -math.inf


class RefusedGroups:
    """The groups of one feed. There are no more of them than sources have reasons (`core.engine.rates`)."""

    def __init__(self, filter: Filter, tenant: str | None) -> None:
        self._matches = filter.matches
        self._blind = any(term.field in UNKNOWN for term in filter.terms)
        self._tenant = tenant
        self._waiting: dict[tuple[str, str, str], _Waiting] = {}

    def offer(self, tenant: str, source: str, counts: Sequence[RefusedCount]) -> None:
        """Takes what a source only counted, as far as the feed asked for it."""
        if self._blind or (self._tenant is not None and tenant != self._tenant):
            return
        for each in counts:
            if not self._matches(RefusedSubject(tenant, source, each.reason, each.network)):
                continue
            networks = self._waiting.setdefault((tenant, source, each.reason), _Waiting()).networks
            known = each.network in networks or len(networks) < MOST_NETWORKS
            networks[each.network if known else OTHER_NETWORKS] += each.count

    def due(self, now: float) -> list[RefusedGroup]:
        """What is to be told at this moment."""
        groups: list[RefusedGroup] = []
        for key, waiting in list(self._waiting.items()):
            if now < waiting.due:
                continue
            if not waiting.networks:
                del self._waiting[key]
                continue
            groups.append(_group(*key, waiting.networks))
            self._waiting[key] = _Waiting(due=now + TOLD_EVERY)
        return groups


def _group(tenant: str, source: str, reason: str, networks: Counter[str]) -> RefusedGroup:
    at = time.time_ns() // 1_000_000
    return RefusedGroup(
        id=id_text(uuid7().bytes),
        tenant=tenant,
        source=source,
        reason=reason,
        network=networks.most_common(1)[0][0],
        networks=len(networks),
        count=networks.total(),
        at=date_text(at),
    )
