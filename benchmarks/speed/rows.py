"""What each row of the table is held against, and what was found."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from under_load import Kept
from wrk import Round


@dataclass(frozen=True)
class Row:
    """One row. Its figure is a ratio of two rates, or a time that should be short."""

    name: str
    title: str
    least: float
    """What must hold."""
    goal: float
    unit: Literal["", "x", "ms", "s"] = ""
    """Of the figure; a time is better the shorter it is, a ratio the greater."""

    def holds(self, figure: float, bound: float) -> bool:
        return figure <= bound if self.unit in ("ms", "s") else figure >= bound

    def text(self, figure: float) -> str:
        if self.unit == "ms":
            return f"{figure:.2f} ms" if figure < 10 else f"{figure:.1f} ms"
        return {"": f"{figure:.3f}", "x": f"{figure:.2f}x", "s": f"{figure:.2f} s"}[self.unit]


DURABLE = "durable HTTP, 64 connections kept"
ROWS = {
    row.name: row
    for row in (
        Row("durable", f"{DURABLE} : a bare asyncio.Protocol", 0.20, 0.25),
        Row("node-red", "the same : Node-RED, which stores nothing", 6.0, 12.0, "x"),
        Row("unique", "the same, no two heads alike : the bare one", 0.08, 0.11),
        Row("p99", f"{DURABLE}: p99", 20.0, 7.0, "ms"),
        Row("one", "one connection, one request at a time: p50", 1.0, 0.5, "ms"),
        Row("connections", "a connection for each request : Java, which stores nothing", 1.2, 2.0, "x"),
        Row("lines", "durable TCP lines : durable HTTP", 1.0, 1.3, "x"),
        Row("tls", "TLS, connections kept : plain", 0.35, 0.5),
        Row("workers", "two workers on two cores : one, indexed afterwards", 1.4, 1.7, "x"),
        Row("lag", "the index's lag at full rate", 1.0, 0.2, "s"),
        Row("console", "a console shows Live Traffic : none attached", 0.90, 0.97),
    )
}


@dataclass
class Finding:
    """What came of a row. `values` are its pairs' ratios, or its rounds' times: the median is its figure."""

    row: str
    values: list[float] = field(default_factory=list)
    ours: list[Round] = field(default_factory=list)
    theirs: list[Round] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors: int = 0
    """Requests to Tidegate that were not answered 200."""
    kept: Kept | None = None
    absent: str | None = None
    """Why it was not measured, if so."""

    @property
    def figure(self) -> float | None:
        return statistics.median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        """`goal`, `yes` (what must hold does), `NO`, or `-` where it was not measured."""
        row, figure = ROWS[self.row], self.figure
        if figure is None:
            return "-"
        if row.holds(figure, row.goal):
            return "goal"
        return "yes" if row.holds(figure, row.least) else "NO"

    @property
    def sound(self) -> bool:
        """Every request was answered, and what was acknowledged is there."""
        return not self.errors and (self.kept is None or self.kept.whole)

    def raw(self) -> dict[str, Any]:
        row = ROWS[self.row]
        aims = {"title": row.title, "least": row.least, "goal": row.goal, "unit": row.unit}
        return asdict(self) | aims | {"figure": self.figure, "verdict": self.verdict, "sound": self.sound}


def ratios(pairs: Sequence[tuple[Round, Round]]) -> list[float]:
    """Of each pair's rates."""
    return [ours.rate / theirs.rate for ours, theirs in pairs if theirs.rate]


def table(findings: Sequence[Finding]) -> str:
    """All of it, for a person."""
    lines = [("row", "what", "median", "spread", "at least", "goal", "holds", "here", "beside it")]
    lines += [_cells(finding) for finding in findings]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    text.insert(1, "  ".join("-" * width for width in widths))
    text += [f"{finding.row}: {note}" for finding in findings for note in _notes(finding)]
    return "\n".join(text)


def _cells(finding: Finding) -> tuple[str, ...]:
    row, figure = ROWS[finding.row], finding.figure
    measured = ("not measured", "") if figure is None else (row.text(figure), _spread(row, finding.values))
    aims = row.text(row.least), row.text(row.goal), finding.verdict
    return (row.name, row.title, *measured, *aims, _rate(finding.ours), _rate(finding.theirs))


def _spread(row: Row, values: Sequence[float]) -> str:
    return f"{row.text(min(values))} to {row.text(max(values))}" if len(values) > 1 else ""


def _rate(rounds: Sequence[Round]) -> str:
    return f"{statistics.median(each.rate for each in rounds):,.0f}/s" if rounds else ""


def _notes(finding: Finding) -> list[str]:
    notes = list(finding.notes)
    if finding.absent:
        notes.append(f"not measured: {finding.absent}")
    if finding.errors:
        notes.append(f"{finding.errors:,} requests were not answered 200")
    if finding.kept is not None and not finding.kept.whole:
        notes.append(str(finding.kept))
    return notes
