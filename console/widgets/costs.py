"""What an event source's requests cost, in lines of a table."""

from core.model.costs import STEPS, Costs, CostsOver, Percentiles

_CELLS = 8


def costs_described(costs: Costs | None) -> list[tuple[str, str]]:
    """The percentiles of each step, name and value; none where nothing was measured."""
    if costs is None:
        return []
    known = [("waiting", f"{costs.waiting:,} for their decode or their commit now")]
    for over, when in ((costs.last_minute, "last minute"), (costs.since_start, "since start")):
        known += _table(over, when)
    return known


def _table(over: CostsOver, when: str) -> list[tuple[str, str]]:
    if over.batch is None:
        return [("cost", f"nothing came, {when}")]
    heads = "".join(f"{head:>{_CELLS}}" for head in ("p50", "p95", "p99"))
    lines = [("cost", f"{heads}  ms, {when}")]
    lines += [(step, _figures(getattr(over, step), 3)) for step in STEPS if getattr(over, step) is not None]
    lines.append(("batch", f"{_figures(over.batch, 0)}  rows a commit"))
    if over.queue is not None:
        lines.append(("queue", f"{_figures(over.queue, 0)}  waited"))
    return lines


def _figures(values: Percentiles, digits: int) -> str:
    return "".join(f"{value:>{_CELLS},.{digits}f}" for value in (values.p50, values.p95, values.p99))
