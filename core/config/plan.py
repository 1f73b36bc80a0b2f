"""The plan: what is staged against what is active, meaning first and text below."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import describe
from core.catalogue.tenant import DEVICE_COMMUNICATION, TENANT, TenantSettings
from core.config import differences
from core.config.document import parse
from core.config.files import revision
from core.config.meaning import same, same_documents
from core.config.tenant import read_tenant
from core.control.configurations import Change, Plan
from core.errors import ConfigurationError, Fault

Table = Mapping[str, Any]
ORDER, TEXT = "order", "text"
"""The ids of changes that are no component's."""


@dataclass(slots=True)
class Sides:
    """Two configurations side by side: the data, and the sources by what they are called."""

    old: dict[str, Any]
    new: dict[str, Any]
    old_sources: dict[str, Table] = field(init=False)
    new_sources: dict[str, Table] = field(init=False)

    def __post_init__(self) -> None:
        self.old_sources, self.new_sources = _sources(self.old), _sources(self.new)

    @property
    def common(self) -> tuple[list[str], list[str]]:
        """The sources that both have, in the order of each."""
        return (
            [name for name in self.old_sources if name in self.new_sources],
            [name for name in self.new_sources if name in self.old_sources],
        )


def compare(active: str, staged: str) -> Sides:
    """Two texts side by side; one that is no TOML says nothing."""
    return Sides(_data(active), _data(staged))


def make_plan(
    tenant: str,
    active: str,
    staged: str | None,
    catalogue: Catalogue,
    file: Path | str,
    faults: list[Fault] | None = None,
) -> Plan:
    """The plan of applying `staged`; without it there is nothing to do.

    `faults` are what stands in the way, where the caller knows more than the text tells; they name `file`.
    """
    new = active if staged is None else staged
    if faults is None:
        faults = read_tenant(new, file, catalogue, tenant).faults
    return Plan(
        tenant=tenant,
        changes=[] if staged is None else _changes(active, staged, faults, catalogue),
        diff=_diff(active, new),
        faults=faults,
        active=revision(active),
        staged=revision(new),
    )


def _changes(active: str, staged: str, faults: list[Fault], catalogue: Catalogue) -> list[Change]:
    sides = compare(active, staged)
    changes = [
        *_tenant_change(sides),
        *_retention_change(sides),
        *_source_changes(sides, catalogue),
        *_order_change(sides),
        *_other_changes(sides),
    ]
    if not changes and active != staged:
        line = "comments, order or spacing" if same_documents(sides.old, sides.new) else "see the text"
        changes = [Change(id=TEXT, sign="~", subject="text", path="", lines=[line], effect="devices notice nothing")]
    for change in changes:
        change.faults = [fault for fault in faults if change.id not in (ORDER, TEXT) and _concerns(fault, change.path)]
    return changes


def _concerns(fault: Fault, path: str) -> bool:
    return fault.path == path or fault.path.startswith(f"{path}/") or (not fault.path and fault.key == path)


def _tenant_change(sides: Sides) -> list[Change]:
    old, new = (_table(data.get(TENANT)) for data in (sides.old, sides.new))
    found = differences.setting_differences(old, new, describe(TenantSettings))
    if not found:
        return []
    later = [one.key for one in found if one.effective] == ["autostart"]
    effect = "it counts from the engine's next start" if later else "devices notice nothing"
    return [
        Change(id=TENANT, sign="~", subject="tenant", path=TENANT, lines=[one.line for one in found], effect=effect)
    ]


def _retention_change(sides: Sides) -> list[Change]:
    old, new = (_table(data.get(RETENTION)) for data in (sides.old, sides.new))
    found = differences.setting_differences(old, new, describe(TenantRetention))
    if not found:
        return []
    lines = [one.line for one in found]
    effect = "what is beyond the new limits is deleted for good; devices notice nothing"
    return [Change(id=RETENTION, sign="~", subject=RETENTION, path=RETENTION, lines=lines, effect=effect)]


def _source_changes(sides: Sides, catalogue: Catalogue) -> list[Change]:
    changes: list[Change] = []
    for name in dict.fromkeys([*sides.new_sources, *sides.old_sources]):
        old, new = sides.old_sources.get(name), sides.new_sources.get(name)
        path = f"{EVENT_SOURCES.key}/{name}"
        change = Change(id=path, sign="~", subject=f"source {name}", path=path, lines=[], effect="")
        if new is not None and old is None:
            change.sign, change.effect = "+", differences.new_effect(new, catalogue)
            change.lines = [differences.source_line(new, catalogue, "new")]
        elif old is not None and new is None:
            change.sign, change.effect = "-", differences.removed_effect(old, catalogue)
            change.lines = [differences.source_line(old, catalogue, "removed")]
        elif old is not None and new is not None:
            found = differences.component_differences(EVENT_SOURCES, old, new, catalogue)
            change.lines = [one.line for one in found]
            change.effect = differences.changed_effect(found, old, new, catalogue)
        if change.lines:
            changes.append(change)
    return changes


def _order_change(sides: Sides) -> list[Change]:
    old, new = sides.common
    if old == new:
        return []
    line = f"order {', '.join(old)} → {', '.join(new)}"
    path = EVENT_SOURCES.key
    effect = "devices notice nothing"
    return [Change(id=ORDER, sign="~", subject=EVENT_SOURCES.title.lower(), path=path, lines=[line], effect=effect)]


def _other_changes(sides: Sides) -> list[Change]:
    """Tables that no configuration knows: they stand in the way, and can be taken back like the rest."""
    changes: list[Change] = []
    for key in dict.fromkeys([*sides.new, *sides.old]):
        if key in (TENANT, RETENTION, DEVICE_COMMUNICATION) or same(sides.old.get(key), sides.new.get(key)):
            continue
        sign = "+" if key not in sides.old else "-" if key not in sides.new else "~"
        line = f"{key} is not known here"
        changes.append(Change(id=f"other/{key}", sign=sign, subject=key, path=key, lines=[line], effect=""))
    return changes


def _diff(old: str, new: str) -> str:
    lines = ([line.removesuffix("\r") for line in text.split("\n")] for text in (old, new))
    before, after = (text[:-1] if text[-1:] == [""] else text for text in lines)
    return "\n".join(difflib.unified_diff(before, after, "tenant.toml", "staged.toml", n=2, lineterm=""))


def _data(text: str) -> dict[str, Any]:
    try:
        return parse(text)
    except ConfigurationError:
        return {}


def _sources(data: dict[str, Any]) -> dict[str, Table]:
    found: object = _table(data.get(DEVICE_COMMUNICATION)).get(EVENT_SOURCES.key)
    items = cast("list[object]", found) if isinstance(found, list) else []
    return {name: _table(item) for name, item in zip(EVENT_SOURCES.index.names(items), items, strict=True)}


def _table(found: object) -> Table:
    return cast("Table", found) if isinstance(found, Mapping) else {}
