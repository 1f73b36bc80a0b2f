"""Writes an imported tenant.toml: a comment beside whatever was changed, a block of comments for what stays behind."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.tenant import DEVICE_COMMUNICATION, TENANT
from core.config import render
from core.config.scan import Key
from core.model.text import visible
from core.sitewhere.parts import Part

REPORT = "import-report.txt"
WIDTH = 110


@dataclass(frozen=True, slots=True)
class SourceText:
    """An event source; with problems it is written as a comment."""

    part: Part
    title: str
    problems: list[str]


def tenant_text(tenant: str, name: str, file: str, sources: list[SourceText]) -> str:
    """The whole document."""
    head = [
        *_comment(f"Carried over from SiteWhere's {file or 'tenant configuration'}."),
        *_comment(f"{REPORT} beside this file says what was changed, what stayed behind, and why."),
        "",
        f"[{TENANT}]",
        f"id = {render.value(tenant)}",
        f"name = {render.value(name)}",
    ]
    blocks = [_source(source) for source in sources]
    return "\n".join([*head, *(line for block in blocks for line in ("", *block)), ""])


def _source(source: SourceText) -> list[str]:
    lines = list(_part(source.part, (DEVICE_COMMUNICATION, EVENT_SOURCES.key), listed=True))
    if not source.problems:
        return lines
    why = "; ".join(dict.fromkeys(source.problems))
    return [
        *_comment(f"Not carried over: {source.part.values['id']} ({source.title})."),
        *_comment(f"Why: {why}."),
        *(f"# {line}".rstrip() for line in lines),
    ]


def _part(part: Part, at: Key, *, listed: bool) -> Iterator[str]:
    name = render.dotted(at)
    yield f"[[{name}]]" if listed else f"[{name}]"
    yield _noted(f"type = {render.value(part.type)}", part.notes.get("type"))
    for key, value in part.values.items():
        yield _noted(f"{render.key(key)} = {render.value(value)}", part.notes.get(key))
    for key in part.secrets:
        yield f"# {render.key(key)} was not copied: no secret stands in this file"
    for key, filled in part.slots.items():
        for below in filled if isinstance(filled, list) else [filled]:
            yield ""
            yield from _part(below, (*at, key), listed=isinstance(filled, list))


def _noted(line: str, note: str | None) -> str:
    return f"{line}  # {visible(note)}" if note else line


def _comment(text: str) -> list[str]:
    """A comment of as many lines as it takes; what cannot stand in one is made visible."""
    return [f"# {line}" for line in textwrap.wrap(visible(text), WIDTH, break_on_hyphens=False)]
