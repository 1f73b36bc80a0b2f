"""One component of the XML as the tables that tenant.toml will hold, with what is to be said beside its keys."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Setting, Value
from core.catalogue.values import check_value, parse_text
from core.control.importing import ImportLine
from core.sitewhere.names import BEANS, CHANGED, HANDLER_SUFFIX, SOURCE_SUFFIX, WRAPPERS, reason, title
from core.sitewhere.placeholders import Placeholders, Unresolved
from core.sitewhere.tenant_xml import foreign, is_sitewhere, known_name, left_out
from core.sitewhere.xml import Element

MOST_THREADS = 64
SECRET = re.compile(r"password|secret|.token$|credential", re.IGNORECASE)
IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]*(?=@)|(?<=[?&;])((?:password|secret|token|key)=)[^&;\s]*", re.IGNORECASE)
STAND_INS = {"interaction_handler": "read-all-interaction-handler-factory"}
"""What SiteWhere takes where a slot of this name is empty."""
KEYS = {"sourceId": "id", "scriptPath": "script", "numThreads": "threads"}
"""Keys of components that Tidegate has not got, where they are called otherwise than in XML."""
SLOTS = {
    HANDLER_SUFFIX: "interaction_handler",
    "decoder": "decoder",
    "deduplicator": "deduplicator",
    "metadata-extractor": "metadata_extractor",
    "decoder-choice": "choices",
}
"""What the names of elements end with, and the slots that such elements fill."""
LISTS = ("choices",)
SUFFIXES = (
    *(SOURCE_SUFFIX, f"-{HANDLER_SUFFIX}", "-event-decoder", "-decoder", "-event-deduplicator", "-deduplicator"),
    *("-device-metadata-extractor", "-decoder-choice"),
)


@dataclass(slots=True)
class Part:
    """One component: its table's own keys, comments beside some of them, and the parts in its slots."""

    type: str
    title: str
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    slots: dict[str, "Part | list[Part]"] = field(default_factory=dict[str, "Part | list[Part]"])
    secrets: list[str] = field(default_factory=list[str])
    """Keys whose values were left behind."""
    name: str = ""
    """What it is told apart by where it is one of a list and has such a name."""

    def table(self) -> dict[str, Any]:
        """What TOML will make of it."""
        inner = {
            key: [each.table() for each in part] if isinstance(part, list) else part.table()
            for key, part in self.slots.items()
        }
        return {"type": self.type, **self.values, **inner}

    def below(self) -> Iterator["Part"]:
        """The parts in its slots, and in theirs."""
        for filled in self.slots.values():
            for part in filled if isinstance(filled, list) else [filled]:
                yield part
                yield from part.below()


@dataclass(slots=True)
class Made:
    """What came of one component and those below it. Any problem keeps the whole source from being carried over."""

    problems: list[str] = field(default_factory=list[str])
    lines: list[ImportLine] = field(default_factory=list[ImportLine])
    scripts: dict[str, str] = field(default_factory=dict[str, str])
    """Names of scripts, each with the component that names it."""


class PartMaker:
    """Makes parts of elements, by the catalogue: what it has an element for is carried over."""

    def __init__(self, catalogue: Catalogue, placeholders: Placeholders) -> None:
        self._by_element = {found.sitewhere.element: found for found in catalogue if found.sitewhere}
        self._placeholders = placeholders

    def knows(self, element: Element) -> bool:
        return known_name(element) in self._by_element

    def make(self, element: Element, subject: str, made: Made) -> Part:
        """The part for an element and all below it; `subject` is what lines about it are told of."""
        component = self._by_element.get(known_name(element))
        if component is None:
            return self._unknown(element, subject, made)
        part = Part(component.type, component.title)
        if known_name(element) in CHANGED:
            part.notes["type"] = CHANGED[known_name(element)]
        self._read_attributes(component, element, part, subject, made)
        for child in _flat(element):
            self._place(component, child, part, subject, made)
        self._stand_in(component, element, part, subject, made)
        part.slots = {slot.key: part.slots[slot.key] for slot in component.slots if slot.key in part.slots}
        missing = [slot.title for slot in component.slots if slot.required and slot.key not in part.slots]
        made.problems += [f"{name} is missing" for name in missing if not made.problems]
        return part

    # Attributes.

    def _read_attributes(self, component: Component, element: Element, part: Part, subject: str, made: Made) -> None:
        assert component.sitewhere is not None
        known = component.described()
        for name, text in element.attributes.items():
            key = component.sitewhere.attributes.get(name)
            if key is None:
                why = "has no counterpart here" if name in ("bindAddress",) else "is no attribute that it has here"
                made.lines.append(left_out(element, why, f"{subject} {name}"))
                continue
            try:
                resolved = self._placeholders.resolve(text).strip()
            except Unresolved as error:
                made.problems.append(f"{name} {error}")
                part.values[key] = text
                continue
            part.values[key] = self._value(known[key], name, resolved, part, made)
            if known[key].kind == "script":
                made.scripts.setdefault(str(part.values[key]), subject)

    def _value(self, setting: Setting, name: str, text: str, part: Part, made: Made) -> Value:
        if setting.kind == "script":
            text = _script_name(text)
        try:
            value = parse_text(setting, text)
        except ValueError as error:
            made.problems.append(f"{name}: {error}")
            return text
        if name == "numThreads" and isinstance(value, int):
            value = _threads(value, part)
        if setting.key == "id":
            return value  # made fit by whoever knows the other sources
        if problem := check_value(setting, value):
            made.problems.append(f"{name}: {problem}")
        return value

    # Slots.

    def _place(self, component: Component, child: Element, part: Part, subject: str, made: Made) -> None:
        if not is_sitewhere(child):
            made.lines.append(foreign(child))
            return
        slot = self._slot(component, child)
        if slot is None:
            why = reason(known_name(child), f"a {component.title} has no place for it")
            made.problems.append(f"{title(child.name)}: {why}")
            return
        below = f"{subject}/{slot.key}"
        if slot.many:
            self._place_in_list(slot, child, part, below, made)
        elif slot.key in part.slots:
            made.lines.append(left_out(child, "one is the most here, and the first was taken", f"{below} (second)"))
        else:
            part.slots[slot.key] = self.make(child, below, made)

    def _place_in_list(self, slot: Slot, child: Element, part: Part, subject: str, made: Made) -> None:
        filled = part.slots.setdefault(slot.key, [])
        assert isinstance(filled, list)
        own = Made()
        name = self._index(slot, child)
        inner = self.make(child, f"{subject}/{name or f'#{len(filled) + 1}'}", own)
        key = slot.index.key
        if name is not None and any(other.values.get(key) == inner.values.get(key) for other in filled):
            why = f"one before it has the same {key}, and SiteWhere takes the first"
            made.lines.append(left_out(child, why, f"{subject}/{name} (second)"))
            return
        inner.name = name or ""
        filled.append(inner)
        made.problems += own.problems
        made.lines += own.lines
        for script, where in own.scripts.items():
            made.scripts.setdefault(script, where)

    def _index(self, slot: Slot, child: Element) -> str | None:
        """What the element itself says that it is told apart by; None where that names nothing."""
        component = self._by_element.get(known_name(child))
        names = component.sitewhere.attributes if component and component.sitewhere else {}
        given = next((child.attributes.get(name) for name, key in names.items() if key == slot.index.key), None)
        return slot.index.of({slot.index.key: self._readable(given).strip()}) if given is not None else None

    def _slot(self, component: Component, child: Element) -> Slot | None:
        """The slot for a child: by its component's role, or, where there is none, by how it is called."""
        inner = self._by_element.get(known_name(child))
        role = inner.role if inner else guessed_slot(known_name(child))
        return next((slot for slot in component.slots if slot.role == role), None)

    def _stand_in(self, component: Component, element: Element, part: Part, subject: str, made: Made) -> None:
        for slot in component.slots:
            name = STAND_INS.get(slot.key)
            if name and slot.required and slot.key not in part.slots:
                given = Element(element.namespace, name, element.line)
                taken = self.make(given, f"{subject}/{slot.key}", made)
                taken.notes["type"] = "the XML names none, and SiteWhere then takes this one"
                part.slots[slot.key] = taken

    # What Tidegate has not got.

    def _unknown(self, element: Element, subject: str, made: Made) -> Part:
        name = known_name(element)
        why = reason(name, f"Tidegate has no {title(name)} yet")
        made.problems.append(f"{title(name)}: {why}" if subject and title(name) not in why else why)
        part = Part(guessed_type(name), title(name))
        for attribute, text in element.attributes.items():
            key = KEYS.get(attribute) or snake(attribute)
            if SECRET.search(attribute):
                part.secrets.append(key)
            else:
                part.values[key] = _plain(IN_ADDRESS.sub(lambda found: f"{found[1] or ''}…", self._readable(text)))
        for child in _flat(element):
            key = guessed_slot(known_name(child))
            if not is_sitewhere(child):
                made.lines.append(foreign(child))
            elif key in LISTS or (key and key not in part.slots):
                self._place_below(child, part, key, subject, made)
            elif key is None:
                made.lines.append(left_out(child, "stays behind with its source", f"{subject} {title(child.name)}"))
        return part

    def _place_below(self, child: Element, part: Part, key: str, subject: str, made: Made) -> None:
        """Fills a slot of what Tidegate has not got; what is wrong below matters no more."""
        below = Made()
        inner = self.make(child, f"{subject}/{key}", below)
        made.scripts |= below.scripts
        if key in LISTS:
            filled = part.slots.setdefault(key, [])
            assert isinstance(filled, list)
            filled.append(inner)
        else:
            part.slots[key] = inner

    def _readable(self, text: str) -> str:
        try:
            return self._placeholders.resolve(text)
        except Unresolved:
            return text


def _flat(element: Element) -> Iterator[Element]:
    """An element's children, those in wrappers as its own."""
    for child in element.children:
        if known_name(child) in WRAPPERS and is_sitewhere(child):
            yield from _flat(child)
        else:
            yield child


def _threads(given: int, part: Part) -> int:
    part.notes["threads"] = "each is a process that serves many connections here: one or two often do"
    if given > MOST_THREADS:
        part.notes["threads"] = f"{given} in SiteWhere; {part.notes['threads']}"
    return min(given, MOST_THREADS)


def _plain(text: str) -> Value:
    """An attribute of a component that nothing is known of, as TOML would hold it."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) else text


def _script_name(text: str) -> str:
    """A path in SiteWhere's scripts folder as a name in Tidegate's."""
    name = text.replace("\\", "/").lstrip("/")
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name


def guessed_slot(name: str) -> str | None:
    """Which slot an element fills, by its name alone."""
    return next((slot for end, slot in SLOTS.items() if name.endswith(end)), None)


def guessed_type(name: str) -> str:
    """What a component would be called in TOML: `rabbit-mq-event-source` is `rabbit_mq`."""
    suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "") if name not in BEANS else ""
    return name.removesuffix(suffix).replace("-", "_")


def snake(name: str) -> str:
    """`pollIntervalMs` as `poll_interval_ms`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
