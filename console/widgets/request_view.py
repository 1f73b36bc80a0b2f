"""One request whole: what came and what became of it, then its bytes, head, log, events and times."""

import json
from typing import ClassVar, Literal

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.strip import Strip
from textual.widgets import ContentSwitcher

from console.text import bytes_text, clock_text, count_text, local, milliseconds_text, sign
from console.widgets.decode_lines import decode_lines
from console.widgets.document import Document, plain
from console.widgets.frame_lines import answer_lines, dump_colours, wire_lines
from console.widgets.hex_view import HexView
from console.widgets.json_text import json_colours, pretty_json
from console.widgets.painted import PaintedView, Piece
from console.widgets.rows import wrapped
from console.widgets.tab_line import TabLine
from console.widgets.traffic_row import became, outcome_class, status_of
from core.model.events import event_brief, event_json
from core.model.requests import Brief, Request, RequestDetail, TrafficRow, asked

BODY_SHOWN = 256 * 1024
"""Characters of a body that are shown; more would take longer to lay out than a key may take."""
BESIDE_CELLS = 76
"""From this width on the bytes stand beside the text."""
EVENTS_SHOWN = 200
"""Events of one request that are shown; a batch may have ten thousand."""
BRIEF_EVENTS = 3
REASON_LINES = 4
"""Lines that a reason takes at most; the rest of a longer one is in the saved request."""

BodyAs = Literal["json", "text", "hex"]
TABS = {
    "body": "Body",
    "wire": "Wire",
    "answer": "Answer",
    "head": "Head",
    "log": "Decode log",
    "events": "Events",
    "timing": "Timing",
    "decodes": "Decodes",
}
OF_FRAMES = ("wire", "answer")
"""Tabs that only a request has that was a frame, or a whole connection: HTTP has a head and a status for them."""


class RequestHead(PaintedView):
    """The outcome with the figures; below it the whole reason, or the first event."""

    DEFAULT_CSS = "RequestHead { height: 2; background: $background; overflow: hidden hidden; }"

    row: TrafficRow | None = None

    def show(self, row: TrafficRow | None) -> None:
        """Shows this request's summary, or nothing."""
        self.row = row
        self._lay_out()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        self.styles.height = 1 + min(REASON_LINES, max(1, len(self._reason())))
        self.refresh()

    def _reason(self) -> list[list[Piece]]:
        if self.row is None or not self.row.reason:
            return []
        words = f"{sign('✕')} {self.row.reason}"
        return wrapped(words, outcome_class(self.row), max(1, self.size.width - 1), indent=1)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row = self.row
        if row is None:
            return self.paint([], width)
        if y == 0:
            return self.paint(self._figures(row), width)
        lines = self._reason() or [[(" ", ""), *became(row, width - 1)]]
        return self.paint(lines[y - 1] if y <= len(lines) else [], width)

    def _figures(self, row: TrafficRow) -> list[Piece]:
        mark = sign("●" if row.outcome == "decoded" else "✕")
        kept = {"decoded": "", "failed": "kept", "refused": "not acknowledged"}[row.outcome]
        spent = "" if row.outcome == "refused" else milliseconds_text(row.milliseconds)
        replayed = f"replayed {row.replayed} times" if row.replayed > 1 else "replayed" if row.replayed else ""
        figures = (row.event_source, row.remote, bytes_text(row.bytes), spent, kept, replayed)
        return [
            (f" {mark} {row.outcome}   {status_of(row)}   ", outcome_class(row) or "painted--key"),
            ("   ".join(part for part in figures if part), ""),
            (f"   {asked(row)}", "painted--quiet"),
        ]


class RequestView(Vertical):
    """A request's summary and its tabs."""

    DEFAULT_CSS = """
    RequestView > TabLine { border-bottom: solid $panel; height: 2; }
    RequestView ContentSwitcher { height: 1fr; }
    RequestView #body { height: 1fr; }
    RequestView #text { width: 1fr; }
    RequestView #hex { width: 1fr; }
    RequestView .-away { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,right", "tab(1)", "Next tab", show=False),
        Binding("shift+tab,left", "tab(-1)", "Previous tab", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.detail: RequestDetail | None = None
        self.body_as: BodyAs = "json"
        self._shown = [name for name in TABS if name not in (*OF_FRAMES, "decodes")]

    def compose(self) -> ComposeResult:
        yield RequestHead()
        yield TabLine(*(TABS[name] for name in self._shown))
        with ContentSwitcher(initial="body"):
            with Horizontal(id="body"):
                yield Document(id="text")
                yield HexView(id="hex")
            for name in list(TABS)[1:]:
                yield Document(id=name)

    @property
    def tabs(self) -> TabLine:
        """The line of tabs."""
        return self.query_one(TabLine)

    @property
    def tab(self) -> str:
        """The active tab: a key of `TABS`."""
        return self._shown[self.tabs.active]

    @property
    def pane(self) -> Document:
        """What is shown of the active tab; of a body that is shown twice, the text."""
        name = self.tab
        if name == "body":
            name = "hex" if self.body_as == "hex" else "text"
        return self.query_one(f"#{name}", Document)

    def action_tab(self, by: int) -> None:
        self.tabs.move(by)

    def on_tab_line_switched(self, message: TabLine.Switched) -> None:
        message.stop()
        focused = isinstance(self.screen.focused, Document)
        self.query_one(ContentSwitcher).current = self._shown[message.active]
        if focused:
            self.pane.focus()

    # What is shown

    def show_row(self, row: TrafficRow | None) -> None:
        """Shows what the list knows of a request; the rest follows with `show`. None shows nothing."""
        self.detail = None
        self.query_one(RequestHead).show(row)
        for document in self.query(Document):
            document.show(())
        self.query_one("#hex", HexView).show_bytes(b"")

    def show(self, detail: RequestDetail) -> None:
        """Shows a request whole."""
        self.detail = detail
        self.query_one(RequestHead).show(summary_of(detail))
        self.body_as = natural_view(detail.payload)
        self._show_body()
        self.query_one("#wire", Document).show(wire_lines(detail), dump_colours)
        self.query_one("#answer", Document).show(answer_lines(detail), dump_colours)
        self.query_one("#head", Document).show(head_lines(detail))
        self.query_one("#log", Document).show(log_lines(detail))
        self.query_one("#events", Document).show(event_lines(detail), json_colours)
        self.query_one("#timing", Document).show(timing_lines(detail))
        self.query_one("#decodes", Document).show(decode_lines(detail))
        self._show_tabs(detail)

    def _show_tabs(self, detail: RequestDetail) -> None:
        current = self.tab
        framed = detail.method is None and detail.outcome != "refused"
        without = (*(() if framed else OF_FRAMES), *(() if detail.decodes else ("decodes",)))
        self._shown = [name for name in TABS if name not in without]
        titles = TABS | ({"events": f"Events {count_text(detail.events)}"} if detail.events else {})
        titles |= {"decodes": f"Decodes {len(detail.decodes)}"}
        active = self._shown.index(current) if current in self._shown else 0
        self.tabs.show([titles[name] for name in self._shown], active)

    def next_view(self) -> str:
        """Shows the body in the next way that fits it; its name."""
        payload = self.detail.payload if self.detail else b""
        ways: list[BodyAs] = ["text", "hex"] if pretty_json(payload) is None else ["json", "text", "hex"]
        self.body_as = ways[(ways.index(self.body_as) + 1) % len(ways)] if self.body_as in ways else ways[0]
        self._show_body()
        return {"json": "JSON", "text": "text as it came", "hex": "bytes"}[self.body_as]

    def _show_body(self) -> None:
        if self.detail is None:
            return
        if self.body_as != "hex":
            lines = body_lines(self.detail, self.body_as)
            self.query_one("#text", Document).show(lines, json_colours if self.body_as == "json" else plain)
        self.query_one("#hex", HexView).show_bytes(self.detail.payload)
        self._arrange()

    def _arrange(self) -> None:
        beside = self.size.width >= BESIDE_CELLS and bool(self.detail and self.detail.payload)
        self.query_one("#text").set_class(self.body_as == "hex", "-away")
        self.query_one("#hex").set_class(self.body_as != "hex" and not beside, "-away")

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()


def summary_of(detail: RequestDetail) -> TrafficRow:
    """The line of the list that this request has."""
    given = {name: getattr(detail, name) for name in Request.__struct_fields__}
    briefs = [
        Brief(event.hardware_id, type(event).__name__, event_brief(event)) for event in detail.decoded[:BRIEF_EVENTS]
    ]
    return TrafficRow(**given, decoded=briefs)


def natural_view(payload: bytes) -> BodyAs:
    """How a body is read best: as JSON, as text, or byte by byte."""
    if pretty_json(payload) is not None:
        return "json"
    try:
        text = payload[:BODY_SHOWN].decode()
    except UnicodeDecodeError as error:
        if error.start < min(len(payload), BODY_SHOWN) - 4:
            return "hex"
        text = payload[: error.start].decode()
    odd = sum(not char.isprintable() and char not in "\r\n\t" for char in text)
    return "hex" if odd * 10 > len(text) else "text"


def body_lines(detail: RequestDetail, body_as: BodyAs) -> list[str]:
    """The body as text, cut where it is too long to be read here."""
    if not detail.payload:
        return [_no_body(detail)]
    lines = pretty_json(detail.payload) if body_as == "json" else None
    if lines is None:
        lines = detail.payload[:BODY_SHOWN].decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        left = len(detail.payload) - BODY_SHOWN
    else:
        lines, left = _first(lines, BODY_SHOWN)
    if left > 0:
        lines += ["", f"… {left:,} more; w saves all"]
    if detail.bytes > len(detail.payload):
        lines += ["", f"of {detail.bytes:,} B the first {len(detail.payload):,} B were kept"]
    return lines


def _no_body(detail: RequestDetail) -> str:
    if detail.outcome != "refused" or detail.head:
        return "no body"
    if detail.bytes:
        return f"no body: {bytes_text(detail.bytes)} came, and none of it was kept"
    return "no body: nothing was read of this connection"


def _first(lines: list[str], limit: int) -> tuple[list[str], int]:
    kept = 0
    for number, line in enumerate(lines):
        kept += len(line) + 1
        if kept > limit:
            cut = [*lines[:number], line[: max(0, limit - kept + len(line))]]
            return cut, kept - limit + sum(len(rest) + 1 for rest in lines[number + 1 :])
    return lines, 0


def head_lines(detail: RequestDetail) -> list[str]:
    """The head as it came, then what the script was told, then what it remembered of the connection."""
    lines = detail.head.decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n") if detail.head else ["no head"]
    for title, values in (("Metadata, as the script gets it", detail.metadata), ("Connection state", detail.state)):
        if values:
            width = max(len(name) for name in values)
            lines += ["", title, *(f"  {name:<{width}}  {_value(value)}" for name, value in values.items())]
    return lines


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def log_lines(detail: RequestDetail) -> list[str]:
    """What the script printed."""
    if not detail.log and not detail.log_cut:
        return ["the decoder printed nothing"]
    cut = [f"… {detail.log_cut:,} B more were not kept"] if detail.log_cut else []
    return [*detail.log.rstrip("\n").split("\n"), *cut]


def event_lines(detail: RequestDetail) -> list[str]:
    """Every event as event JSON."""
    if not detail.decoded:
        return [{"decoded": "no events: the decoder made none", "failed": "no events: the decode failed"}.get(
            detail.outcome, "no events: the request never reached the decoder"
        )]  # fmt: skip
    lines: list[str] = []
    for event in detail.decoded[:EVENTS_SHOWN]:
        lines += [*msgspec.json.format(msgspec.json.encode(event_json(event)), indent=2).decode().split("\n"), ""]
    left = len(detail.decoded) - EVENTS_SHOWN
    return [*lines, f"… {left:,} more; w saves all"] if left > 0 else lines[:-1]


def timing_lines(detail: RequestDetail) -> list[str]:
    """When it came, how long the decode took, what was answered, with which script."""
    refused = detail.outcome == "refused"
    spent = f"{milliseconds_text(detail.milliseconds)}, from the last byte received"
    answered = f"{status_of(summary_of(detail))}, {'at once' if refused else 'after the commit'}"
    if refused and detail.status is None:
        answered = "nothing: the connection was closed"
    elif detail.answer is not None:
        answered = f"{bytes_text(len(detail.answer))}, after the commit"
    elif detail.status is None:
        answered = "nothing"
    rows = [
        ("received", f"{local(detail.received_date):%Y-%m-%d} {clock_text(detail.received_date)}"),
        ("", detail.received_date),
        ("decoded after", "it never reached the decoder" if refused else spent),
        ("answered", answered),
        ("script version", detail.script or sign("–")),
        ("request", detail.id),
    ]  # fmt: skip
    return [f"{name:<16}{value}" for name, value in rows]
