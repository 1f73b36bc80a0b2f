"""What the event sources of one engine share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.catalogue.registry import Catalogue
from core.config.home import Home
from core.config.instance import Instance
from core.engine.ports import ListenerPool
from core.groovy.sidecars import Sidecars
from core.model.refusals import RefusedCount


@dataclass(slots=True)
class Surroundings:
    """Made once an engine; handed down to tenants and sources."""

    home: Home
    catalogue: Catalogue
    instance: Instance
    listeners: ListenerPool
    sidecars: Sidecars
    nudge: Callable[[], None]
    """Says that some segment has new rows."""
    refused: Callable[[str, str, Sequence[RefusedCount]], None]
    """Tells of refused requests of a tenant's source that no segment has."""
