"""What benchmarks/overload.py tries: too much for one tenant, for one event source, and full load for a long time."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Verdict:
    """What was tried, and whether it held."""

    name: str
    holds: bool
    words: str
    """What must hold, and what was found."""
    lines: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        said = f"{self.name}: {'holds' if self.holds else 'DOES NOT HOLD'}: {self.words}"
        return "\n".join([said, *(f"  {line}" for line in self.lines)])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


MIB = 1 << 20
