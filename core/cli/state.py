"""`tidegate status`: the tree of states with reasons and rates, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.cli.front import HomeOption, JsonOption

if TYPE_CHECKING:
    from core.control.states import DamagedSegment, Node, Status

_REASONS_TOLD = 5
"""Reasons of refusals that a note names."""
_COLOURS = {"started": "green", "error": "red", "stopped": "dim"}


def status(home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Print the tree of states with reasons and rates, and what is kept."""
    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.control.states import Status

    state = with_engine(home, lambda engine: engine.call("status", None, Status), offline_ok=False)
    if as_json:
        print_json(state)
        return 0
    print_tree(state.tree)
    _print_kept(state.tree)
    _print_notes(state)
    return 0


def print_tree(tree: Node) -> None:
    """The tree from `tree` down, one component a line."""
    from rich.text import Text

    from core.cli.output import columns, terminal
    from core.model.text import count_text, rate_text, state_words, visible

    table = columns("Component", "State", "Rate", "Failed", "Refused", "", right=("Rate", "Failed", "Refused"))
    for depth, node in _nodes(tree, 0):
        counted = node.kind in ("instance", "tenant", "event_source")
        table.add_row(
            Text("  " * depth + visible(node.title)),
            Text(state_words(node.state), _COLOURS.get(node.state, "yellow")),
            rate_text(node.rate) if counted else "",
            count_text(node.failed) if counted and node.failed else "",
            count_text(node.refused) if counted and node.refused else "",
            Text(visible(node.reason) if node.reason else _details(node), "red" if node.reason else "dim"),
        )
    terminal().print(table)


def _nodes(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    for child in node.children:
        yield from _nodes(child, depth + 1)


def _details(node: Node) -> str:
    from core.model.text import visible

    shown = ("port", "connections", "peers", "script", "version", "java", "subject", "not_after", "pid")
    said = [f"{key} {visible(str(node.detail[key]))}" for key in shown if node.detail.get(key) is not None]
    said += [f"{key} {node.detail[key]}" for key in ("dropped", "unsent") if node.detail.get(key)]
    return "  ".join(said)


def _print_kept(tree: Node) -> None:
    """What is kept of each tenant, and in all."""
    from datetime import datetime

    from rich.text import Text

    from core.cli.output import columns, terminal
    from core.model.kept import growth_text, limits_text, outlook_text
    from core.model.text import bytes_text, count_text, since_text, visible

    rows = [(visible(node.path), node.kept) for node in tree.children if node.kind == "tenant" and node.kept]
    rows += [("in all", tree.kept)] if tree.kept else []
    if not rows:
        return
    now = datetime.now().astimezone()
    table = columns("Kept", "Since", "Requests", "Size", "Growth", right=("Requests", "Size", "Growth"))
    for name, kept in rows:
        since = since_text(kept.since or "", now)
        size, growth = bytes_text(kept.bytes), growth_text(kept.growth)
        table.add_row(Text(name), since, count_text(kept.requests), size, growth)
    terminal().print()
    terminal().print(table)
    for name, kept in rows:
        style = "" if kept.full_by in (None, "age") else "yellow"
        terminal().print(Text(f"{name}: {outlook_text(kept)} (limits: {limits_text(kept)})", style))


def _print_notes(state: Status) -> None:
    from core.cli.output import terminal
    from core.model.text import plural

    notes = [
        f"{tenant.id}: {plural(tenant.staged, 'staged change')} waiting; `tidegate diff {tenant.id}` shows them"
        for tenant in state.tenants
        if tenant.staged
    ]
    notes += [
        f"{tenant.id}: tenant.toml was edited by hand; `tidegate apply {tenant.id}` makes it act"
        for tenant in state.tenants
        if tenant.file_differs
    ]
    if state.tree.kept and state.tree.kept.failed:
        notes.append(f"{plural(state.tree.kept.failed, 'failed request')} kept longer than others")
    if state.reindex is not None and state.reindex.state in ("running", "failed"):
        from core.control.reindexing import reindex_words

        notes.append(reindex_words(state.reindex))
    if state.behind:
        notes.append(f"the index is {plural(state.behind, 'request')} behind")
    notes += [_damaged_note(damaged) for damaged in state.damaged]
    notes += [_refused_note(node) for _, node in _nodes(state.tree, 0) if node.detail.get("refusals") and node.refused]
    notes += [_dropped_note(node) for _, node in _nodes(state.tree, 0) if node.dropped and node.kind == "event_source"]
    notes += [
        _held_back_note(node) for _, node in _nodes(state.tree, 0) if node.held_back and "rate_limit" in node.detail
    ]
    for note in notes:
        terminal().print(note)


def _refused_note(node: Node) -> str:
    """What a source refused in the last ten minutes, and why."""
    from core.model.text import count_text, rate_text, visible

    reasons = [each for each in node.detail["refusals"]["reasons"] if each["recent"]]
    told = [f"{count_text(each['recent'])} {visible(each['reason'])}" for each in reasons[:_REASONS_TOLD]]
    if len(reasons) > _REASONS_TOLD:
        told.append(f"{count_text(sum(each['recent'] for each in reasons[_REASONS_TOLD:]))} for other reasons")
    rate = f" ({rate_text(node.refused_rate)} now)" if node.refused_rate else ""
    return f"{node.path}: {count_text(node.refused)} refused in ten minutes{rate}: {'; '.join(told)}"


def _damaged_note(damaged: DamagedSegment) -> str:
    """What became of a damaged segment."""
    from core.model.text import plural, visible

    what = f"journal segment {damaged.segment} was damaged ({visible(damaged.reason)})"
    if damaged.waits is not None:
        return f"{what}: {visible(damaged.waits)}"
    saved = f"{plural(damaged.saved or 0, 'row')} saved, {plural(damaged.lost or 0, 'row')} lost"
    if damaged.kept is None:
        return f"{what}: {saved}; the damaged file was removed, for too much was kept aside"
    return f"{what}: {saved}; it is kept as {visible(damaged.kept)} until you clear it away"


def _held_back_note(node: Node) -> str:
    """How often a source's devices waited for its rate limit."""
    from core.model.text import count_text

    return (
        f"{node.path}: devices were held back {count_text(node.held_back)} times in ten minutes, "
        f"for more came than the rate limit of {count_text(node.detail['rate_limit'])} requests a second"
    )


def _dropped_note(node: Node) -> str:
    """How many datagrams the kernel had no room for, and what helps."""
    from core.model.text import count_text, plural

    return (
        f"{node.path}: the kernel dropped {plural(node.dropped, 'datagram')} in ten minutes, "
        f"{count_text(node.detail['dropped'])} since the engine started: a larger receive_buffer takes longer bursts, "
        "more threads take more in all"
    )
