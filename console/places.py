"""The places that digits lead to. A digit never moves; a place that does not exist yet has none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from textual.screen import Screen

from core.control.states import Node, Status


@dataclass(frozen=True, slots=True)
class Place:
    """One place: `name` for `GoTo`, `short` for row 2, `title` for the command palette."""

    digit: str
    name: str
    short: str
    title: str
    screen: str
    """Module and class of its first screen; read when it is first gone to, so that the console opens at once."""
    wrong: Callable[[Status], int]
    """How much is wrong there."""


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _tenants_in_error(status: Status) -> int:
    return sum(tenant.state == "error" for tenant in status.tenants)


def _failed_lately(status: Status) -> int:
    return sum(tenant.failed for tenant in status.tenants)


def _open_failures(status: Status) -> int:
    return status.failures


def _components_in_error(status: Status) -> int:
    return sum(node.state == "error" for node in _nodes(status.tree))


def screen_of(place: Place) -> Callable[[], Screen[None]]:
    """What makes the first screen of a place."""

    def make() -> Screen[None]:
        module, _, name = place.screen.partition(":")
        return getattr(import_module(module), name)()

    return make


PLACES = (
    Place("1", "tenants", "Tenants", "Manage Tenants", "console.screens.tenants:ManageTenants", _tenants_in_error),
    Place("2", "traffic", "Traffic", "Live Traffic", "console.screens.traffic:LiveTraffic", _failed_lately),
    Place("4", "failures", "Failures", "Failures", "console.screens.failures:FailuresScreen", _open_failures),
    Place("5", "state", "State", "Engine State", "console.screens.state:EngineState", _components_in_error),
)
