"""Makes a source of a profile over the control protocol: what to add, and the script that it is decoded by."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.registry import Catalogue
from core.control.configurations import Edit
from core.control.named import OfTenant
from core.control.scripts import Script, Scripts, WriteScript
from core.errors import TidegateError
from core.model.nearest import nearest
from core.profiles import SOURCE_TYPE, Profile, profiles


class Calls(Protocol):
    """What answers a method of the control protocol."""

    async def call(self, name: str, params: object, /) -> Any: ...


def profile_of(role: str, type: str, catalogue: Catalogue) -> Profile | None:
    """The profile that stands where the type of a component of `role` does; None where a component has that type, or
    no profile fits there. TidegateError, with the nearest of both, where an event source is wanted and none is called
    that."""
    if role != EVENT_SOURCES.role or catalogue.get(role, type) is not None:
        return None
    found = profiles().get(type)
    if found is None:
        known = [*(component.type for component in catalogue.of_role(role)), *profiles()]
        near = nearest(type, known)
        hint = f"did you mean {near}?" if near else f"known here: {', '.join(known)}"
        raise TidegateError(f"{type!r} is no known type; {hint}")
    return found


async def source_edit(
    engine: Calls,
    tenant: str,
    profile: Profile,
    given: Mapping[str, Any],
    taken: Collection[str] = (),
) -> tuple[Edit, WriteScript]:
    """The edit that adds a source of `profile` with the settings `given`, and the script to write once it is made.

    The script gets a name that is neither in the tenant's two folders nor among `taken`.
    """
    listed: Scripts = await engine.call("scripts.list", OfTenant(tenant))
    name = profile.free_script({*taken, *(info.name for info in listed.scripts)})
    edit = Edit(op="add", path=EVENT_SOURCES.key, type=SOURCE_TYPE, values=profile.values(name, given))
    return edit, WriteScript(tenant=tenant, name=name, text=profile.text)


async def write_script(engine: Calls, script: WriteScript) -> Script:
    """Writes it; ControlError with CONFLICT where one of that name came meanwhile."""
    written: Script = await engine.call("scripts.write", script)
    return written
