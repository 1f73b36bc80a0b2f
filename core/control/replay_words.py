"""Replays in words, as every surface tells of them."""

from core.control.replays import DecodedAs, Replay, ReplayStatus, RequestChange
from core.model.events import Event, event_brief, event_type
from core.model.text import plural


def chosen(asked: Replay, named: int | None = None) -> str:
    """Which requests a replay is of, and with what, in a few words; `named` is how many it names, if `asked` has not
    all of them."""
    words = [
        plural(named or len(asked.requests), "request") if asked.requests else "",
        f"source {asked.source}" if asked.source else "",
        asked.outcome or "",
        f"since {asked.since}" if asked.since else "",
        f"until {asked.until}" if asked.until else "",
        asked.filter,
        f"with {asked.script.name}" if asked.script else "",
    ]
    return ", ".join(word for word in words if word) or "all requests"


def progress_words(status: ReplayStatus) -> str:
    """How far it is: `1,200 of 5,000`."""
    undoing = status.state in ("undoing", "undone")
    done = status.undone if undoing else status.done
    going = status.state in ("running", "undoing")
    return f"{done:,} of {status.total:,}" if going and status.total and status.total > done else f"{done:,}"


def outcome_words(status: ReplayStatus) -> str:
    """What came of it, or would."""
    if status.state in ("undoing", "undone"):
        return f"{plural(status.undone, 'decode')} undone"
    counts = [
        f"{plural(status.done, 'request')} {'would be ' if status.dry_run else ''}decoded again",
        f"{status.changed:,} changed",
        *([f"{status.mended:,} mended"] if status.mended else []),
        *([f"{status.broken:,} broken"] if status.broken else []),
        f"{status.failed:,} failed",
    ]
    return ", ".join(counts)


def change_words(change: RequestChange) -> list[str]:
    """What is another about a request: lines that begin with `- ` or `+ `, the outcome first, then each event."""
    before, after = change.before, change.after
    lines: list[str] = []
    if (before.outcome, before.reason) != (after.outcome, after.reason):
        lines += [f"- {_outcome(before)}", f"+ {_outcome(after)}"]
    for each in change.events:
        lines += [f"- {event_words(each.before)}"] if each.before is not None else []
        lines += [f"+ {event_words(each.after)}"] if each.after is not None else []
    return lines


def event_words(event: Event) -> str:
    """An event in one line that differs wherever it does: what it says, then whatever else it has."""
    brief = f"{event.hardware_id}  {event_type(event)}  {event_brief(event)}".rstrip()
    further = {
        "date": event.event_date,
        "alternateId": event.alternate_id,
        "originator": event.originator,
        **event.metadata,
        "updateState": "yes" if event.update_state else "",
    }
    return "  ".join([brief, *(f"{name}={value}" for name, value in further.items() if value)])


def _outcome(decoded: DecodedAs) -> str:
    return f"{decoded.outcome}: {decoded.reason}" if decoded.reason else decoded.outcome
