"""What came of an import, as a table for people."""

from rich.text import Text

from core.cli.output import columns, terminal
from core.control.importing import Imported, ImportLine
from core.model.text import sign, visible

WORDS = {
    "carried": ("carried over", "green"),
    "changed": ("changed", "yellow"),
    "missing": ("missing", "red"),
    "left_out": ("left out", "dim"),
}


def print_imported(imported: Imported) -> None:
    """The report, what stands in the way, and what to do next."""
    to = terminal()
    table = columns("What", "Subject", "")
    for kind in WORDS:
        for line in imported.report:
            if line.kind == kind:
                table.add_row(*_cells(line))
    to.print(table)
    for fault in imported.faults:
        to.print(Text(f"{sign('✕')} {visible(str(fault))}", "red"))
    if not imported.kept:
        to.print("\nNothing was kept. tenant.toml would be:\n")
        to.print(Text(visible(imported.text, lines=True)))
        return
    made = f"made {imported.tenant} with this staged" if imported.makes else f"staged for {imported.tenant}"
    to.print(f"\n{made}; import-report.txt in its folder keeps the list")
    to.print(f"`tidegate diff {imported.tenant}` shows it, `tidegate apply {imported.tenant}` makes it active")


def _cells(line: ImportLine) -> tuple[Text, Text, Text]:
    word, colour = WORDS[line.kind]
    place = f"line {line.line}: " if line.line else ""
    return Text(word, colour), Text(visible(line.subject)), Text(f"{place}{visible(line.reason)}")
