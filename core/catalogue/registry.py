"""The catalogue: every component found in the component packages, by role and type."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from core.catalogue.component import Component
from core.errors import TidegateError
from core.model.nearest import nearest

BUILT_IN = ("core.components",)


class Catalogue:
    """The components of some packages. A module that defines `COMPONENT` adds one; nothing else need know its name."""

    def __init__(self, packages: tuple[str, ...] = BUILT_IN) -> None:
        self.packages = packages
        self._components: dict[tuple[str, str], Component] = {}
        for package in packages:
            for component in _declared_in(package):
                key = (component.role, component.type)
                if key in self._components:
                    raise TidegateError(f"two components declare {component.role} {component.type!r}")
                self._components[key] = component

    def __iter__(self) -> Iterator[Component]:
        return iter(self._components.values())

    def of_role(self, role: str) -> list[Component]:
        """The components that fill slots of `role`, by title."""
        return sorted((c for c in self if c.role == role), key=lambda component: component.title)

    def get(self, role: str, type: str) -> Component | None:
        """The component of that role and TOML `type`."""
        return self._components.get((role, type))

    def unknown(self, role: str, type: str) -> str:
        """A sentence for a type that no component of the role has."""
        types = [component.type for component in self.of_role(role)]
        near = nearest(type, types)
        return f"{type!r} is no known type" + (
            f"; did you mean {near}?" if near else f"; known here: {', '.join(types)}"
        )


def _declared_in(package: str) -> Iterator[Component]:
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        component = getattr(importlib.import_module(found.name), "COMPONENT", None)
        if isinstance(component, Component):
            yield component


@cache
def catalogue(packages: tuple[str, ...] = BUILT_IN) -> Catalogue:
    """The catalogue of these packages, read once a process."""
    return Catalogue(packages)
