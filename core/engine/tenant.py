"""One tenant as the engine runs it: what is applied, and the event sources that come of it."""

import asyncio

import msgspec

from core.config.files import read_text
from core.config.tenant import TenantConfiguration, read_tenant
from core.control.states import Node, State, TenantRow
from core.engine.background import Background
from core.engine.lifecycle import Lifecycle
from core.engine.source import BIND_PATIENCE, SourceRunner
from core.engine.surroundings import Surroundings
from core.engine.worker_process import StartFailed
from core.errors import Fault, NotFound, TidegateError
from core.model.dates import now_text

READ_AGAIN_EVERY = 5.0
"""Seconds between two looks at sources with faults: what one of them lacks may be installed meanwhile."""


class BrokenSource:
    """An event source whose configuration has faults: it cannot start, and holds up no other."""

    def __init__(self, tenant: str, name: str, faults: list[Fault]) -> None:
        self.path = f"{tenant}/{name}"
        self.faults = faults
        self._since = now_text()

    def reason(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)

    def node(self) -> Node:
        title = f"Event Source ({self.path.rpartition('/')[2]})"
        return Node(
            path=self.path, kind="event_source", title=title, state="error", reason=self.reason(), since=self._since
        )


class TenantRunner:
    """Runs one tenant. `text` is the configuration that is in force, whatever the file says meanwhile."""

    def __init__(self, surroundings: Surroundings, id: str) -> None:
        self.id = id
        self.wanted = False
        """It was started and not stopped."""
        self.text = ""
        self.configuration = TenantConfiguration(id, id)
        self.sources: dict[str, SourceRunner] = {}
        self.broken: dict[str, BrokenSource] = {}
        self.changing = asyncio.Lock()
        """Held while the tenant starts, stops or changes."""
        self.removed = False
        """It has gone for good: nothing of it starts any more."""
        self._leaving: list[SourceRunner] = []
        """Sources that drain and then are no more."""
        self._surroundings = surroundings
        self._moment = Lifecycle()
        self._tasks = Background()
        self._unwanted = asyncio.Event()
        """Set when it stops: nothing waits any longer."""
        self._mending = False
        self._looking = Background()
        """What `stop` does not wait for: it may wait for `changing` itself, and then ends at once."""
        self._file_fault: str | None = None
        self.read()

    def read(self) -> None:
        """Takes what tenant.toml says as what is in force; for a tenant of which nothing runs."""
        try:
            text = read_text(self._surroundings.home.tenant_file(self.id)) or ""
        except TidegateError as error:
            self._file_fault = str(error)
            return
        self.adopt(text, self.parse(text))

    def parse(self, text: str) -> TenantConfiguration:
        home = self._surroundings.home
        return read_tenant(text, home.tenant_file(self.id), self._surroundings.catalogue, self.id)

    def adopt(
        self, text: str, configuration: TenantConfiguration, known: dict[str, SourceRunner] | None = None
    ) -> None:
        """This is in force now. Sources that it does not have are forgotten: whoever calls lets them go."""
        self.text = text
        self.configuration = configuration
        known = self.sources if known is None else known
        runners: dict[str, SourceRunner] = {}
        for configured in configuration.sources:
            runner = known.get(configured.id)
            if runner is None:
                runner = SourceRunner(self._surroundings, self.id, configured)
            else:
                runner.configured = configured
            runners[configured.id] = runner
        self.sources = runners
        self.broken = {name: BrokenSource(self.id, name, faults) for name, faults in configuration.broken.items()}
        whole = [fault for fault in configuration.faults if not fault.path.startswith("event_sources")]
        self._file_fault = "; ".join(str(fault) for fault in whole) or None

    def source(self, id: str) -> SourceRunner:
        """The source of that id; NotFound or its faults where it cannot be run."""
        if id in self.sources:
            return self.sources[id]
        if id in self.broken:
            raise TidegateError(self.broken[id].reason())
        raise NotFound(f"tenant {self.id} has no event source {id}")

    async def start(self, *, patience: float = 0.0) -> list[Fault]:
        """Starts every enabled source; the faults of those that could not start."""
        async with self.changing:
            if self._file_fault is not None and not self.sources:
                return [Fault(message=self._file_fault)]
            self._still_there()
            self._want()
            self._read_again()
            enabled = [runner for runner in self.sources.values() if runner.settings.enabled]
            results = await asyncio.gather(*(self._start(runner, patience) for runner in enabled))
        faults = [fault for fault in results if fault is not None]
        return faults + [fault for broken in self.broken.values() for fault in broken.faults]

    async def start_patiently(self) -> list[Fault]:
        """As at an engine's start: waits a while for ports that the workers of an earlier engine still hold."""
        return await self.start(patience=BIND_PATIENCE)

    async def start_source(self, id: str) -> SourceRunner:
        """Starts one source; StartFailed where it cannot."""
        async with self.changing:
            self._still_there()
            self._read_again()
            runner = self.source(id)
            self._want()
            await runner.start()
        return runner

    def _want(self) -> None:
        self.wanted = True
        self._unwanted.clear()
        if not self._mending:
            self._mending = True
            self._looking.run(self._mend())

    async def _mend(self) -> None:
        """Starts sources that had faults and have none any more, until the tenant stops."""
        try:
            while not await self._stops_within(READ_AGAIN_EVERY):
                if self.broken:
                    async with self.changing:
                        mended = self._read_again() if self.wanted else []
                        await asyncio.gather(*(self._start(runner, 0.0) for runner in mended))
        finally:
            self._mending = False

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._unwanted.wait()
        except TimeoutError:
            return False

    def _read_again(self) -> list[SourceRunner]:
        """Looks whether sources with faults have them still; those that can be run now."""
        if not self.broken:
            return []
        read = self.parse(self.text)
        if read.broken == self.configuration.broken:
            return []
        before = self.sources
        self.adopt(self.text, read)
        new = [runner for id, runner in self.sources.items() if id not in before]
        return [runner for runner in new if runner.settings.enabled]

    async def stop_source(self, id: str) -> SourceRunner:
        """Drains and stops one source; the tenant may change meanwhile."""
        async with self.changing:
            runner = self.source(id)
            stopping = self._tasks.run(runner.stop())
            await asyncio.sleep(0)  # it has begun: whatever changes next finds it draining
        await asyncio.shield(stopping)
        return runner

    def _still_there(self) -> None:
        if self.removed:
            raise NotFound(f"there is no tenant {self.id}")

    async def _start(self, runner: SourceRunner, patience: float) -> Fault | None:
        try:
            await runner.start(patience=patience)
        except StartFailed as failed:
            return msgspec.structs.replace(failed.fault, path=runner.configured.path)
        return None

    async def stop(self, most: float | None = None) -> None:
        """Drains and stops every source; `most` seconds, if given, whatever their drain limits say."""
        self.wanted = False
        self._unwanted.set()
        async with self.changing:
            await asyncio.gather(*(runner.stop(most) for runner in [*self.sources.values(), *self._leaving]))
            await self._tasks.settled()

    def forget_failures(self) -> None:
        """What was not applied has been changed or given up: its reasons are history."""
        for runner in self.sources.values():
            runner.apply_failed = None

    def let_go(self, runners: list[SourceRunner]) -> None:
        """Drains and stops sources in the background; `stop` waits for them too."""
        for runner in runners:
            self._leaving.append(runner)
            self._tasks.run(self._let_go(runner))

    async def _let_go(self, runner: SourceRunner) -> None:
        try:
            await runner.stop()
        finally:
            self._leaving.remove(runner)

    def state(self) -> tuple[State, str | None]:
        """The tenant's state, which follows from its sources', and the reason of the first in error."""
        states: list[State] = [runner.lifecycle.state for runner in self.sources.values()]
        if self._file_fault is not None:
            return "error", self._file_fault
        if not self.wanted:
            for busy in states:
                if busy in ("draining", "stopping"):
                    return busy, None
            return "stopped", None
        for runner in [*self.sources.values(), *self.broken.values()]:
            if isinstance(runner, BrokenSource) or runner.lifecycle.state == "error":
                return "error", f"{runner.path.rpartition('/')[2]}: {runner.reason()}"
        return ("starting" if "starting" in states else "started"), None

    def rate(self) -> float:
        return sum(runner.meters.requests.rate() for runner in self.sources.values())

    def row(self, staged: int, file_differs: bool) -> TenantRow:
        """The tenant in the list of tenants."""
        state, reason = self.state()
        return TenantRow(
            id=self.id,
            name=self.configuration.name,
            state=state,
            reason=reason,
            sources=len(self.sources) + len(self.broken),
            started=sum(runner.lifecycle.state == "started" for runner in self.sources.values()),
            rate=self.rate(),
            failed=sum(runner.meters.failed.recent() for runner in self.sources.values()),
            staged=staged,
            file_differs=file_differs,
        )

    def node(self) -> Node:
        """The tenant in the tree of states."""
        state, reason = self.state()
        if (state, reason) != (self._moment.state, self._moment.reason):
            self._moment = Lifecycle.at(state, reason)
        children = self._children()
        return Node(
            path=self.id,
            kind="tenant",
            title=self.configuration.name,
            state=state,
            reason=reason,
            since=self._moment.since,
            rate=sum(child.rate for child in children),
            failed=sum(child.failed for child in children),
            refused=sum(child.refused for child in children),
            refused_rate=sum(child.refused_rate for child in children),
            requests=sum(child.requests for child in children),
            dropped=sum(child.dropped for child in children),
            children=children,
        )

    def _children(self) -> list[Node]:
        """The sources in the order of the file."""
        nodes = {runner.id: runner.node() for runner in self.sources.values()}
        nodes |= {name: broken.node() for name, broken in self.broken.items()}
        return list(nodes.values())
