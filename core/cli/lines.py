"""Requests and events as lines for people: two lines a request, as in Live Traffic."""

from datetime import datetime

from rich.text import Text

from core.control.connections import ConnectionFrame
from core.control.replay_words import change_words
from core.control.replays import RequestChange
from core.control.scripts import Trial
from core.model.connections import ConnectionDetail
from core.model.events import Event, event_brief, event_type
from core.model.hex_dump import dump
from core.model.refusals import RefusedGroup
from core.model.requests import Brief, Request, RequestDetail, TrafficRow, asked
from core.model.text import bytes_text, clock_text, count_text, local, milliseconds_text, sign, visible

_COLOURS = {"decoded": "green", "failed": "red", "refused": "yellow"}


def time_text(date: str, now: datetime) -> str:
    """The time of day, with the date before it where that isn't today."""
    moment = local(date)
    day = "" if moment.date() == now.astimezone().date() else f"{moment:%Y-%m-%d} "
    return day + clock_text(date)


def request_lines(row: TrafficRow, now: datetime) -> Text:
    """What came, and under it what it became or why it did not."""
    lines = _request_line(row, now)
    indent = "\n" + " " * 14
    for brief in row.decoded:
        lines.append(f"{indent}  ").append_text(_brief(brief))
    if row.events > len(row.decoded):
        lines.append(f"{indent}  and {count_text(row.events - len(row.decoded))} more", "dim")
    if row.reason:
        lines.append(f"{indent}{sign('✕')} {visible(row.reason)}", _COLOURS[row.outcome])
    return lines


def _request_line(row: Request, now: datetime) -> Text:
    where = visible(asked(row))
    status = "–" if row.status is None else str(row.status)
    return Text.assemble(
        (time_text(row.received_date, now), "dim"),
        f" {visible(row.tenant)}/{visible(row.event_source)} {visible(_host(row.remote)):<15} {where:<16} ",
        (f"{status:>3}", _COLOURS[row.outcome]),
        f"  {bytes_text(row.bytes)}  {milliseconds_text(row.milliseconds)}",
    )


def refused_line(group: RefusedGroup, now: datetime) -> Text:
    """Refused requests that were only counted."""
    return Text.assemble(
        (time_text(group.at, now), "dim"),
        f" {visible(group.tenant)}/{visible(group.source)} ",
        (visible(group.words()), _COLOURS["refused"]),
    )


def bytes_lines(whole: RequestDetail) -> list[Text]:
    """A request's payload; of a frame also what it was on the wire, where that is something else, and its answer."""
    shown = (("", whole.payload), ("wire ", whole.wire), ("answer ", whole.answer))
    return [_bytes_line(name, data) for name, data in shown if data]


def _bytes_line(name: str, data: bytes) -> Text:
    """Bytes as text where they are some, else in hexadecimal."""
    try:
        said = visible(data.decode())
    except UnicodeDecodeError:
        said = data.hex(" ")
    return Text(" " * 16 + name + said, "dim")


def frame_lines(frame: ConnectionFrame, now: datetime) -> Text:
    """One frame of a connection in hexadecimal, what became of it, and under it what it was answered."""
    row = frame.request
    became = f"{row.outcome}  {visible(asked(row))}".rstrip()
    lines = Text.assemble(
        f"{sign('▸')} {time_text(row.received_date, now)}  {bytes_text(frame.came_size)}  ",
        (became, _COLOURS[row.outcome]),
    )
    for brief in row.decoded[:1]:
        lines.append("  ").append_text(_brief(brief))
    if row.reason:
        lines.append(f"  {visible(row.reason)}", _COLOURS[row.outcome])
    _append_dump(lines, frame.came, frame.came_size)
    if frame.answered:
        lines.append(f"\n{sign('◂')} {bytes_text(frame.answered_size)}")
        _append_dump(lines, frame.answered, frame.answered_size)
    return lines


def unfinished_lines(detail: ConnectionDetail) -> Text:
    """What is here of a frame that is not whole."""
    lines = Text(f"{sign('▸')} {bytes_text(detail.unfinished)} of an unfinished frame", "yellow")
    _append_dump(lines, detail.tail, detail.unfinished)
    return lines


def _append_dump(lines: Text, data: bytes, size: int) -> None:
    for line in dump(data):
        lines.append(f"\n  {line.offset}  ", "dim").append(line.cells).append(line.text, "dim")
    if size > len(data):
        lines.append(f"\n  {sign('…')} {size - len(data):,} bytes more", "dim")


def event_line(event: Event, now: datetime) -> Text:
    """One event: when it was received, where it came from, which device, what."""
    brief = Brief(event.hardware_id, event_type(event), event_brief(event))
    source = f" {visible(event.tenant)}/{visible(event.event_source)}  "
    return Text.assemble((time_text(event.received_date, now), "dim"), source, _brief(brief))


def trial_lines(trial: Trial) -> Text:
    """What a decoder made of some bytes."""
    briefs = [Brief(event.hardware_id, event_type(event), event_brief(event)) for event in trial.events]
    lines = Text("\n").join(_brief(brief) for brief in briefs) if briefs else Text("no events", "dim")
    return lines.append(f"\n{milliseconds_text(trial.milliseconds)}", "dim")


def change_lines(change: RequestChange, now: datetime) -> Text:
    """What a replay changes about a request: its outcome, and each event as a line of a diff."""
    lines = Text.assemble(
        (time_text(change.received_date, now), "dim"), f" {visible(change.event_source)}  {change.request}"
    )
    for line in change_words(change):
        lines.append(f"\n  {visible(line)}", "red" if line.startswith("-") else "green")
    return lines


def _brief(brief: Brief) -> Text:
    return Text.assemble((visible(brief.device), "bold"), f"  {brief.type}  {visible(brief.text)}")


def _host(remote: str) -> str:
    return remote.rpartition(":")[0].strip("[]") or remote
