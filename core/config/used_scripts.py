"""Which components of a configuration use which script, and whether those scripts are there and could run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from core.catalogue.component import Slot
from core.catalogue.contracts import Contract
from core.catalogue.registry import Catalogue
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS
from core.config.document import Document
from core.config.scan import Key
from core.config.scripts import ScriptStore
from core.errors import Fault, TidegateError
from core.model.nearest import nearest

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Use:
    """A setting that names a script."""

    script: str
    path: str
    at: Key
    key: str
    contract: Contract | None
    """The function that a Python script must have there."""


def used_scripts(data: Table, catalogue: Catalogue) -> dict[str, list[str]]:
    """Script names with the paths of the components that name them, also of components with faults."""
    used: dict[str, list[str]] = {}
    for use in uses_of_scripts(data, catalogue):
        used.setdefault(use.script, []).append(use.path)
    return used


def contracts_of_scripts(data: Table, catalogue: Catalogue) -> dict[str, list[Contract]]:
    """Script names with the functions that the components which name them call."""
    wanted: dict[str, list[Contract]] = {}
    for use in uses_of_scripts(data, catalogue):
        if use.contract is not None and use.contract not in wanted.setdefault(use.script, []):
            wanted[use.script].append(use.contract)
    return wanted


def uses_of_scripts(data: Table, catalogue: Catalogue) -> Iterator[Use]:
    communication = data.get(DEVICE_COMMUNICATION)
    if isinstance(communication, Mapping):
        for slot in DEVICE_COMMUNICATION_SLOTS:
            found: object = cast("Table", communication).get(slot.key)
            yield from _in_slot(slot, found, slot.key, (DEVICE_COMMUNICATION, slot.key), catalogue)


def script_faults(document: Document, file: str, scripts: ScriptStore, catalogue: Catalogue) -> list[Fault]:
    """Scripts that are named and not there (at the line that names them), or could not run (at their own line)."""
    known = [info.name for info in scripts.list()]
    faults: list[Fault] = []
    for use in uses_of_scripts(document.data, catalogue):
        try:
            if scripts.find(use.script) is not None:
                fault = scripts.check(use.script)
                if fault is not None:
                    faults.append(msgspec.structs.replace(fault, path=use.path))
                continue
            near = nearest(use.script, known)
            message = f"there is no script {use.script!r}; " + (f"did you mean {near}?" if near else "make it first")
        except TidegateError as error:
            message = str(error)
        line = document.line_of((*use.at, use.key))
        faults.append(Fault(message=message, file=file, line=line, path=use.path, key=use.key))
    return faults


def _in_slot(slot: Slot, found: object, path: str, at: Key, catalogue: Catalogue) -> Iterator[Use]:
    if slot.many and isinstance(found, list):
        items = cast("list[object]", found)
        for place, (item, name) in enumerate(zip(items, slot.index.names(items), strict=True)):
            yield from _in_component(slot, item, f"{path}/{name}", (*at, place), catalogue)
    else:
        yield from _in_component(slot, found, path, at, catalogue)


def _in_component(slot: Slot, found: object, path: str, at: Key, catalogue: Catalogue) -> Iterator[Use]:
    if not isinstance(found, Mapping):
        return
    table = cast("Table", found)
    component = catalogue.get(slot.role, str(table.get("type")))
    if component is None:
        return
    for key, setting in component.described().items():
        if setting.kind == "script" and isinstance(script := table.get(key), str):
            yield Use(script, path, at, key, setting.contract)
    for inner in component.slots:
        yield from _in_slot(inner, table.get(inner.key), f"{path}/{inner.key}", (*at, inner.key), catalogue)
