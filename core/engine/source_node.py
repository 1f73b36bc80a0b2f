"""An event source in the tree of states: itself, what fills its slots, its workers."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

from core.catalogue.configured import Configured
from core.catalogue.listening import ListeningSettings
from core.control.states import Node, State
from core.engine.certificate_node import certificate_detail, certificate_reason
from core.engine.lifecycle import Lifecycle
from core.engine.rates import RequestMeters
from core.engine.worker_process import WorkerProcess
from core.errors import Fault
from core.groovy.sidecar import Sidecar
from core.groovy.sidecars import needs_groovy
from core.model.dates import date_text


class Shown(Protocol):
    """What is shown of a source."""

    configured: Configured
    lifecycle: Lifecycle
    meters: RequestMeters
    script_fault: Fault | None

    @property
    def path(self) -> str: ...
    @property
    def settings(self) -> ListeningSettings: ...
    @property
    def workers(self) -> Sequence[WorkerProcess]: ...
    def reason(self) -> str | None: ...


def source_node(source: Shown, sidecar: Sidecar | None) -> Node:
    """`sidecar` is the one that the source's Groovy scripts run in, if one runs."""
    lifecycle, meters, settings = source.lifecycle, source.meters, source.settings
    return Node(
        path=source.path,
        kind="event_source",
        title=f"{source.configured.component.title} ({settings.id})",
        state=lifecycle.state,
        reason=source.reason(),
        since=lifecycle.since,
        rate=meters.requests.rate(),
        failed=meters.failed.recent(),
        refused=meters.refused.recent(),
        refused_rate=meters.refused.rate(),
        requests=meters.requests.total,
        dropped=meters.dropped.recent(),
        held_back=meters.held_back.recent(),
        costs=meters.costs.costs(sum(worker.waiting for worker in source.workers)),
        detail={
            "type": source.configured.component.type,
            "port": settings.port,
            "bind_address": settings.bind_address,
            "threads": settings.threads,
            _counted(settings): sum(worker.connections for worker in source.workers),
            **_datagrams_detail(source),
            **_rate_limit_detail(source),
            "refusals": meters.refusals(),
        },
        children=[*_slot_nodes(source, source.configured, sidecar), *_worker_nodes(source)],
    )


def _counted(settings: ListeningSettings) -> str:
    """What a worker's connections are called."""
    return "connections" if settings.transport == "tcp" else "peers"


def _datagrams_detail(source: Shown) -> dict[str, Any]:
    """What is known of the sockets of a UDP source."""
    if source.settings.transport != "udp":
        return {}
    facts = [worker.datagrams for worker in source.workers if worker.datagrams is not None]
    return {
        "dropped": source.meters.dropped.total,
        "unsent": source.meters.unsent.total,
        "unsent_reason": next((each.unsent_reason for each in facts if each.unsent_reason), None),
        "receive_buffer": min((each.receive_buffer for each in facts), default=None),
    }


def _rate_limit_detail(source: Shown) -> dict[str, Any]:
    """What is known of a source's rate limit, if it has one."""
    limit = source.settings.rate_limit
    return {} if limit is None else {"rate_limit": limit, "held_back": source.meters.held_back.total}


def _slot_nodes(source: Shown, above: Configured, sidecar: Sidecar | None) -> list[Node]:
    """What is in the slots of a component, with what is in theirs."""
    return [_slot_node(source, above, filled, sidecar) for filled in above.inner()]


def _slot_node(source: Shown, above: Configured, filled: Configured, sidecar: Sidecar | None) -> Node:
    detail: dict[str, Any] = {"type": filled.component.type}
    fault = _script_fault(source, filled)
    state, reason = _state(source, filled, sidecar)
    if filled.component.role == "tls":
        detail |= certificate_detail(source.workers)
        reason = reason or certificate_reason(source.workers)
    if "script" in filled.table:
        detail["script"] = filled.table["script"]
    if filled is source.configured.slots.get("decoder") and source.workers and source.workers[0].script:
        detail["version"] = source.workers[0].script
    name = filled.path.rpartition("/")[2]
    return Node(
        path=f"{source.path}{filled.path.removeprefix(source.configured.path)}",
        kind=filled.component.role,
        title=filled.component.title if filled in above.slots.values() else f"{filled.component.title} ({name})",
        state=state if fault is None else "error",
        reason=reason if fault is None else str(fault),
        since=source.lifecycle.since,
        detail=detail,
        children=_slot_nodes(source, filled, sidecar),
    )


def _script_fault(source: Shown, filled: Configured) -> Fault | None:
    """What is wrong with this component's script, or with what it imports: not what is with another's."""
    fault, script = source.script_fault, filled.table.get("script")
    if fault is None or script is None:
        return None
    others = [each.table.get("script") for each in source.configured.all() if each is not filled]
    return fault if fault.file == script or fault.file not in others else None


def _state(source: Shown, filled: Configured, sidecar: Sidecar | None) -> tuple[State, str | None]:
    """A component's own state: one that runs in the Groovy sidecar waits for that."""
    state = source.lifecycle.state
    if sidecar is None or state != "started" or sidecar.lifecycle.state == "started" or not needs_groovy(filled):
        return state, None
    return sidecar.lifecycle.state, sidecar.lifecycle.reason


def _worker_nodes(source: Shown) -> list[Node]:
    return [
        Node(
            path=f"{source.path}/worker-{number}",
            kind="worker",
            title=f"Worker {number}",
            state=worker.state,
            since=date_text(int((time.time() - (time.monotonic() - worker.started)) * 1000)),
            detail={"pid": worker.pid, "memory": worker.memory(), _counted(source.settings): worker.connections},
        )
        for number, worker in enumerate(source.workers, start=1)
    ]
