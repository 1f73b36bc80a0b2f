"""What runs and how it is: the tree of states, and the tenants in brief."""

from typing import Any, Literal

import msgspec

from core.control.reindexing import ReindexStatus
from core.model.costs import Costs
from core.model.kept import Kept

State = Literal["stopped", "starting", "started", "draining", "stopping", "error"]


class Node(msgspec.Struct, kw_only=True):
    """One component in the tree of states. `path` is `""` for the instance, then `default`, `default/lora`,
    `default/lora/decoder`, `default/lora/worker-1`; `.groovy` for the Groovy sidecar, `.groovy/default` for a
    tenant's own. What is in a decoder's slots stands below it: `default/lora/decoder/choices/<token>/decoder`."""

    path: str
    kind: str
    """`instance`, `tenant`, `event_source`, `worker`, `groovy`, or the role of a component that fills a slot."""
    title: str
    state: State
    reason: str | None = None
    since: str = ""
    rate: float = 0.0
    """Requests a second over the last five seconds."""
    failed: int = 0
    """Failed decodes in the last ten minutes."""
    refused: int = 0
    """Refused requests in the last ten minutes."""
    refused_rate: float = 0.0
    """Refused requests a second over the last five seconds."""
    requests: int = 0
    """Requests since the engine started."""
    dropped: int = 0
    """Datagrams that the kernel had no room for in the last ten minutes."""
    held_back: int = 0
    """How often a connection, or a UDP socket, was not read for the sake of the rate limit in the last ten minutes."""
    costs: Costs | None = None
    """What an event source's requests cost by step; null elsewhere, and where none was kept yet."""
    kept: Kept | None = None
    """Of the instance and of tenants: what is kept of what they received."""
    detail: dict[str, Any] = {}
    """What else is known: a source's `type`, `port`, `connections` and, if any, `refusals`; a UDP source's `peers`
    whose state is kept, `dropped` datagrams and `unsent` answers since the engine started, `receive_buffer`;
    `rate_limit` and how often something was `held_back` for its sake since the engine started; a worker's `pid`,
    `memory`; a decoder's `script` and `version`; a certificate's `subject`, `not_after` and `days_left`; the sidecar's
    `version`, `java`, `java_home`, `pid`, `memory` and `restarts`. `refusals` is `{"only_counted": 7, "reasons":
    [{"reason": "…", "recent": 3, "total": 9}]}`: refused requests that were not recorded, and all of them by reason, in
    the last ten minutes and since the engine started."""
    children: list["Node"] = []


class TenantRow(msgspec.Struct, kw_only=True):
    """A tenant in the list of tenants."""

    id: str
    name: str
    state: State
    reason: str | None
    sources: int
    started: int
    rate: float
    failed: int
    staged: int
    """Staged changes that wait to be applied."""
    file_differs: bool = False
    """tenant.toml was edited by hand and has not been applied."""


class DamagedSegment(msgspec.Struct, kw_only=True):
    """A file of the journal that was found damaged. What could be read of it is in its place, and the damaged file is
    kept aside until an operator clears it away."""

    tenant: str
    source: str
    segment: str
    """Its path in the journal."""
    reason: str
    found: str = ""
    """When it was set aside."""
    saved: int | None = None
    """Rows that could be read and are served as before."""
    lost: int | None = None
    """Rows that are known to have been there, and could not be read."""
    kept: str | None = None
    """The damaged file; null where it was removed since, for too much was kept."""
    waits: str | None = None
    """Why it has not been set aside yet."""


class Status(msgspec.Struct, kw_only=True):
    """The whole state of an engine at one moment."""

    tree: Node
    tenants: list[TenantRow]
    rate: float
    behind: int
    """Rows committed by workers that the index has not taken yet."""
    left_out: int = 0
    failures: int = 0
    """Groups of failed requests that nobody dismissed."""
    damaged: list[DamagedSegment] = []
    """The latest first."""
    reindex: ReindexStatus | None = None
    """The last time that the index was built anew since the engine started; null where it was not."""
