"""The methods of the control protocol: what each takes, what it gives and the role that it needs.

JSON-RPC 2.0, one message a line. The first call on a connection is `hello`. `METHODS` is the whole of it: the server
dispatches by it, the client converts results by it, and docs/control.md lists it.
"""

import msgspec

from core.control.configurations import (
    Applied,
    Apply,
    Components,
    ComponentText,
    Configuration,
    Discard,
    DocumentView,
    EditStaged,
    EditText,
    NewTenant,
    OfComponent,
    Plan,
    Stage,
)
from core.control.connections import ConnectionFrames, ConnectionQuery, Connections, FramesOf, OfConnection
from core.control.failures import Dismiss, FailureQuery, Failures, OfFailure
from core.control.feeds import Frame, Subscribe, Subscription
from core.control.frames import FindFrames, FramesFound
from core.control.greeting import Hello, Role, Welcome
from core.control.importing import Imported, ImportSitewhere
from core.control.named import Empty, OfTenant, Target
from core.control.received import Events, OfRequest, Query, Requests, Traffic
from core.control.reindexing import Reindexed, ReindexStatus
from core.control.replays import Changes, ChangesOf, OfReplay, Replay, ReplayQuery, Replays, ReplayStatus
from core.control.scripts import OfScript, Script, Scripts, Trial, TryDecode, WriteScript
from core.control.secrets import KeptSecret, WriteSecret
from core.control.states import Node, Status
from core.model.connections import ConnectionDetail
from core.model.failures import Dismissal
from core.model.requests import RequestDetail


class Method(msgspec.Struct, frozen=True):
    params: type
    result: type
    role: Role
    says: str


METHODS: dict[str, Method] = {
    "hello": Method(Hello, Welcome, "viewer", "the first call: protocol numbers, versions, the caller's role"),
    "status": Method(Empty, Status, "viewer", "the tree of states, tenants and rates"),
    "watch": Method(
        Empty,
        Status,
        "viewer",
        "as status, then a `state` notification with each new Status, at most two a second",
    ),
    "components.list": Method(
        Empty, Components, "viewer", "the components of the Add Component list, and why some cannot be used"
    ),
    "configuration.get": Method(OfTenant, Configuration, "viewer", "what is active and what is staged"),
    "configuration.edit": Method(
        EditText, DocumentView, "viewer", "applies edits to a text and gives it back checked; keeps nothing"
    ),
    "configuration.component": Method(
        OfComponent, ComponentText, "viewer", "a component's own TOML out of a text, as the edit `replace` takes it"
    ),
    "configuration.stage": Method(Stage, Configuration, "admin", "keeps a text aside as staged.toml"),
    "configuration.edit_staged": Method(EditStaged, Configuration, "admin", "edits what is staged, in place"),
    "configuration.plan": Method(OfTenant, Plan, "viewer", "what is staged against what is active"),
    "configuration.discard": Method(Discard, Configuration, "admin", "takes back one change or all"),
    "configuration.apply": Method(Apply, Applied, "admin", "makes active what is staged, all or nothing"),
    "configuration.reload": Method(OfTenant, Applied, "admin", "applies a tenant.toml that was edited by hand"),
    "tenants.create": Method(NewTenant, Configuration, "admin", "makes a tenant"),
    "tenants.remove": Method(OfTenant, Empty, "admin", "stops a tenant and moves its folder to tenants/.removed"),
    "lifecycle.start": Method(Target, Node, "admin", "starts a tenant or an event source"),
    "lifecycle.stop": Method(Target, Node, "admin", "drains and stops a tenant or an event source"),
    "lifecycle.restart": Method(Target, Node, "admin", "stops, then starts"),
    "scripts.list": Method(OfTenant, Scripts, "viewer", "the scripts that a tenant may use"),
    "scripts.read": Method(OfScript, Script, "viewer", "a script's text"),
    "scripts.write": Method(WriteScript, Script, "admin", "saves a script; it acts at once if it compiles"),
    "secrets.write": Method(
        WriteSecret, KeptSecret, "admin", "keeps a secret in a file of its own; none gives it back"
    ),
    "import.sitewhere": Method(
        ImportSitewhere,
        Imported,
        "admin",
        "makes a tenant of a SiteWhere configuration, staged; or shows what it would be",
    ),
    "decode.try": Method(TryDecode, Trial, "admin", "runs a decoder over bytes, storing nothing"),
    "frames.find": Method(FindFrames, FramesFound, "admin", "splits bytes into frames by a framing, storing nothing"),
    "requests.query": Method(Query, Requests, "viewer", "kept requests"),
    "requests.traffic": Method(Query, Traffic, "viewer", "kept requests as rows of the live feed"),
    "requests.get": Method(OfRequest, RequestDetail, "viewer", "one request whole"),
    "events.query": Method(Query, Events, "viewer", "decoded events"),
    "failures.query": Method(FailureQuery, Failures, "viewer", "failed requests, grouped by source and reason"),
    "failures.dismiss": Method(Dismiss, Dismissal, "admin", "dismisses a group of failures, with a word why"),
    "failures.restore": Method(OfFailure, Dismissal, "admin", "undoes the dismissal of a group of failures"),
    "replays.start": Method(Replay, ReplayStatus, "admin", "decodes kept requests again, or shows what would change"),
    "replays.list": Method(ReplayQuery, Replays, "viewer", "replays that run, and those that have ended"),
    "replays.get": Method(OfReplay, ReplayStatus, "viewer", "how far a replay has come"),
    "replays.cancel": Method(OfReplay, ReplayStatus, "admin", "stops a replay; what it has decoded counts"),
    "replays.resume": Method(OfReplay, ReplayStatus, "admin", "goes on with a replay where it stopped"),
    "replays.undo": Method(OfReplay, ReplayStatus, "admin", "makes the decodes before a replay current again"),
    "replays.changes": Method(ChangesOf, Changes, "viewer", "what a dry run would change, event by event"),
    "reindex.start": Method(
        Empty, ReindexStatus, "admin", "builds the index anew from the journal, beside the one in use"
    ),
    "reindex.get": Method(Empty, Reindexed, "viewer", "how far building the index anew has come"),
    "reindex.cancel": Method(Empty, ReindexStatus, "admin", "gives up building the index anew; that in use stays"),
    "connections.list": Method(ConnectionQuery, Connections, "viewer", "the connections of an event source"),
    "connections.get": Method(
        OfConnection, ConnectionDetail, "viewer", "one connection: its facts, state and unfinished bytes"
    ),
    "connections.frames": Method(
        FramesOf, ConnectionFrames, "viewer", "what was kept of one connection, in both directions"
    ),
    "connections.close": Method(OfConnection, ConnectionDetail, "admin", "ends one connection; its answers go first"),
    "subscribe": Method(Subscribe, Subscription, "viewer", "a live feed"),
    "unsubscribe": Method(Subscription, Empty, "viewer", "ends a live feed"),
    "shutdown": Method(Empty, Empty, "admin", "drains everything and ends the engine"),
}

NOTIFICATIONS: dict[str, type] = {"rows": Frame, "state": Status, "apply": Applied, "replay": ReplayStatus}
