"""Failed requests as a list of work: those of a source that failed for the same reason are one group.

The same reason is the same message at the same line of the same script, with numbers and addresses taken out.
"""

import hashlib
import re
from typing import Final

import msgspec

from core.model.refusals import OTHER_REASONS
from core.model.requests import TrafficRow

NO_REASON: Final = "no reason given"
_REASON_LIMIT: Final = 200
_PLACE: Final = re.compile(r"\S{1,200}:[0-9]{1,7}  ")
"""How a reason begins that a script's line is known for: `decode.py:14  JSON is missing the id`."""
_DIFFERING: Final = re.compile(
    r"""(?x)
    0[xX][0-9A-Fa-f]+
    | [0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}  # a UUID
    | (?:[0-9A-Fa-f]{2}[:-]){5,7}[0-9A-Fa-f]{2}(?![0-9A-Za-z])  # a MAC, an EUI-64
    | (?<![0-9A-Za-z:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:])  # an IPv6 address, a time
    | (?<![0-9A-Za-z])(?=[A-Fa-f]*[0-9])[0-9A-Fa-f]{6,}(?![0-9A-Za-z])  # a device's id
    | [0-9]+(?:[.,][0-9]+)*
    """
)


class Dismissal(msgspec.Struct, kw_only=True):
    """That a group needs no work, and why; it holds for those that fail in the same way later, until it is undone."""

    id: str
    tenant: str
    source: str
    reason: str
    why: str
    at: str


class FailureGroup(msgspec.Struct, kw_only=True):
    """Failed requests of a source that failed for the same reason."""

    id: str
    """Stays the same as long as the reason does; the filter `failure:ID` finds its requests."""
    tenant: str
    source: str
    reason: str
    """With `*` where numbers and addresses stood."""
    count: int
    first: str
    last: str
    """When the first and the last of those that are kept were received."""
    sample: TrafficRow | None = None
    """The last of them; null where its segment cannot be read."""
    dismissed: Dismissal | None = None


def failure_kind(reason: str | None) -> str:
    """The reason without what differs from request to request; the line of the script stays."""
    reason = (reason or NO_REASON)[:_REASON_LIMIT]
    place = _PLACE.match(reason)
    at = place.end() if place else 0
    return reason[:at] + _DIFFERING.sub("*", reason[at:])


def failure_id(tenant: str, source: str, kind: str) -> str:
    """The id of a group."""
    named = "\0".join((tenant, source, kind))
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def failure_ids(tenant: str, source: str, reason: str | None) -> tuple[str, str]:
    """The groups that a failed request may be in: its reason's, or that of all further reasons of the source."""
    return failure_id(tenant, source, failure_kind(reason)), failure_id(tenant, source, OTHER_REASONS)
