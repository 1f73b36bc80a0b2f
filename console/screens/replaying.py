"""From requests of a list to a replay of them: which ones, if that is not plain."""

from console.screens.base import TidegateScreen
from console.screens.dialogs import Answer, Question
from console.screens.picker import Entry, Picker
from console.screens.replay import ReplayScreen
from console.text import clock_text, local
from console.widgets.traffic_list import TrafficList
from core.control.replay_words import chosen, outcome_words
from core.control.replays import MOST_NAMED, Replay, ReplayQuery, Replays, ReplayStatus
from core.model.requests import TrafficRow


async def choose_replay(screen: TidegateScreen, traffic: TrafficList, tenant: str | None, filter: str) -> None:
    """Replays the marked requests; without marks, asks whether the current one is meant or all that the filter lets
    through."""
    if traffic.marked:
        await replay_rows(screen, list(traffic.marked.values()))
        return
    row = traffic.current
    all_of = tenant or (row.tenant if row is not None else None)
    if all_of is None:
        screen.say("there is no request here: T chooses a tenant")
        return
    traffic.pause()
    answers: list[Answer] = []
    if row is not None:
        answers.append(Answer("one", f"This one, of {clock_text(row.received_date)}", "r"))
    every = f"All that match {filter}" if filter else "All that are kept"
    answers.append(Answer("all", f"{every}, of {all_of}", "a"))

    async def decided(answer: str) -> None:
        if answer == "one" and row is not None:
            await replay_rows(screen, [row])
        else:
            await screen.app.push_screen(ReplayScreen(Replay(tenant=all_of, filter=filter)))

    await screen.ask(Question("Replay", "Which requests are decoded again?", tuple(answers)), decided)


async def replay_rows(screen: TidegateScreen, rows: list[TrafficRow]) -> None:
    """Replays these requests, which must be of one tenant and have reached a decoder."""
    tenants = {row.tenant for row in rows}
    decodable = [row.id for row in rows if row.outcome != "refused"]
    if not decodable:
        screen.say("what was refused never reached a decoder: there is nothing to decode again", "wrong")
    elif len(tenants) > 1:
        screen.say("these are of several tenants: mark those of one", "wrong")
    elif len(decodable) > MOST_NAMED:
        screen.say(f"more than {MOST_NAMED:,} are marked: choose them by a filter", "wrong")
    else:
        await screen.app.push_screen(ReplayScreen(Replay(tenant=tenants.pop(), requests=decodable)))


async def choose_known_replay(screen: TidegateScreen, tenant: str | None) -> None:
    """Offers the replays that run and those that have ended, the newest first, and opens the one chosen."""
    listed = await screen.link.call("replays.list", ReplayQuery(tenant=tenant), Replays)
    known = {status.id: status for status in listed.replays if not status.dry_run}
    if not known:
        screen.say("there has been no replay" + (f" of {tenant}" if tenant else ""))
        return

    async def opened(id: str) -> None:
        await screen.app.push_screen(ReplayScreen(known[id]))

    entries = [Entry(status.id, _title(status), outcome_words(status), words=status.id) for status in known.values()]
    await screen.ask(Picker("Replays", entries, verb="Open"), opened)


def _title(status: ReplayStatus) -> str:
    which = chosen(status.asked, status.named)
    return f"{local(status.created):%d %b %H:%M}  {status.tenant}  {status.state}  {which}"
