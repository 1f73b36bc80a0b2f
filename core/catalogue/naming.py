"""What the components of a list are called: by an index of their own, or by their place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

ID = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""What a tenant's or a source's id matches."""
ID_HELP = "is no id: letters, digits, - and _, at most 64, beginning with a letter or digit"


@dataclass(frozen=True, slots=True)
class Index:
    """The setting that tells the components of a list apart; its value names each in paths: `event_sources/lora`."""

    key: str = "id"
    pattern: str = ID
    pattern_help: str = ID_HELP

    def of(self, table: object) -> str | None:
        """The name that a component's table gives it; None where it gives none that a path could hold."""
        value: object = cast("Mapping[str, Any]", table).get(self.key) if isinstance(table, Mapping) else None
        return value if isinstance(value, str) and re.fullmatch(self.pattern, value) else None

    def names(self, tables: Sequence[object]) -> list[str]:
        """What the components of a list are called in paths, each otherwise: `#2`, the place from 1, where one has no
        index of its own."""
        names: list[str] = []
        for place, table in enumerate(tables, start=1):
            name = self.of(table)
            names.append(f"#{place}" if name is None or name in names else name)
        return names


BY_ID = Index()
BY_TOKEN = Index(
    "token",
    r"[^/#\x00-\x20\x7f-\xa0](?:[^/\x00-\x1f\x7f-\x9f]{0,198}[^/\x00-\x20\x7f-\xa0])?",
    "is no token: 1 to 200 characters without a slash, no # in front, no blank at either end",
)
