"""What an engine does for its callers without running anything: configurations, scripts, trials, queries.

The same functions serve over the control socket and, where no engine runs, in the process of a command that has taken
the home's lock.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.catalogue.registry import BUILT_IN, Catalogue, catalogue
from core.catalogue.secrets import KEPT
from core.config.dismissals import Dismissals
from core.config.document import parse
from core.config.edits import apply_edits, component_text
from core.config.home import Home, HomeLock
from core.config.instance import read_instance
from core.config.scripts import ScriptStore
from core.config.secrets import keep_secret
from core.config.store import TenantStore, create_tenant, remove_tenant
from core.control.configurations import (
    Applied,
    Apply,
    ComponentInfo,
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
from core.control.connections import ConnectionFrames, FramesOf
from core.control.failures import Dismiss, FailureQuery, Failures, OfFailure
from core.control.frames import FindFrames, FramesFound
from core.control.importing import Imported, ImportSitewhere
from core.control.methods import METHODS
from core.control.named import Empty, OfTenant
from core.control.received import Events, OfRequest, Query, Requests, Traffic
from core.control.scripts import OfScript, Script, Scripts, Trial, TryDecode, WriteScript
from core.control.secrets import KeptSecret, WriteSecret
from core.engine.finding import find_frames
from core.engine.reindexing import ReindexDesk
from core.engine.trial import run_trial
from core.errors import ConfigurationError, Conflict, TidegateError
from core.groovy.sidecars import Sidecars
from core.journal.follower import Follower
from core.journal.reader import Reader
from core.model.failures import Dismissal
from core.model.requests import RequestDetail

Handler = Callable[[Any], Awaitable[object]]


class Service:
    """Answers calls by method name; `LiveService` adds what needs a running engine."""

    def __init__(self, home: Home, components: Catalogue, reader: Reader, sidecars: Sidecars) -> None:
        self.home = home
        self.sidecars = sidecars
        self.catalogue = components
        self.reader = reader
        self.dismissals = Dismissals(home.dismissals_file)
        self.handlers: dict[str, Handler] = {
            "components.list": self.list_components,
            "configuration.get": self.get_configuration,
            "configuration.edit": self.edit_text,
            "configuration.component": self.component,
            "configuration.stage": self.stage,
            "configuration.edit_staged": self.edit_staged,
            "configuration.plan": self.plan,
            "configuration.discard": self.discard,
            "configuration.apply": self.apply,
            "configuration.reload": self.reload,
            "tenants.create": self.create_tenant,
            "tenants.remove": self.remove_tenant,
            "scripts.list": self.list_scripts,
            "scripts.read": self.read_script,
            "scripts.write": self.write_script,
            "secrets.write": self.write_secret,
            "import.sitewhere": self.import_sitewhere,
            "decode.try": self.try_decode,
            "frames.find": self.find_frames,
            "requests.query": self.query_requests,
            "requests.traffic": self.query_traffic,
            "requests.get": self.get_request,
            "events.query": self.query_events,
            "connections.frames": self.frames,
            "failures.query": self.query_failures,
            "failures.dismiss": self.dismiss,
            "failures.restore": self.restore,
        }

    @classmethod
    @contextlib.asynccontextmanager
    async def offline(cls, home: Path, packages: tuple[str, ...] = BUILT_IN) -> AsyncGenerator["Service"]:
        """The functions in this process: takes the home's lock and has the index catch up when it is asked."""
        place = Home(home)
        with HomeLock(place):
            follower = Follower(place.journal, place.index_file)

            def passed() -> int:
                follower.take()
                return follower.behind()

            sidecars = Sidecars(place, read_instance(place)[0].groovy)

            def succeed(timeout: float) -> bool:
                follower.succeed()
                deadline = time.monotonic() + timeout
                while follower.successions == 0 and time.monotonic() < deadline:
                    follower.take()
                return follower.successions > 0

            reader = Reader(place.journal, place.index_file, passed=passed)
            reindexing = ReindexDesk(place.journal, place.index_file, succeed)
            service = cls(place, catalogue(packages), reader, sidecars)
            service.handlers |= reindexing.handlers()
            try:
                yield service
            finally:
                await reindexing.stop()
                await sidecars.stop()
                follower.close()

    async def call(self, name: str, params: object) -> Any:
        """Calls a method; `params` may be its structure or plain data. The result is the method's structure."""
        handler = self.handlers.get(name)
        if handler is None:
            raise TidegateError(f"{name} needs a running engine: start one with `tidegate serve`")
        wanted: Any = METHODS[name].params
        given = params if isinstance(params, wanted) else msgspec.convert(params, wanted)
        return await handler(given)

    def store(self, tenant: str) -> TenantStore:
        return TenantStore(self.home, tenant, self.catalogue)

    def running_text(self, tenant: str) -> str | None:
        """The configuration that is in force, where something runs."""
        return None

    async def list_components(self, _: Empty) -> Components:
        return Components(await asyncio.to_thread(self._components))  # some look at what is installed

    def _components(self) -> list[ComponentInfo]:
        return [
            ComponentInfo(
                role=component.role,
                type=component.type,
                title=component.title,
                summary=component.summary,
                unavailable=component.unavailable(),
            )
            for component in self.catalogue
        ]

    async def get_configuration(self, asked: OfTenant) -> Configuration:
        store, running = self.store(asked.tenant), self.running_text(asked.tenant)
        return await asyncio.to_thread(store.configuration, running)  # which may have Groovy check scripts

    async def edit_text(self, asked: EditText) -> DocumentView:
        text = apply_edits(asked.text, asked.edits, self.catalogue)
        return await asyncio.to_thread(self.store(asked.tenant).view, text)

    async def component(self, asked: OfComponent) -> ComponentText:
        return ComponentText(component_text(asked.text, asked.path, self.catalogue))

    async def stage(self, asked: Stage) -> Configuration:
        await asyncio.to_thread(self.store(asked.tenant).stage, asked.text, asked.base)
        return await self.get_configuration(OfTenant(asked.tenant))

    async def edit_staged(self, asked: EditStaged) -> Configuration:
        await asyncio.to_thread(self.store(asked.tenant).edit_staged, asked.edits)
        return await self.get_configuration(OfTenant(asked.tenant))

    async def plan(self, asked: OfTenant) -> Plan:
        store, running = self.store(asked.tenant), self.running_text(asked.tenant)
        return await asyncio.to_thread(store.plan, running)

    async def discard(self, asked: Discard) -> Configuration:
        await asyncio.to_thread(self.store(asked.tenant).discard, asked.change)
        return await self.get_configuration(OfTenant(asked.tenant))

    async def apply(self, asked: Apply) -> Applied:
        """Without an engine: what is staged becomes active at once, and takes effect at the next start."""
        store = self.store(asked.tenant)
        plan = await self.agreed_plan(store, asked)
        if plan.faults:
            raise ConfigurationError(plan.faults)
        text = store.staged_text()
        if text is not None:
            store.activate(text)
        for change in plan.changes:
            change.state = "applied"
        return Applied(tenant=asked.tenant, applied=True, changes=plan.changes)

    async def agreed_plan(self, store: TenantStore, asked: Apply) -> Plan:
        """The plan, if it is the one that the caller saw."""
        plan = await asyncio.to_thread(store.plan, self.running_text(asked.tenant))
        if asked.staged is not None and asked.staged != plan.staged:
            raise Conflict("something else was staged meanwhile: look at the plan again")
        return plan

    async def reload(self, asked: OfTenant) -> Applied:
        """Without an engine a tenant.toml edited by hand acts at the next start anyway."""
        store = self.store(asked.tenant)
        if faults := await asyncio.to_thread(store.check, store.active_text(), store.file):
            raise ConfigurationError(faults)
        return Applied(tenant=asked.tenant, applied=True, changes=[])

    async def create_tenant(self, asked: NewTenant) -> Configuration:
        await asyncio.to_thread(create_tenant, self.home, asked.id, asked.name)
        return await self.get_configuration(OfTenant(asked.id))

    async def remove_tenant(self, asked: OfTenant) -> Empty:
        await asyncio.to_thread(remove_tenant, self.home, asked.tenant)
        return Empty()

    async def list_scripts(self, asked: OfTenant) -> Scripts:
        return Scripts(await asyncio.to_thread(self.store(asked.tenant).scripts().list))

    async def read_script(self, asked: OfScript) -> Script:
        return await asyncio.to_thread(self.store(asked.tenant).scripts().read, asked.name)

    async def write_script(self, asked: WriteScript) -> Script:
        scripts = self.store(asked.tenant).scripts()
        return await asyncio.to_thread(scripts.write, asked.name, asked.text, asked.base)

    async def write_secret(self, asked: WriteSecret) -> KeptSecret:
        _ = self.store(asked.tenant).active_text()  # NotFound where there is no such tenant
        name = await asyncio.to_thread(keep_secret, self.home, asked.tenant, asked.name, asked.value, fresh=asked.fresh)
        return KeptSecret(name=name, file=f"{KEPT}/{name}")

    async def import_sitewhere(self, asked: ImportSitewhere) -> Imported:
        from core.engine.importing import import_sitewhere  # with all that reads SiteWhere's files

        return await import_sitewhere(self, asked)

    async def add_scripts(self, tenant: str, texts: Mapping[str, str]) -> None:
        """Keeps new scripts in a tenant's own folder."""
        scripts = ScriptStore(self.home, tenant)
        for name, text in texts.items():
            await asyncio.to_thread(scripts.add, name, text)

    async def try_decode(self, asked: TryDecode) -> Trial:
        store = self.store(asked.tenant)
        text = store.staged_text() if asked.staged else None
        data = parse(store.active_text() if text is None else text)
        return await run_trial(self.home, self.catalogue, self.sidecars, asked, data)

    async def find_frames(self, asked: FindFrames) -> FramesFound:
        _ = self.store(asked.tenant).active_text()  # NotFound where there is no such tenant
        return await find_frames(self.home, self.catalogue, asked)

    async def query_requests(self, asked: Query) -> Requests:
        return await asyncio.to_thread(self.reader.requests, asked)

    async def query_traffic(self, asked: Query) -> Traffic:
        return await asyncio.to_thread(self.reader.traffic, asked)

    async def get_request(self, asked: OfRequest) -> RequestDetail:
        return await asyncio.to_thread(self.reader.request, asked.id)

    async def query_events(self, asked: Query) -> Events:
        return await asyncio.to_thread(self.reader.events, asked)

    async def query_failures(self, asked: FailureQuery) -> Failures:
        return await asyncio.to_thread(lambda: self.reader.failures(asked, self.dismissals.all()))

    async def dismiss(self, asked: Dismiss) -> Dismissal:
        found = await self.query_failures(FailureQuery(id=asked.id))
        return await asyncio.to_thread(self.dismissals.add, found.groups[0], asked.why)

    async def restore(self, asked: OfFailure) -> Dismissal:
        return await asyncio.to_thread(self.dismissals.remove, asked.id)

    async def frames(self, asked: FramesOf) -> ConnectionFrames:
        return await asyncio.to_thread(self.reader.frames, asked)
