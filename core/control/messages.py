"""What passes over the control protocol, and its error codes; `core.control.methods` says what is called with it."""

from typing import Any, Literal

import msgspec

from core.control.reindexing import ReindexStatus
from core.errors import Fault
from core.model.connections import Connection
from core.model.costs import Costs
from core.model.events import Event
from core.model.failures import FailureGroup
from core.model.kept import Kept
from core.model.refusals import RefusedGroup
from core.model.requests import Request, TrafficRow

PROTOCOL = 1

Role = Literal["admin", "viewer"]
ChangeState = Literal["staged", "preparing", "prepared", "applied", "failed"]
State = Literal["stopped", "starting", "started", "draining", "stopping", "error"]


class Hello(msgspec.Struct, kw_only=True):
    """What a caller is. `role` asks for less than the peer's rights allow (a read-only console)."""

    protocol: int = PROTOCOL
    version: str = ""
    role: Role | None = None


class Welcome(msgspec.Struct, kw_only=True):
    """What the engine is, and what the caller may do."""

    protocol: int
    version: str
    role: Role
    home: str
    pid: int
    mode: Literal["serve", "embedded", "demo"]
    host: str
    started: str


class Empty(msgspec.Struct):
    """Nothing to say."""


class OfTenant(msgspec.Struct):
    tenant: str


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


class ComponentInfo(msgspec.Struct, kw_only=True):
    """An entry of the engine's catalogue: what fills slots of `role` as `type` in TOML."""

    role: str
    type: str
    title: str
    summary: str
    unavailable: str | None
    """Why it cannot be used where the engine runs, and what to do about it; null where it can."""


class Components(msgspec.Struct):
    components: list[ComponentInfo]


class DocumentView(msgspec.Struct, kw_only=True):
    """A tenant's configuration as text, with what was read from it."""

    text: str
    revision: str
    data: dict[str, Any]
    """The parsed document; empty where the text is no TOML."""
    faults: list[Fault]


class Configuration(msgspec.Struct, kw_only=True):
    """A tenant's configuration: what is active, and what is staged if anything is."""

    tenant: str
    active: DocumentView
    staged: DocumentView | None
    file_differs: bool = False


class Edit(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One edit of a configuration's text.

    `path` is the command line's: `tenant`, `event_sources`, `event_sources/lora`, `event_sources/lora/decoder`,
    `event_sources/lora/decoder/choices/TOKEN/decoder`. What stands in a list goes by its id, or its token, and by its
    place (`#2`, from 1) where it has none of its own.
    `add` puts a component of `type` with `values` into the list or slot that `path` names; `set` changes keys
    (null takes a key away, so that its default holds); `remove` takes the component away; `move` puts a component
    of a list at place `to`; `replace` puts TOML `text` (the component's own keys and tables) in its place.
    """

    op: Literal["add", "set", "remove", "move", "replace"]
    path: str
    type: str = ""
    values: dict[str, Any] = {}
    to: int = 0
    text: str = ""


class EditText(msgspec.Struct, kw_only=True):
    tenant: str
    text: str
    edits: list[Edit] = []


class OfComponent(msgspec.Struct, kw_only=True):
    """A component in a configuration's text; `path` as in `Edit`."""

    tenant: str
    text: str
    path: str


class ComponentText(msgspec.Struct):
    """A component's own TOML, with its comments, as the edit `replace` takes it."""

    text: str


class EditStaged(msgspec.Struct, kw_only=True):
    """Edits of what is staged (of what is active where nothing is); what `tidegate add`, `set` and `remove` do."""

    tenant: str
    edits: list[Edit]


class Stage(msgspec.Struct, kw_only=True):
    """`base` is the revision that `text` was made from: a newer one on the engine is a conflict."""

    tenant: str
    text: str
    base: str


class Change(msgspec.Struct, kw_only=True):
    """One staged change, meaning first. `id` names it for taking it back."""

    id: str
    sign: Literal["+", "-", "~"]
    subject: str
    """`source lora`, `tenant`."""
    path: str
    lines: list[str]
    """What changes: `port 8484 → 8485`."""
    effect: str
    """What it means for devices: `the port stays open; nothing drops`."""
    faults: list[Fault] = []
    state: ChangeState = "staged"
    reason: str | None = None


class Plan(msgspec.Struct, kw_only=True):
    """What is staged against what is active."""

    tenant: str
    changes: list[Change]
    diff: str
    """A unified diff of tenant.toml."""
    faults: list[Fault]
    """What stands in the way of applying."""
    active: str
    staged: str
    """Revisions."""
    file_differs: bool = False


class Discard(msgspec.Struct, kw_only=True):
    """Discards all that is staged, or takes one change back."""

    tenant: str
    change: str | None = None


class Apply(msgspec.Struct, kw_only=True):
    """Applies what is staged. `staged` is the plan's revision: if another was staged since, nothing happens."""

    tenant: str
    staged: str | None = None


class Applied(msgspec.Struct, kw_only=True):
    """What came of applying. Where `applied` is false nothing has changed; while it runs, `apply` notifications
    carry the same structure with the changes' states."""

    tenant: str
    applied: bool
    changes: list[Change]
    faults: list[Fault] = []
    reason: str | None = None
    done: bool = True


class NewTenant(msgspec.Struct, kw_only=True):
    id: str
    name: str


class Target(msgspec.Struct):
    """A tenant, `default`, or an event source, `default/lora`."""

    path: str


class ScriptInfo(msgspec.Struct, kw_only=True):
    """A script in one of a tenant's two folders. `scope` is `tenant` or `instance` (HOME/scripts)."""

    name: str
    scope: Literal["tenant", "instance"]
    revision: str
    size: int
    fault: Fault | None = None
    used_by: list[str] = []


class Scripts(msgspec.Struct):
    scripts: list[ScriptInfo]


class OfScript(msgspec.Struct, kw_only=True):
    tenant: str
    name: str


class Script(msgspec.Struct, kw_only=True):
    name: str
    scope: Literal["tenant", "instance"]
    text: str
    revision: str
    fault: Fault | None = None


class WriteScript(msgspec.Struct, kw_only=True):
    """`base` is the revision that was read; null makes a new script and refuses to overwrite one."""

    tenant: str
    name: str
    text: str
    base: str | None = None


class WriteSecret(msgspec.Struct, kw_only=True):
    """A secret for the engine to keep as `tenants/<tenant>/secrets/<name>`; no method gives it back. What is kept under
    the name acts anew within a second where a component uses it; with `fresh` a name that is taken is left alone, and
    the next that is free, `<name>-2`, is taken."""

    tenant: str
    name: str
    value: str
    fresh: bool = False

    def __repr__(self) -> str:
        return f"WriteSecret({self.tenant!r}, {self.name!r})"


class KeptSecret(msgspec.Struct, kw_only=True):
    """Where a secret is kept. `file` is what stands in tenant.toml: `{ file = "secrets/<name>" }`."""

    name: str
    file: str


class ImportSitewhere(msgspec.Struct, kw_only=True):
    """A SiteWhere 1.x tenant configuration to make a tenant of, and what it needs from the caller's machine.

    Without `apply` nothing is kept: the result shows what would be. With it a tenant that is not there is made; what
    the file became is staged as a whole either way, and acts when it is applied. Where something is staged already,
    nothing is overwritten.
    """

    tenant: str
    name: str | None = None
    """What people call the tenant; null keeps a tenant's name, and makes a new one's of its id."""
    xml: bytes
    file: str = ""
    """What the file is called, for the report."""
    properties: str | None = None
    """The text of `sitewhere-tenant.properties`: where placeholders find their values."""
    scripts: dict[str, str] = {}
    """Texts of the scripts that an earlier result named; a script that the tenant has is not overwritten."""
    unread: dict[str, str] = {}
    """Scripts that it named and that could not be read, each with the reason."""
    apply: bool = False


class ImportLine(msgspec.Struct, kw_only=True):
    """What became of one thing in the file. `line` is the XML's; 0 where none can be named."""

    kind: Literal["carried", "changed", "left_out", "missing"]
    subject: str
    reason: str
    line: int = 0


class Imported(msgspec.Struct, kw_only=True):
    """What the file became."""

    tenant: str
    name: str
    text: str
    """tenant.toml."""
    report: list[ImportLine]
    scripts: list[str] = []
    """Scripts that its event sources name: the caller may send those that it has."""
    faults: list[Fault] = []
    """What stands in the way of applying it."""
    makes: bool = False
    """There is, or was, no such tenant: importing makes it."""
    kept: bool = False
    """It is staged now; false where it was only looked at."""


class TryDecode(msgspec.Struct, kw_only=True):
    """Runs a source's decoder over bytes and stores nothing. `staged` takes the decoder that is staged."""

    tenant: str
    source: str
    payload: bytes
    metadata: dict[str, Any] = {}
    staged: bool = False


class Trial(msgspec.Struct, kw_only=True):
    """What a decoder made of some bytes."""

    outcome: Literal["decoded", "failed"]
    reason: str | None = None
    events: list[Event] = []
    log: str = ""
    milliseconds: float = 0.0
    script: str | None = None


class Query(msgspec.Struct, kw_only=True):
    """Which rows a list shows. Newest last; `before` and `after` are cursors (request ids)."""

    tenant: str | None = None
    source: str | None = None
    device: str | None = None
    type: str | None = None
    since: str | None = None
    until: str | None = None
    """RFC 3339 dates."""
    outcome: Literal["decoded", "failed", "refused"] | None = None
    filter: str = ""
    limit: int = 100
    before: str | None = None
    after: str | None = None


class Requests(msgspec.Struct, kw_only=True):
    """A page of requests, oldest first. `behind` counts rows that the index has not taken yet."""

    requests: list[Request]
    behind: int = 0
    more: bool = False
    next: str | None = None
    """Where there is more: the id to go on from (`before`, or `after`). A filter may leave a page short or empty."""
    looked: int = 0
    """How many kept rows were held against the filter for this page."""
    reached: str | None = None
    """Where there is more: how far it looked, a date about which these rows were received."""


class Traffic(msgspec.Struct, kw_only=True):
    """A page of live-feed rows, oldest first."""

    rows: list[TrafficRow]
    behind: int = 0
    more: bool = False
    next: str | None = None
    looked: int = 0
    reached: str | None = None


class Events(msgspec.Struct, kw_only=True):
    """A page of events, oldest first."""

    events: list[Event]
    behind: int = 0
    more: bool = False
    next: str | None = None
    looked: int = 0
    reached: str | None = None


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


class OfRequest(msgspec.Struct):
    id: str


class ConnectionQuery(msgspec.Struct, kw_only=True):
    """Which connections of an event source a list shows. `after` is the `next` of the page before."""

    tenant: str
    source: str
    text: str = ""
    """Stands in the remote address, the device, the reason or the id, in any case."""
    after: str | None = None
    limit: int = 100
    """At most 1,000."""


class Connections(msgspec.Struct, kw_only=True):
    """A page of connections: those that are open, the most active lately first, then the last that have ended."""

    connections: list[Connection]
    open: int
    """How many are open that `text` is found in."""
    ended: int
    """How many have ended and are remembered, of which `text` is found in: a worker remembers the last 256."""
    next: str | None = None
    """Where there are more. One that was active meanwhile stands further up, and is not on the pages behind."""
    unanswered: list[str] = []
    """Whose connections are missing, and why: a worker that did not answer within two seconds."""


class OfConnection(msgspec.Struct, kw_only=True):
    tenant: str
    source: str
    id: str


class FramesOf(msgspec.Struct, kw_only=True):
    """What was kept of one connection: the requests of an event source from `remote`, received from `since` on and
    before `until` (RFC 3339). Newest last; `before` and `after` are cursors (request ids)."""

    tenant: str
    source: str
    remote: str
    since: str
    until: str | None = None
    limit: int = 50
    """At most 500."""
    before: str | None = None
    after: str | None = None


class ConnectionFrame(msgspec.Struct, kw_only=True):
    """One request of a connection with its bytes in both directions; `came` and `answered` are the first 4 KiB of them,
    a head before its body, and `came_size` and `answered_size` count them all."""

    request: TrafficRow
    came: bytes
    came_size: int
    answered: bytes = b""
    answered_size: int = 0


class ConnectionFrames(msgspec.Struct, kw_only=True):
    """A page of what was kept of a connection, oldest first."""

    frames: list[ConnectionFrame]
    behind: int = 0
    more: bool = False
    next: str | None = None
    """Where there is more: the id to go on from (`before`, or `after`). A page may be short or empty."""
    looked: int = 0
    reached: str | None = None


class Subscribe(msgspec.Struct, kw_only=True):
    """A live feed of the rows that match; `rows` notifications carry `Frame`s until `unsubscribe`."""

    filter: str = ""
    tenant: str | None = None
    events: bool = False
    """Frames carry whole events besides the rows (`tidegate events --follow`)."""


class Subscription(msgspec.Struct):
    subscription: int


class Frame(msgspec.Struct, kw_only=True):
    """What a live feed shows in one tenth of a second."""

    subscription: int
    rows: list[TrafficRow]
    events: list[Event] = []
    left_out: int = 0
    """Rows that matched and are not in this frame; exact."""
    rate: float = 0.0
    """Matching rows a second."""
    refused: list[RefusedGroup] = []
    """Refused requests that match as far as can be told and were only counted: once a second for a source and reason.
    `left_out` has none of them."""
    redecoded: list[TrafficRow] = []
    """Requests of before that have another current decode, by a replay or its undoing, whatever the filter: for who
    shows them already. A feed of events has none of them, but the events of those that match."""


# JSON-RPC's own codes, then Tidegate's.
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = 1
"""What was asked cannot be done; the message says why."""
NOT_ALLOWED = 2
"""The caller's role does not allow it."""
CONFLICT = 3
"""Something newer is there; nothing was overwritten."""
FAULTY = 4
"""A configuration or a filter has faults; `data` is a list of `Fault`."""
NOT_FOUND = 5
MISFIT = 6
"""The two protocol numbers do not fit."""
