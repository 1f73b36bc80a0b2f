"""Reads XML from strangers into elements that know their line: no DOCTYPE, no entities, bounded in every direction."""

from dataclasses import dataclass, field
from typing import Any, cast
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from core.errors import TidegateError
from core.model.text import bytes_text, visible

MOST_BYTES = 4 << 20
"""SiteWhere's own tenant configurations have 10 KiB."""
MOST_DEPTH = 64
MOST_ELEMENTS = 20_000


@dataclass(slots=True)
class Element:
    """One element: its namespace and local name apart, attributes by local name, and the line it begins on."""

    namespace: str
    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: list["Element"] = field(default_factory=list["Element"])


def read_xml(raw: bytes) -> Element:
    """The root element; TidegateError says in a sentence why there is none to be had."""
    if len(raw) > MOST_BYTES:
        raise TidegateError(f"the XML has {bytes_text(len(raw))}: {bytes_text(MOST_BYTES)} are the most")
    builder = _Builder()
    parser = DefusedXMLParser(target=cast("Any", builder), forbid_dtd=True)
    builder.position = cast("Any", parser).parser  # expat's own, which knows the line
    try:
        parser.feed(raw)
        parser.close()
    except DefusedXmlException as error:
        raise TidegateError(
            "the XML brings a DOCTYPE or entities of its own, which a tenant configuration has no use for and which "
            "could make it read other files or grow without end: take them out"
        ) from error
    except ParseError as error:
        line, column = error.position
        words = str(error).partition(":")[0]
        raise TidegateError(f"this is no XML: {visible(words)} at line {line}, column {column + 1}") from error
    except (LookupError, ValueError) as error:
        raise TidegateError(f"the XML's encoding cannot be read: {visible(str(error))}; save it as UTF-8") from error
    if builder.root is None:
        raise TidegateError("this is no XML: it holds no element")
    return builder.root


class _Builder:
    """What expat tells, as elements."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.position: Any = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, name = _split(tag)
        plain = {_split(key)[1]: value for key, value in attributes.items() if not _split(key)[0]}
        made = Element(namespace, name, self.position.CurrentLineNumber, plain)
        self._count += 1
        if len(self._open) >= MOST_DEPTH:
            raise TidegateError(f"line {made.line}: the XML nests deeper than {MOST_DEPTH} elements")
        if self._count > MOST_ELEMENTS:
            raise TidegateError(f"line {made.line}: the XML holds more than {MOST_ELEMENTS:,} elements")
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made
        self._open.append(made)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        """Text says nothing in a tenant configuration."""

    def close(self) -> None:
        """The end of the file."""


def _split(name: str) -> tuple[str, str]:
    """`{namespace}local` as its two parts."""
    if not name.startswith("{"):
        return "", name
    namespace, _, local = name[1:].rpartition("}")
    return namespace, local
