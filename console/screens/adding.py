"""Add Component and Delete Component?, wherever there is a slot."""

from collections.abc import Awaitable, Callable

from console.draft import Placed
from console.link import EngineLink
from console.screens.dialogs import Answer, Question
from console.screens.of_tenant import TYPED_AHEAD, OfTenantScreen
from console.screens.picker import Entry, Picker
from core.catalogue.component import EVENT_SOURCES, Component, Slot
from core.catalogue.settings import Value
from core.control.client import ControlError
from core.control.codes import METHOD_NOT_FOUND
from core.control.configurations import Components, Edit
from core.profiles import SOURCE_TYPE, Profile, profile_named, profiles
from core.profiles.adding import source_edit, write_script

PROFILE = "profile:"
"""What the ids of device profiles begin with in the picker; no type has a colon."""
NOT_THERE = "the engine has no such component: it is of another version than this console"


async def add_component(
    screen: OfTenantScreen, slot: Slot, path: Callable[[], str], then: Callable[[str], Awaitable[None]]
) -> None:
    """Offers what fits `slot`; what is chosen is put at `path` of the draft, and `then` gets its path."""
    if not await screen.drafted():
        screen.say("the configuration has not come from the engine yet", "wrong")
        return
    reasons = await _reasons(screen.link, slot.role)
    entries = [
        _entry(component, reasons.get(component.type, NOT_THERE) if reasons is not None else None)
        for component in screen.session.catalogue.of_role(slot.role)
    ]
    if slot.role == EVENT_SOURCES.role:
        reason = reasons.get(SOURCE_TYPE, NOT_THERE) if reasons is not None else None
        entries += [_of_profile(profile, reason) for profile in profiles().values()]

    async def chosen(type: str) -> None:
        await screen.settle()
        if type.startswith(PROFILE):
            await _add_profile(screen, profile_named(type.removeprefix(PROFILE)), path(), then)
            return
        name = _free_name(screen, path(), type) if slot.many else ""
        values: dict[str, Value | None] = {slot.index.key: name} if slot.many else {}
        await screen.draft.edit(Edit(op="add", path=path(), type=type, values=values))
        screen.show_draft()
        await then(f"{path()}/{name}" if slot.many else path())

    await screen.ask(
        Picker(f"Add Component: {slot.title}" if slot.many else f"Add {slot.title}", entries, verb="Create"), chosen
    )


async def _add_profile(
    screen: OfTenantScreen, profile: Profile, path: str, then: Callable[[str], Awaitable[None]]
) -> None:
    """Puts a source of the profile into the list at `path` of the draft, and writes the script that it names."""
    name, draft = _free_name(screen, path, profile.name), screen.draft
    edit, script = await source_edit(screen.link, screen.tenant, profile, {EVENT_SOURCES.index.key: name}, draft.making)
    draft.making.add(script.name)
    try:
        await draft.edit(edit)
        screen.show_draft()
        await then(f"{path}/{name}")  # first, for the next keys mean the new source's form
        await write_script(screen.link, script)
    finally:
        draft.making.discard(script.name)
        shown = screen.app.screen  # the new source's form, or where keys have led since
        if isinstance(shown, OfTenantScreen):
            await shown.script_changed()
    if isinstance(shown, OfTenantScreen):
        shown.say(f"made {script.name}, the script that decodes it")


async def _reasons(link: EngineLink, role: str) -> dict[str, str | None] | None:
    """Why the engine cannot use a component of `role`, by type, None where it can: what is missing is missing where it
    runs. None where it is of a version that does not tell."""
    try:
        given = await link.call("components.list", None, Components, timeout=TYPED_AHEAD)
    except ControlError as error:
        if error.code == METHOD_NOT_FOUND:
            return None
        raise
    return {known.type: known.unavailable for known in given.components if known.role == role}


def _entry(component: Component, reason: str | None) -> Entry:
    return Entry(
        component.type,
        component.title,
        component.summary,
        words=component.type,
        reason=reason or "",
    )


def _of_profile(profile: Profile, reason: str | None) -> Entry:
    return Entry(f"{PROFILE}{profile.name}", profile.title, profile.summary, words=profile.name, reason=reason or "")


def _free_name(screen: OfTenantScreen, path: str, type: str) -> str:
    """A name to begin with in the list at `path`: the type's, with a number where that is taken."""
    taken = {placed.id for placed in screen.draft.listed(screen.session.catalogue, path)}
    number, name = 1, type
    while name in taken:
        number += 1
        name = f"{type}-{number}"
    return name


async def remove_component(screen: OfTenantScreen, placed: Placed, *, needed_by: str = "") -> None:
    """Asks, and takes a component out of the draft; `needed_by` names what needs one there."""
    beside = screen.draft.listed(screen.session.catalogue, placed.above) if placed.slot.many else []
    required = placed.slot.required and len(beside) <= 1
    said = f"{placed.title} is taken out of this draft. Nothing changes for devices before that is staged and applied."
    if required:
        what = f"one of {placed.slot.title}" if placed.slot.many else f"a {placed.slot.title}"
        said += f"\n\n{needed_by} needs {what}: it cannot be applied without one."
    question = Question(
        "Delete Required Component?" if required else "Delete Component?",
        said,
        (Answer("delete", "Delete", "d"), Answer("cancel", "Cancel", "c")),
    )

    async def answered(answer: str) -> None:
        if answer == "delete":
            await screen.settle()
            await screen.draft.edit(Edit(op="remove", path=placed.path))
            screen.say(f"removed {placed.title} from the draft; ^s stages that", "waits")
            screen.show_draft()

    await screen.ask(question, answered)


async def move_component(screen: OfTenantScreen, placed: Placed, by: int) -> None:
    """Moves a component of a list up or down in the draft."""
    await screen.settle()
    paths = [other.path for other in screen.draft.listed(screen.session.catalogue, placed.above)]
    to = paths.index(placed.path) + by if placed.path in paths else -1
    if 0 <= to < len(paths):
        await screen.draft.edit(Edit(op="move", path=placed.path, to=to))
        screen.show_draft()
