"""Scripts: choosing one from the scripts folders, making one from a template, editing one in $EDITOR."""

from collections.abc import Awaitable, Callable

from console.editor import edit_text
from console.screens.base import TidegateScreen
from console.screens.dialogs import Answer, Question
from console.screens.of_tenant import OfTenantScreen
from console.screens.picker import Entry, Picker
from console.text import bytes_text
from core.catalogue.component import Component, ScriptTemplate
from core.control.client import ControlError
from core.control.codes import CONFLICT
from core.control.named import OfTenant
from core.control.scripts import OfScript, Script, ScriptInfo, Scripts, WriteScript

NEW = "new:"
"""What the ids of templates begin with in the picker; no script's name has a colon."""


async def choose_script(screen: OfTenantScreen, component: Component, then: Callable[[str], Awaitable[None]]) -> None:
    """Offers the tenant's scripts and the component's templates; `then` gets the name of the chosen or new one."""
    if not screen.link.up:
        screen.say("the engine is away: its scripts folders cannot be listed", "wrong")
        return
    listed = await screen.link.call("scripts.list", OfTenant(screen.tenant), Scripts)
    fitting = [info for info in listed.scripts if info.name.endswith(component.script_suffix)]
    taken = {info.name for info in listed.scripts}
    entries = [_of_script(info) for info in fitting]
    if not screen.session.locked:
        entries += [_of_template(template, taken) for template in component.templates]

    async def chosen(id: str) -> None:
        if not id.startswith(NEW):
            await then(id)
            return
        name = id.removeprefix(NEW)
        template = next(row for row in component.templates if _free_name(row.name, taken) == name)
        screen.draft.making.add(name)
        try:
            await then(name)  # first, for the next keys mean the form with this script in it
            screen.say(f"making {name}; it is compiled…", "waits")
            await screen.link.call(
                "scripts.write", WriteScript(tenant=screen.tenant, name=name, text=template.text), Script
            )
        finally:
            screen.draft.making.discard(name)
            await screen.script_changed()
        screen.say(f"made {name} from the template; e opens it in $EDITOR")

    await screen.ask(Picker("Script", entries, hint="an existing script, or a new one from a template"), chosen)


def _of_script(info: ScriptInfo) -> Entry:
    place = "this tenant's scripts" if info.scope == "tenant" else "scripts that all tenants share"
    used = f", used by {', '.join(info.used_by)}" if info.used_by else ""
    fault = f"; line {info.fault.line}: {info.fault.message}" if info.fault else ""
    return Entry(info.name, info.name, f"{place}, {bytes_text(info.size)}{used}{fault}")


def _of_template(template: ScriptTemplate, taken: set[str]) -> Entry:
    name = _free_name(template.name, taken)
    return Entry(f"{NEW}{name}", f"New from template: {name}", template.title, words="template new")


def _free_name(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem}{number}{dot}{suffix}"
    return free


async def edit_script(screen: TidegateScreen, tenant: str, name: str) -> None:
    """Opens a script in $EDITOR and saves what came of it; a fault is told with its line."""
    script = await screen.link.call("scripts.read", OfScript(tenant=tenant, name=name), Script)
    edited = await edit_text(screen.app, script.text, name)
    if edited is None:
        _tell(screen, script, f"{name} was left as it was")
        return
    await _save(screen, tenant, name, edited, script.revision)


async def _save(screen: TidegateScreen, tenant: str, name: str, text: str, base: str) -> None:
    params = WriteScript(tenant=tenant, name=name, text=text, base=base)
    screen.say(f"saving {name}; it is compiled…", "waits")
    try:
        saved = await screen.link.call("scripts.write", params, Script)
    except ControlError as error:
        if error.code != CONFLICT:
            raise
        await _conflict(screen, tenant, name, text, str(error))
        return
    _tell(screen, saved, f"saved {name}; it acts at once")
    if isinstance(screen, OfTenantScreen):
        await screen.script_changed()


def _tell(screen: TidegateScreen, script: Script, said: str) -> None:
    if script.fault is None:
        screen.say(said)
        return
    place = f" line {script.fault.line}" if script.fault.line else ""
    screen.say(f"{script.name}{place}: {script.fault.message}; the last good one stays in use", "wrong")


async def _conflict(screen: TidegateScreen, tenant: str, name: str, text: str, said: str) -> None:
    question = Question(
        "Somebody else saved this script",
        f"{said}\n\nNothing was overwritten.",
        (
            Answer("again", "Open mine in $EDITOR again, and save over theirs from there", "o"),
            Answer("theirs", "Give mine up", "g"),
        ),
    )

    async def answered(answer: str) -> None:
        if answer != "again":
            return
        newer = await screen.link.call("scripts.read", OfScript(tenant=tenant, name=name), Script)
        edited = await edit_text(screen.app, text, name)
        await _save(screen, tenant, name, text if edited is None else edited, newer.revision)

    await screen.ask(question, answered)
