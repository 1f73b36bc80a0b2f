"""Finds the event sources in a SiteWhere tenant configuration, and names everything else in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from core.control.importing import ImportLine
from core.errors import TidegateError
from core.model.text import visible
from core.sitewhere.names import BEAN_REASON, OLDER_NAMES, SECTIONS, TENANT_NAMESPACE, reason, title
from core.sitewhere.xml import Element, read_xml

UNKNOWN = "SiteWhere 1.x has nothing of that name"


@dataclass(slots=True)
class TenantXml:
    """What a file holds: the children of its `event-sources`, and what stays behind."""

    sources: list[Element] = field(default_factory=list[Element])
    left_out: list[ImportLine] = field(default_factory=list[ImportLine])


def read_tenant_xml(raw: bytes) -> TenantXml:
    """Reads a tenant configuration; TidegateError says why it is none."""
    found = TenantXml()
    for part in _configuration(read_xml(raw), found).children:
        _section(part, found)
    return found


def is_sitewhere(element: Element) -> bool:
    return element.namespace.startswith(TENANT_NAMESPACE)


def known_name(element: Element) -> str:
    """An element's local name, an older one as what it is called today."""
    return OLDER_NAMES.get(element.name, element.name)


def left_out(element: Element, why: str, subject: str = "") -> ImportLine:
    return ImportLine(kind="left_out", subject=subject or visible(title(element.name)), reason=why, line=element.line)


def foreign(element: Element) -> ImportLine:
    """The line for an element that is none of SiteWhere's."""
    where = f" of {visible(element.namespace)}" if element.namespace else ""
    why = f"an element{where} is none of SiteWhere's: what it does cannot be known"
    return left_out(element, why, f"<{visible(element.name)}>")


def _configuration(root: Element, found: TenantXml) -> Element:
    """The tenant configuration: the root, or what Spring's root holds."""
    if is_sitewhere(root):
        return _checked(root)
    inside = [child for child in root.children if is_sitewhere(child)]
    if root.name != "beans" or not inside:
        raise TidegateError(
            f"this is no SiteWhere tenant configuration: its root is <{visible(root.name)}>, where Spring's <beans> "
            f"with a <tenant-configuration> of the namespace {TENANT_NAMESPACE}… was expected"
        )
    for child in root.children:
        if child.name == "property-placeholder" or child is inside[0]:
            continue  # where the values of placeholders lie on SiteWhere's machine says nothing here
        spring = "springframework.org" in child.namespace
        name = visible(child.attributes.get("id", child.name))
        found.left_out.append(left_out(child, BEAN_REASON, f"Spring bean {name}") if spring else foreign(child))
    return _checked(inside[0])


def _checked(element: Element) -> Element:
    holds = any(known_name(child) == "device-communication" for child in element.children)
    if element.name == "tenant-configuration" or holds:
        return element
    server = " (this is the server's own configuration)" if element.name == "configuration" else ""
    raise TidegateError(
        f"this is no SiteWhere tenant configuration: it holds <{visible(element.name)}>{server}, where "
        "<tenant-configuration> was expected"
    )


def _section(part: Element, found: TenantXml) -> None:
    name = known_name(part)
    if not is_sitewhere(part):
        found.left_out.append(foreign(part))
    elif name == "device-communication":
        for child in part.children:
            _section(child, found)
    elif name == "event-sources":
        found.sources += part.children
    else:
        found.left_out += _behind(part, UNKNOWN)


def _behind(part: Element, why: str) -> Iterator[ImportLine]:
    """A line for each component in a part that stays behind."""
    name = known_name(part)
    if name not in SECTIONS:
        yield left_out(part, reason(name, why)) if is_sitewhere(part) else foreign(part)
        return
    if not part.children:
        yield left_out(part, SECTIONS[name])
    for child in part.children:
        yield from _behind(child, SECTIONS[name])
