"""Event sources of a SiteWhere tenant as tenant.toml: what Tidegate has is carried over, the rest stays as comments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.configured import read_component
from core.catalogue.listening import Address
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Value
from core.catalogue.tenant import ID
from core.config.tenant import addresses_overlap
from core.control.importing import ImportLine
from core.model.text import visible
from core.sitewhere.names import SOURCE_SUFFIX, title
from core.sitewhere.parts import Made, Part, PartMaker
from core.sitewhere.placeholders import Placeholders
from core.sitewhere.tenant_xml import foreign, is_sitewhere, known_name, left_out, read_tenant_xml
from core.sitewhere.toml import SourceText, tenant_text
from core.sitewhere.xml import Element

EVERYWHERE = "0.0.0.0"
DEFAULT_PORT = 8484
LONGEST_ID = 64


@dataclass(slots=True)
class Conversion:
    """What a file became."""

    text: str
    lines: list[ImportLine]
    scripts: dict[str, str] = field(default_factory=dict[str, str])
    """Scripts that the event sources name, each with the component that names it."""


def convert(
    raw: bytes, tenant: str, name: str, catalogue: Catalogue, properties: dict[str, str], file: str
) -> Conversion:
    """A tenant configuration as tenant.toml; TidegateError where `raw` is none.

    The text always parses, and every source in it that is no comment is valid as far as this machine can run it.
    """
    found = read_tenant_xml(raw)
    maker = _Sources(catalogue, Placeholders(tenant, properties))
    for element in found.sources:
        maker.add(element)
    lines = [*maker.lines, *found.left_out]
    if not maker.texts:
        lines.append(ImportLine(kind="missing", subject="event sources", reason="the XML holds none"))
    return Conversion(tenant_text(tenant, name, file, maker.texts), lines, maker.scripts)


class _Sources:
    """Makes the sources one after the other, so that ids and ports do not clash."""

    def __init__(self, catalogue: Catalogue, placeholders: Placeholders) -> None:
        self._catalogue = catalogue
        self._maker = PartMaker(catalogue, placeholders)
        self._unavailable = {reason for component in catalogue if (reason := component.unavailable())}
        self._ids: set[str] = set()
        self._listening: list[tuple[Address, str]] = []
        self.lines: list[ImportLine] = []
        self.scripts: dict[str, str] = {}
        self.texts: list[SourceText] = []

    def add(self, element: Element) -> None:
        if not is_sitewhere(element):
            self.lines.append(foreign(element))
            return
        made = Made()
        part = self._maker.make(element, "", made)
        self._name(part, element, made)
        id = str(part.values["id"])
        self._socket(part, element)
        if not made.problems:
            made.problems += self._faults(part, id)
        if not made.problems:
            self._share_port(part, id)
        self._tell(part, element, made, id)

    def _tell(self, part: Part, element: Element, made: Made, id: str) -> None:
        self.texts.append(SourceText(part, title(known_name(element)), made.problems))
        if made.problems:
            why = f"{'; '.join(dict.fromkeys(made.problems))} (it stands in the file as a comment)"
            self.lines.append(left_out(element, visible(why), f"{id}: {title(element.name)}"))
        else:
            names = ", ".join([part.title, *(below.title for below in part.below())])
            self.lines.append(ImportLine(kind="carried", subject=id, reason=names, line=element.line))
            self.lines += self._changes(part, id, element.line)
        for line in made.lines:
            line.subject = f"{id}{line.subject}" if line.subject[:1] in ("/", " ") else f"{id}: {line.subject}"
            self.lines.append(line)
        for script, where in made.scripts.items():
            self.scripts.setdefault(script, f"{id}{where}")

    def _changes(self, part: Part, path: str, line: int) -> list[ImportLine]:
        found = [
            ImportLine(kind="changed", subject=f"{path} {key}", reason=_change(part.values.get(key), note), line=line)
            for key in ("type", *part.values)
            if (note := part.notes.get(key))
        ]
        for key, filled in part.slots.items():
            for place, below in enumerate(filled if isinstance(filled, list) else [filled], start=1):
                name = f"/{below.name or f'#{place}'}" if isinstance(filled, list) else ""
                found += self._changes(below, f"{path}/{key}{name}", line)
        return found

    # What SiteWhere takes for granted.

    def _name(self, part: Part, element: Element, made: Made) -> None:
        """Gives it an id that is one and is its own; keys stand in the order that Tidegate writes them."""
        given = str(part.values.pop("id", ""))
        wanted = _usable_id(given) or known_name(element).removesuffix(SOURCE_SUFFIX)[:LONGEST_ID]
        id, number = wanted, 1
        while id in self._ids:
            number += 1
            id = f"{wanted[: LONGEST_ID - len(str(number)) - 1]}-{number}"
        self._ids.add(id)
        part.values = {"id": id, **part.values}
        if not given:
            part.notes["id"] = "the XML gives it no sourceId"
        elif wanted != given:
            part.notes["id"] = f"{visible(given)} in SiteWhere: letters, digits, - and _ are what an id may have here"
        elif id != given:
            part.notes["id"] = f"{given} in SiteWhere, where another source has that id too"

    def _socket(self, part: Part, element: Element) -> None:
        """A socket source as SiteWhere runs it: on every interface, by default on its own port."""
        if known_name(element) != "socket-event-source" or not self._maker.knows(element):
            return
        if "port" not in part.values:
            part.values["port"] = DEFAULT_PORT
            part.notes["port"] = "the XML names none; this is SiteWhere's default"
        part.values["bind_address"] = EVERYWHERE
        part.notes["bind_address"] = (
            "SiteWhere listens on every interface, whatever it shows; 127.0.0.1 is this machine only"
        )
        order = ("id", "port", "bind_address", "threads")
        part.values = {key: part.values[key] for key in (*order, *part.values) if key in part.values}

    def _share_port(self, part: Part, id: str) -> None:
        """The second source on one port cannot start, here as in SiteWhere: it is carried over switched off."""
        port, host = part.values.get("port"), part.values.get("bind_address")
        if not isinstance(port, int) or not isinstance(host, str):
            return
        address = Address("tcp", host, port)
        owner = next((by for its, by in self._listening if addresses_overlap(its, address)), None)
        if owner is None:
            self._listening.append((address, id))
        else:
            part.values["enabled"] = False
            part.notes["enabled"] = (
                f"port {port} is {owner}'s already: give one of them another, and take this line out"
            )

    def _faults(self, part: Part, id: str) -> Sequence[str]:
        """What the catalogue says against it, but for what this machine alone lacks."""
        path = f"{EVENT_SOURCES.key}/{id}"
        faults = read_component(self._catalogue, EVENT_SOURCES, part.table(), path)[1]
        return [str(fault) for fault in faults if fault.message not in self._unavailable]


def _usable_id(given: str) -> str:
    """The nearest id to what SiteWhere takes as one; empty where nothing is left of it."""
    if re.fullmatch(ID, given):
        return given
    return re.sub(r"[^A-Za-z0-9_-]+", "-", given).strip("-_")[:LONGEST_ID].rstrip("-_")


def _change(value: Value | None, note: str) -> str:
    return (
        note if value is None else f"{visible(str(value).lower() if isinstance(value, bool) else str(value))}: {note}"
    )
