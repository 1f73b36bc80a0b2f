"""The tree of states: every component with its mark and word, since when, how busy, and why it is not well."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container

from console.session import session_of
from console.text import bytes_text, local, mark, plural, rate_text
from console.widgets.costs import costs_described
from console.widgets.rows import STATE_STYLES, Line, Row, Rows, spread, wrapped
from core.control.states import Node, Status
from core.model.kept import kept_described

STATE_CELLS = 9
SINCE_CELLS = 7
INDENT = 2
SHOWN_DETAILS = (
    *("port", "script", "version", "java", "subject", "not_after", "pid", "memory", "connections", "peers"),
    *("unsent",),
)
"""What the tree says of a component beside its title; the rest is told where one is opened."""

SIZES = ("memory", "receive_buffer")
"""Details that are bytes."""


class StateTree(Container):
    """The tree below `root_path` (all of it where that is empty), kept up to date by `show`."""

    DEFAULT_CSS = "StateTree { height: 1fr; }"

    def __init__(self, root_path: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.root_path = root_path
        self._known: dict[str, Node] = {}
        self._shown: Status | None = None

    def compose(self) -> ComposeResult:
        yield Rows(id="tree")

    @property
    def rows(self) -> Rows:
        """The list that the tree is painted in; it takes the focus."""
        return self.query_one(Rows)

    @property
    def current(self) -> Node | None:
        """The component under the cursor."""
        return self._known.get(self.rows.current or "")

    def node(self, path: str) -> Node | None:
        """The component of that path, if the tree shows it."""
        return self._known.get(f"/{path}")

    def find_error(self, step: int) -> bool:
        """Puts the cursor on the next (`step` 1) or previous (-1) component in error, round the end."""
        ids = list(self._known)
        at = ids.index(self.rows.current) if self.rows.current in self._known else 0
        for away in range(1, len(ids) + 1):
            id = ids[(at + step * away) % len(ids)]
            if self._known[id].state == "error":
                self.rows.go_to(id)
                return True
        return False

    def show(self, status: Status) -> None:
        """Shows this state. The cursor stays on its component as long as that is there."""
        if status is self._shown:
            return
        self._shown = status
        root = node_at(status.tree, self.root_path)
        walked = list(walk(root)) if root is not None else []
        self._known = {f"/{node.path}": node for node, _ in walked}
        now = session_of(self).now()
        self.rows.show([_row(node, depth, now) for node, depth in walked])


def walk(node: Node, depth: int = 0) -> Iterator[tuple[Node, int]]:
    """A node and all below it, with how deep each stands."""
    yield node, depth
    for child in node.children:
        yield from walk(child, depth + 1)


def node_at(tree: Node, path: str) -> Node | None:
    """The node of that path."""
    return next((node for node, _ in walk(tree) if node.path == path), None)


def _row(node: Node, depth: int, now: datetime) -> Row:
    return Row(f"/{node.path}", lambda width: _lines(node, depth, now, width))


def _lines(node: Node, depth: int, now: datetime, width: int) -> list[Line]:
    left: Line = [
        (f"{mark(node.state)} {node.state.capitalize():<{STATE_CELLS}}", STATE_STYLES[node.state]),
        (f"{since(node, now):<{SINCE_CELLS}}", "painted--quiet"),
        (" " * INDENT * depth, ""),
        (node.title, "rows--title" if node.kind in ("instance", "tenant") else ""),
    ]
    details = "  ".join(detail_text(name, node.detail[name]) for name in SHOWN_DETAILS if node.detail.get(name))
    left.append((f"  {details}", "painted--quiet"))
    lines = [spread(left, _figures(node), width)]
    if node.reason:
        indent = STATE_CELLS + SINCE_CELLS + 2 + INDENT * depth
        lines += wrapped(node.reason, "rows--error" if node.state == "error" else "painted--warning", width, indent)
    return lines


def _figures(node: Node) -> Line:
    figures: Line = []
    if node.failed:
        figures.append((f"{node.failed:,} failed  ", "rows--error"))
    if node.refused:
        rate = f", {rate_text(node.refused_rate)}" if node.refused_rate else ""
        figures.append((f"{node.refused:,} refused{rate}  ", "painted--warning"))
    if node.dropped:
        figures.append((f"{node.dropped:,} dropped  ", "painted--warning"))
    if node.held_back:
        figures.append((f"{node.held_back:,} held back  ", "painted--warning"))
    if node.kind in ("instance", "tenant", "event_source"):
        figures.append((f"{rate_text(node.rate):>7}", ""))
    return figures


def since(node: Node, now: datetime) -> str:
    """When the state began, in six cells: the time today, the day before that."""
    if not node.since:
        return ""
    moment = local(node.since, now.tzinfo)
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%d %b}"


def detail_text(name: str, value: object) -> str:
    """One thing known of a component, in a few words."""
    match name, value:
        case "memory", int():
            return bytes_text(value)
        case "connections", int():
            return plural(value, "connection")
        case "peers", int():
            return plural(value, "peer")
        case "unsent", int():
            return f"{value:,} unsent"
        case ("script", _) | ("version", _):
            return str(value)
        case _:
            return f"{name} {value}"


def described(node: Node, now: datetime) -> list[tuple[str, str]]:
    """All that is known of a component, name and value."""
    known = [("path", node.path or "the engine"), ("state", node.state)]
    if node.reason:
        known.append(("reason", node.reason))
    if node.since:
        known.append(("since", f"{local(node.since, now.tzinfo):%Y-%m-%d %H:%M:%S}"))
    if node.kind in ("instance", "tenant", "event_source"):
        known += [
            ("rate", f"{rate_text(node.rate)} over the last five seconds"),
            ("requests", f"{node.requests:,} since the engine started"),
            ("failed", f"{node.failed:,} in the last ten minutes"),
            ("refused", f"{node.refused:,} in the last ten minutes, {rate_text(node.refused_rate)} now"),
        ]
    for name, value in node.detail.items():
        if name == "refusals":
            known += refusals_described(value)
        elif name == "dropped":
            known.append((name, f"{value:,} by the kernel since the engine started, {node.dropped:,} in ten minutes"))
        elif name == "rate_limit":
            known.append(("rate limit", f"{value:,} requests a second"))
        elif name == "held_back":
            known.append(("held back", f"{value:,} times since the engine started, {node.held_back:,} in ten minutes"))
        elif value is not None:
            known.append((name, bytes_text(value) if name in SIZES and isinstance(value, int) else str(value)))
    if node.kept is not None:
        kept_since = node.kept.since
        told = f"{local(kept_since, now.tzinfo):%Y-%m-%d %H:%M:%S}" if kept_since else ""
        known += kept_described(node.kept, told)
    return known + costs_described(node.costs)


def refusals_described(refusals: dict[str, Any] | None) -> list[tuple[str, str]]:
    """How many requests a source refused in the last ten minutes, and since the engine started, by reason."""
    if refusals is None:
        return []
    known = [("only counted", f"{refusals['only_counted']:,} refused since the engine started")]
    for place, each in enumerate(refusals["reasons"]):
        recent, total = each["recent"], each["total"]
        in_all = f" ({total:,} in all)" if total != recent else ""
        known.append(("by reason" if place == 0 else "", f"{recent:,} {each['reason']}{in_all}"))
    return known
