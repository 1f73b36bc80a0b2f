"""What `tidegate check` looks at: every configuration and script of a home, without starting anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import msgspec

from core.catalogue.configured import Configured
from core.catalogue.listening import ListeningSettings
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Settings
from core.config.home import Home
from core.config.instance import read_instance
from core.config.store import TenantStore
from core.config.tenant import addresses_overlap
from core.errors import Fault, TidegateError
from core.groovy import discovery
from core.groovy.discovery import Missing


class Checked(msgspec.Struct, kw_only=True):
    """What was found. `faults` keep something from starting; `staged` ones stand in the way of applying."""

    home: str
    tenants: list[str]
    sources: int
    scripts: int
    faults: list[Fault]
    staged: list[Fault]
    groovy: str | None = None
    """Which Groovy and Java there are for its scripts, and where; None where there are no such scripts."""


@dataclass(slots=True)
class _Found:
    sources: list[tuple[str, Configured]] = field(default_factory=list[tuple[str, Configured]])
    scripts: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    faults: list[Fault] = field(default_factory=list[Fault])
    staged: list[Fault] = field(default_factory=list[Fault])


def check_home(home: Home, catalogue: Catalogue) -> Checked:
    """Checks instance.toml, every tenant.toml and staged.toml, and every script."""
    if not home.exists():
        raise TidegateError(f"{home.root} is no home: `tidegate init` makes one")
    found = _Found()
    instance, faults = read_instance(home)
    discovery.use(instance.groovy.java_home, instance.groovy.jars)
    found.faults += faults
    tenants = home.tenant_ids()
    for tenant in tenants:
        _check_tenant(TenantStore(home, tenant, catalogue), found)
    found.faults += _clashes(found.sources)
    return Checked(
        home=str(home.root),
        tenants=tenants,
        sources=len(found.sources),
        scripts=len(found.scripts),
        faults=list(dict.fromkeys(found.faults)),
        staged=found.staged,
        groovy=_groovy() if any(name.endswith(".groovy") for _, name in found.scripts) else None,
    )


def _groovy() -> str | None:
    found = discovery.find()
    if isinstance(found, Missing):
        return None  # a fault says so, where a script is used
    groovy, java = (f"{name} {found.version(name.lower())}".rstrip() for name in ("Groovy", "Java"))
    return f"{groovy} and {java} in {found.java_home}"


def _check_tenant(store: TenantStore, found: _Found) -> None:
    read = store.read()
    found.faults += store.check(store.active_text(), store.file)
    found.sources += [(f"{store.tenant}/{source.id}", source) for source in read.sources]
    if store.staged_text() is not None:
        found.staged += store.plan().faults
    for script in store.scripts().list():
        found.scripts.add((store.tenant if script.scope == "tenant" else "", script.name))
        if script.fault is not None and not script.used_by:
            found.faults.append(script.fault)


def _clashes(sources: list[tuple[str, Configured]]) -> Iterator[Fault]:
    """Event sources of two tenants that could not listen beside each other; those of one are its own reading's."""
    listening = [(path, source.settings) for path, source in sources]
    for (first, one), (second, other) in combinations(listening, 2):
        if first.split("/")[0] != second.split("/")[0] and _same_address(one, other):
            assert isinstance(other, ListeningSettings)
            yield Fault(path=second, key="port", message=f"{other.port} is {first}'s already: take another")


def _same_address(one: Settings, other: Settings) -> bool:
    if not (isinstance(one, ListeningSettings) and isinstance(other, ListeningSettings)):
        return False
    return one.enabled and other.enabled and addresses_overlap(one.address, other.address)
