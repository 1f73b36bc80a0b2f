"""Failed requests in groups, and their dismissal."""

import msgspec

from core.model.failures import FailureGroup


class FailureQuery(msgspec.Struct, kw_only=True):
    """Which groups of failed requests a list shows; with `id` that one alone."""

    tenant: str | None = None
    source: str | None = None
    dismissed: bool = False
    """Those that were dismissed, and not the others."""
    limit: int = 100
    """At most 1,000."""
    id: str | None = None
    """The beginning of it is enough where no other begins so."""


class Failures(msgspec.Struct, kw_only=True):
    """Groups of failed requests, the one that grew last first."""

    groups: list[FailureGroup]
    open: int
    """How many there are of the tenant and source asked for that were not dismissed."""
    dismissed: int
    behind: int = 0
    """Rows that the index has not taken yet."""


class Dismiss(msgspec.Struct, kw_only=True):
    """Says of a group of failures why it needs no work. `id` as in `FailureQuery`."""

    id: str
    why: str


class OfFailure(msgspec.Struct):
    id: str
