"""The Groovy sidecars of an engine: started with the first that needs one, ended with the last."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from core.catalogue.configured import Configured
from core.config.home import Home
from core.config.instance import GroovySettings
from core.control.states import Node
from core.engine.background import Background
from core.errors import TidegateError
from core.groovy import discovery
from core.groovy.discovery import Missing
from core.groovy.sidecar import Sidecar

NEED = "groovy"
"""What a component's `needs` holds that runs in the sidecar."""


@dataclass(slots=True)
class _Use:
    sidecar: Sidecar
    users: int = 0


class Sidecars:
    """One sidecar for the engine, or one a tenant, as `[groovy] isolation` says."""

    def __init__(self, home: Home, settings: GroovySettings) -> None:
        self._home = home
        self._isolated = settings.isolation == "tenant"
        self._uses: dict[str, _Use] = {}
        self._tasks = Background()
        discovery.use(settings.java_home, settings.jars)

    def acquire(self, tenant: str) -> Path:
        """The socket of the tenant's sidecar, which starts if it was not needed until now: who connects waits in the
        socket. TidegateError where there is no Java or no Groovy. Every `acquire` has its `release`."""
        key = self._key(tenant)
        use = self._uses.get(key)
        if use is None:
            use = self._uses[key] = _Use(self._make(key))
            use.sidecar.start()
        use.users += 1
        return use.sidecar.path

    def _make(self, key: str) -> Sidecar:
        found = discovery.find()
        if isinstance(found, Missing):
            discovery.forget()
            raise TidegateError(found.reason)
        return Sidecar(found, self._home.groovy, self._home.groovy_socket(key))

    def release(self, tenant: str) -> None:
        """Gives it back; the last to do so ends it."""
        key = self._key(tenant)
        use = self._uses.get(key)
        if use is None:
            return  # the engine ends, and has ended them all
        use.users -= 1
        if use.users == 0:
            del self._uses[key]
            self._tasks.run(use.sidecar.stop())

    def of(self, tenant: str) -> Sidecar | None:
        """The sidecar that a tenant's scripts run in, where there is one now."""
        use = self._uses.get(self._key(tenant))
        return use.sidecar if use else None

    async def stop(self) -> None:
        """Ends all of them, whoever uses them."""
        uses, self._uses = list(self._uses.values()), {}
        await asyncio.gather(*(use.sidecar.stop() for use in uses))
        await self._tasks.settled()

    def nodes(self) -> list[Node]:
        """The sidecars in the tree of states."""
        return [_node(key, use.sidecar) for key, use in sorted(self._uses.items())]

    def _key(self, tenant: str) -> str:
        return tenant if self._isolated else ""


def needs_groovy(configured: Configured) -> bool:
    """Whether a component, or one below it, runs in the sidecar."""
    return any(NEED in each.component.needs for each in configured.all())


def _node(key: str, sidecar: Sidecar) -> Node:
    lifecycle, found = sidecar.lifecycle, sidecar.found
    return Node(
        path=f".groovy/{key}" if key else ".groovy",  # no tenant's: an id does not begin with a dot
        kind="groovy",
        title=f"Groovy ({key})" if key else "Groovy",
        state=lifecycle.state,
        reason=lifecycle.reason,
        since=lifecycle.since,
        detail={
            "version": found.version("groovy") or None,
            "java": found.version("java") or None,
            "java_home": str(found.java_home),
            "pid": sidecar.pid,
            "memory": sidecar.memory(),
            "restarts": sidecar.restarts,
        },
    )
