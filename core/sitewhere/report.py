"""The report of an import, as the file beside tenant.toml holds it."""

import textwrap
from collections.abc import Iterable
from typing import Literal

from core.control.importing import ImportLine
from core.model.text import plural, visible

HEADINGS: dict[Literal["carried", "changed", "missing", "left_out"], str] = {
    "carried": "Carried over",
    "changed": "Changed",
    "missing": "Missing",
    "left_out": "Not carried over",
}
"""The kinds of lines in the order in which they are told."""
WIDTH = 110


def report_text(tenant: str, file: str, when: str, lines: Iterable[ImportLine]) -> str:
    """The report as text; `when` is a date."""
    told = list(lines)
    counts = ", ".join(
        f"{sum(line.kind == kind for line in told)} {heading.lower()}" for kind, heading in HEADINGS.items()
    )
    parts = [f"SiteWhere's {visible(file) or 'tenant configuration'}, imported into tenant {tenant} on {when}", counts]
    for kind, heading in HEADINGS.items():
        found = [line for line in told if line.kind == kind]
        if found:
            parts += ["", f"{heading} ({plural(len(found), 'line')})"]
            parts += [row for line in found for row in _rows(line)]
    return "\n".join([*parts, ""])


def _rows(line: ImportLine) -> list[str]:
    place = f" (line {line.line})" if line.line else ""
    said = textwrap.wrap(visible(line.reason), WIDTH, initial_indent="      ", subsequent_indent="      ")
    return [f"  {visible(line.subject)}{place}", *said]
