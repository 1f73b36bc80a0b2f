"""What a component is: everything that the Add Component list offers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.catalogue.naming import BY_ID, Index
from core.catalogue.settings import Setting, Settings, describe


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a component that another component fills."""

    key: str
    """The key in TOML: `interaction_handler`."""
    role: str
    """Which components fit: those of this role."""
    title: str
    required: bool = True
    many: bool = False
    """It takes any number, as a list of tables in TOML."""
    index: Index = BY_ID
    """What tells those of one that takes many apart."""


@dataclass(frozen=True, slots=True)
class ScriptTemplate:
    """A script to begin with, offered where a component takes one."""

    name: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SiteWhereName:
    """How SiteWhere's tenant XML spells this component: its element, and attribute to setting key."""

    element: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])


SettingsType = type[Settings]


def _no_reason() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Component:
    """One entry of the catalogue: a file under `core/components/` declares it as `COMPONENT`.

    `make` builds the behaviour; what it takes and returns is the role's contract in `core.catalogue`. A
    decoder with slots, and what fills them, are made as `core.catalogue.composition` says.
    """

    role: str
    type: str
    title: str
    summary: str
    settings: SettingsType
    make: Callable[..., Any]  # each role's contract types it; the catalogue only carries it
    slots: tuple[Slot, ...] = ()
    templates: tuple[ScriptTemplate, ...] = ()
    script_suffix: str = ""
    needs: tuple[str, ...] = ()
    """What the engine must run for it: `groovy`, the sidecar."""
    sitewhere: SiteWhereName | None = None
    unavailable: Callable[[], str | None] = _no_reason
    """Why this cannot be used on this machine, with what to do about it; None where it can."""

    def described(self) -> dict[str, Setting]:
        """Its settings by key, in the order of the declaration."""
        return describe(self.settings)

    def slot(self, key: str) -> Slot | None:
        """The slot of that key."""
        return next((slot for slot in self.slots if slot.key == key), None)


EVENT_SOURCES = Slot("event_sources", "event_source", "Event Sources", required=False, many=True)
"""The slot of Device Communication that holds a tenant's event sources."""
