"""What a configuration says, apart from how it is written."""

from itertools import pairwise
from typing import Any, cast

from core.catalogue.tenant import DEVICE_COMMUNICATION
from core.config.scan import Key


def same(one: Any, other: Any) -> bool:
    """Equal values of TOML, where 1, 1.0 and true differ and nan is itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        mine, theirs = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return mine.keys() == theirs.keys() and all(same(mine[key], theirs[key]) for key in mine)
    if isinstance(one, list):
        items, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(items) == len(others) and all(map(same, items, others))
    return one == other or (one != one and other != other)


def same_documents(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """As `same`, for whole configurations: TOML cannot write an empty list of headers, so none and an empty one are
    the same there."""
    return same(_without_empty_lists(one), _without_empty_lists(other))


def _without_empty_lists(data: dict[str, Any]) -> dict[str, Any]:
    communication = data.get(DEVICE_COMMUNICATION)
    if not isinstance(communication, dict):
        return data
    lists = {key: value for key, value in cast("dict[str, Any]", communication).items() if value != []}
    rest = {key: value for key, value in data.items() if key != DEVICE_COMMUNICATION}
    return {**rest, DEVICE_COMMUNICATION: lists} if lists else rest


def holder(data: dict[str, Any], at: Key) -> Any:  # a list or a table, as what `at` ends with says
    """The list or table that holds what is at `at`, made where it is missing."""
    found: Any = data
    for part, below in pairwise(at):
        empty: list[Any] | dict[str, Any] = [] if isinstance(below, int) else {}
        found = found[part] if isinstance(part, int) else found.setdefault(part, empty)
    return found
