"""Commands that edit what is staged."""

from console.commands.applying import apply
from console.commands.command import Command, wanted, without
from console.draft import find_placed
from console.session import Console, Session
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import Setting, Value, describe
from core.catalogue.tenant import DEVICE_COMMUNICATION_SLOTS, TENANT, TenantSettings
from core.catalogue.values import check_value, parse_text
from core.control.configurations import Configuration, Edit, EditStaged
from core.control.named import OfTenant
from core.errors import TidegateError
from core.model.nearest import nearest
from core.profiles import SOURCE_TYPE
from core.profiles.adding import profile_of, source_edit, write_script


async def _add(console: Console, words: list[str]) -> str:
    words, at_once = without(words, "--apply")
    wanted(words, 3)
    tenant, path, type, *pairs = words
    catalogue, link = console.session.catalogue, console.session.link
    slot_role = await _role_at(console.session, tenant, path)
    profile = profile_of(slot_role, type, catalogue)
    component = catalogue.get(slot_role, type if profile is None else SOURCE_TYPE)
    if component is None:
        raise TidegateError(catalogue.unknown(slot_role, type))
    values = _typed(component.described(), pairs)
    if profile is None:
        return await _stage(console, tenant, Edit(op="add", path=path, type=type, values=values), at_once)
    edit, script = await source_edit(link, tenant, profile, values)
    await link.call("configuration.edit_staged", EditStaged(tenant=tenant, edits=[edit]), Configuration)
    await write_script(link, script)
    return await _staged(console, tenant, at_once)


async def _set(console: Console, words: list[str]) -> str:
    words, at_once = without(words, "--apply")
    wanted(words, 3)
    tenant, path, *pairs = words
    settings = describe(TenantRetention if path == RETENTION else TenantSettings)
    if path not in (TENANT, RETENTION):
        placed = find_placed(console.session.catalogue, await _data(console.session, tenant), path)
        if placed is None or placed.component is None:
            raise TidegateError(f"{tenant} has no {path}")
        settings = placed.component.described()
    return await _stage(console, tenant, Edit(op="set", path=path, values=_typed(settings, pairs)), at_once)


async def _remove(console: Console, words: list[str]) -> str:
    words, at_once = without(words, "--apply")
    wanted(words, 2)
    return await _stage(console, words[0], Edit(op="remove", path=words[1]), at_once)


async def _stage(console: Console, tenant: str, edit: Edit, at_once: bool) -> str:
    params = EditStaged(tenant=tenant, edits=[edit])
    await console.session.link.call("configuration.edit_staged", params, Configuration)
    return await _staged(console, tenant, at_once)


async def _staged(console: Console, tenant: str, at_once: bool) -> str:
    return await apply(console, [tenant]) if at_once else "staged: p shows what it means, and applies it"


async def _data(session: Session, tenant: str) -> dict[str, object]:
    given = await session.link.call("configuration.get", OfTenant(tenant), Configuration)
    return (given.staged or given.active).data


async def _role_at(session: Session, tenant: str, path: str) -> str:
    """The role of what the list or slot at `path` takes."""
    above, _, key = path.rpartition("/")
    slots = DEVICE_COMMUNICATION_SLOTS
    if above:
        placed = find_placed(session.catalogue, await _data(session, tenant), above)
        if placed is None or placed.component is None:
            raise TidegateError(f"{tenant} has no {above}")
        slots = placed.component.slots
    slot = next((slot for slot in slots if slot.key == key), None)
    if slot is None:
        raise TidegateError(f"there is no place {path}; known here: {', '.join(slot.key for slot in slots)}")
    return slot.role


def _typed(settings: dict[str, Setting], pairs: list[str]) -> dict[str, Value | None]:
    """`key=text` as values; an empty text takes a key away, so that its default holds."""
    values: dict[str, Value | None] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise TidegateError(f"{pair!r} is no key=value")
        if key not in settings:
            near = nearest(key, settings)
            raise TidegateError(f"{key} is not a setting; " + (f"did you mean {near}?" if near else "/ finds one"))
        values[key] = _value(settings[key], text) if text else None
    return values


def _value(setting: Setting, text: str) -> Value:
    try:
        value = parse_text(setting, text)
    except ValueError as error:
        raise TidegateError(f"{setting.key}: {error}") from error
    problem = check_value(setting, value)
    if problem:
        raise TidegateError(f"{setting.key}: {problem}")
    return value


COMMANDS = (
    Command(
        "add", "add TENANT PATH TYPE key=value …", "stages a new component, or a device profile's source", _add, True
    ),
    Command("set", "set TENANT PATH key=value …", "stages other values; key= takes one away", _set, True),
    Command("remove", "remove TENANT PATH", "stages that a component goes", _remove, True),
)
