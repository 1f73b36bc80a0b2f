"""From requests of a list to a replay of them: which ones, if that is not plain."""

from console.screens.base import TidegateScreen
from console.screens.dialogs import Answer, Question
from console.screens.replay import ReplayScreen
from console.text import clock_text
from console.widgets.traffic_list import TrafficList
from core.control.replays import MOST_NAMED, Replay
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

    async def chosen(answer: str) -> None:
        if answer == "one" and row is not None:
            await replay_rows(screen, [row])
        else:
            await screen.app.push_screen(ReplayScreen(Replay(tenant=all_of, filter=filter)))

    await screen.ask(Question("Replay", "Which requests are decoded again?", tuple(answers)), chosen)


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
