"""What a running engine adds to the service: states, lifecycle commands, applying, live feeds."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from core import VERSION
from core.config.store import create_tenant
from core.control import codes
from core.control.configurations import Applied, Apply, Configuration, Discard, EditStaged, NewTenant, Plan, Stage
from core.control.connections import ConnectionQuery, Connections, OfConnection
from core.control.feeds import Subscribe, Subscription
from core.control.greeting import PROTOCOL, Hello, Welcome
from core.control.named import Empty, OfTenant, Target
from core.control.scripts import Script, WriteScript
from core.control.states import Node, Status
from core.engine.background import Background
from core.engine.connections import close_connection, list_connections, show_connection
from core.engine.control_server import CallFault, Peer
from core.engine.engine import Engine
from core.engine.plan_ports import say_ports
from core.engine.replay_calls import replay_handlers
from core.engine.service import Service
from core.engine.source import SourceRunner
from core.engine.tap import Feed
from core.engine.tenant import TenantRunner
from core.errors import ConfigurationError, Fault, NotFound
from core.model.connections import ConnectionDetail
from core.model.filter import FilterError, parse_filter

FRAME_EVERY = 0.1
MOST_FEEDS = 16
"""Live feeds of one connection: each may hold some thousand rows for a slow reader."""
STATUS_EVERY = 0.5


class LiveService(Service):
    """The service of a running engine. `dispatch` is what the control server calls."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.home, engine.catalogue, engine.reader, engine.sidecars)
        self._engine = engine
        self._feeds: dict[Peer, dict[int, tuple[Feed, asyncio.Task[None]]]] = {}
        self._watches: dict[Peer, asyncio.Task[None]] = {}
        self._telling = Background()
        self._for_peer: dict[str, Callable[[Any, Peer], Any]] = {
            "hello": self._hello,
            "watch": self._watch,
            "configuration.apply": self._apply,
            "configuration.reload": self._reload,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
        }
        self.handlers |= {
            "status": self._status,
            "lifecycle.start": self._start,
            "lifecycle.stop": self._stop,
            "lifecycle.restart": self._restart,
            "connections.list": self._list_connections,
            "connections.get": self._get_connection,
            "connections.close": self._close_connection,
            "shutdown": self._shutdown,
        }
        self.handlers |= replay_handlers(engine.replays)
        self.handlers |= engine.reindexing.handlers()

    async def dispatch(self, name: str, params: Any, peer: Peer) -> object:
        """Answers a call of a peer whose role allows it."""
        for_peer = self._for_peer.get(name)
        return await for_peer(params, peer) if for_peer else await self.call(name, params)

    def running_text(self, tenant: str) -> str | None:
        return self._tenant(tenant).text

    def _tenant(self, id: str) -> TenantRunner:
        tenant = self._engine.tenants.get(id)
        if tenant is None:
            raise NotFound(f"there is no tenant {id}")
        return tenant

    async def _hello(self, hello: Hello, peer: Peer) -> Welcome:
        engine = self._engine
        assert peer.role is not None
        return Welcome(
            protocol=PROTOCOL,
            version=VERSION,
            role=peer.role,
            home=str(engine.home.root),
            pid=engine.pid,
            mode=engine.mode,
            host=engine.host,
            started=engine.started,
        )

    async def _status(self, _: Empty) -> Status:
        return self._engine.status()

    async def _watch(self, _: Empty, peer: Peer) -> Status:
        if peer not in self._watches:
            self._watches[peer] = self._telling.run(self._tell_states(peer))
            peer.closed.append(lambda: self._end_watch(peer))
        return self._engine.status()

    def _end_watch(self, peer: Peer) -> None:
        self._watches.pop(peer).cancel()

    async def _tell_states(self, peer: Peer) -> None:
        _, seen = self._engine.replays.changed_since(0)
        while True:
            await asyncio.sleep(STATUS_EVERY)
            if peer.can_take():
                peer.notify("state", self._engine.status())
                replays, seen = self._engine.replays.changed_since(seen)
                for replay in replays:
                    peer.notify("replay", replay)

    async def stage(self, asked: Stage) -> Configuration:
        self._tenant(asked.tenant).forget_failures()
        return await super().stage(asked)

    async def edit_staged(self, asked: EditStaged) -> Configuration:
        self._tenant(asked.tenant).forget_failures()
        return await super().edit_staged(asked)

    async def discard(self, asked: Discard) -> Configuration:
        self._tenant(asked.tenant).forget_failures()
        return await super().discard(asked)

    async def plan(self, asked: OfTenant) -> Plan:
        plan = await super().plan(asked)
        running = [runner.address for tenant in self._engine.tenants.values() for runner in tenant.sources.values()]
        await asyncio.to_thread(say_ports, plan, self.store(asked.tenant), running)
        return plan

    async def _apply(self, asked: Apply, peer: Peer) -> Applied:
        store = self.store(asked.tenant)
        await self.agreed_plan(store, asked)
        staged = store.staged_text()
        text = store.active_text() if staged is None else staged
        return await self._apply_text(asked.tenant, text, peer)

    async def _reload(self, asked: OfTenant, peer: Peer) -> Applied:
        return await self._apply_text(asked.tenant, self.store(asked.tenant).active_text(), peer)

    async def _apply_text(self, tenant: str, text: str, peer: Peer) -> Applied:
        def tell(applied: Applied) -> None:
            if peer.can_take():
                peer.notify("apply", applied)

        return await self._engine.apply(tenant, text, tell)

    async def create_tenant(self, asked: NewTenant) -> Configuration:
        await asyncio.to_thread(create_tenant, self.home, asked.id, asked.name)
        await self._engine.add_tenant(asked.id)
        return await self.get_configuration(OfTenant(asked.id))

    async def remove_tenant(self, asked: OfTenant) -> Empty:
        self._tenant(asked.tenant)
        await self._engine.drop_tenant(asked.tenant)
        await self._engine.replays.forget_tenant(asked.tenant)
        return await super().remove_tenant(asked)

    async def write_script(self, asked: WriteScript) -> Script:
        script = await super().write_script(asked)
        self._engine.scripts_changed(asked.tenant if script.scope == "tenant" else None)
        return script

    async def add_scripts(self, tenant: str, texts: Mapping[str, str]) -> None:
        await super().add_scripts(tenant, texts)
        if texts:
            self._engine.scripts_changed(tenant)

    async def _start(self, asked: Target) -> Node:
        tenant, source = self._split(asked.path)
        if source:
            return (await self._engine.change(tenant.start_source(source))).node()
        faults = await self._engine.change(tenant.start())
        if faults:
            raise ConfigurationError(faults)
        return tenant.node()

    async def _stop(self, asked: Target) -> Node:
        tenant, source = self._split(asked.path)
        if source:
            return (await tenant.stop_source(source)).node()
        await tenant.stop()
        return tenant.node()

    async def _restart(self, asked: Target) -> Node:
        await self._stop(asked)
        return await self._start(asked)

    def _split(self, path: str) -> tuple[TenantRunner, str]:
        tenant, _, source = path.partition("/")
        return self._tenant(tenant), source

    def _source(self, tenant: str, source: str) -> SourceRunner:
        runner = self._tenant(tenant).sources.get(source)
        if runner is None:
            raise NotFound(f"{tenant} runs no event source {source}")
        return runner

    async def _list_connections(self, asked: ConnectionQuery) -> Connections:
        return await list_connections(self._source(asked.tenant, asked.source), asked)

    async def _get_connection(self, asked: OfConnection) -> ConnectionDetail:
        return await show_connection(self._source(asked.tenant, asked.source), asked)

    async def _close_connection(self, asked: OfConnection) -> ConnectionDetail:
        return await close_connection(self._source(asked.tenant, asked.source), asked)

    async def _subscribe(self, asked: Subscribe, peer: Peer) -> Subscription:
        try:
            filter = parse_filter(asked.filter)
        except FilterError as error:
            fault = Fault(message=error.message, line=error.column, key="filter")
            raise CallFault(codes.FAULTY, str(error), [fault]) from error
        feeds = self._feeds.get(peer)
        if feeds is None:
            feeds = self._feeds[peer] = {}
            peer.closed.append(lambda: self._end_feeds(peer))
        if len(feeds) >= MOST_FEEDS:
            raise CallFault(codes.REFUSED, f"{MOST_FEEDS} live feeds a connection are the most: end one first")
        feed = self._engine.tap.subscribe(filter, asked.tenant, asked.events)
        feeds[feed.subscription] = feed, self._telling.run(self._tell_frames(feed, peer))
        return Subscription(feed.subscription)

    async def _tell_frames(self, feed: Feed, peer: Peer) -> None:
        try:
            while True:
                await asyncio.sleep(FRAME_EVERY)
                if peer.can_take() and (frame := feed.frame()) is not None:
                    peer.notify("rows", frame)
        finally:
            self._engine.tap.unsubscribe(feed)

    def _end_feeds(self, peer: Peer) -> None:
        """A peer that is still there, since the engine ends, is told of the last rows."""
        for feed, task in self._feeds.pop(peer).values():
            task.cancel()
            if peer.can_take() and (frame := feed.last_frame()) is not None:
                peer.notify("rows", frame)

    async def _unsubscribe(self, asked: Subscription, peer: Peer) -> Empty:
        subscribed = self._feeds.get(peer, {}).pop(asked.subscription, None)
        if subscribed is not None:
            subscribed[1].cancel()
        return Empty()

    async def _shutdown(self, _: Empty) -> Empty:
        self._engine.ending.set()
        return Empty()
