"""The console: which screens there are, how one gets to them, and how it begins and ends."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

import themes
from console import embedded
from console.backing_up import BackingUp
from console.hangup import end_with_the_terminal
from console.key_turns import KeyTurns
from console.link import EngineLink
from console.places import PLACES, screen_of
from console.screens.backup import BackupDialog
from console.screens.base import TidegateScreen
from console.screens.component import ComponentScreen
from console.screens.connections import ConnectionsScreen
from console.screens.dialogs import Answer, Question
from console.screens.framing import FramingScreen
from console.screens.plan import PlanScreen
from console.screens.replay import ReplayScreen
from console.screens.replaying import choose_known_replay
from console.screens.save import problem_with
from console.session import Session
from core.catalogue.registry import Catalogue, catalogue
from core.control.client import ControlClient, EngineGone
from core.control.replays import Replay, ReplayStatus
from core.errors import TidegateError

SHUTDOWN_LIMIT = 20.0
"""Seconds an engine may take to drain and end when the console stops it."""


STYLES: list[str | PurePath] = sorted((Path(__file__).parent / "screens").glob("*.tcss"))
"""The screens' styles, all read at the start: for one that comes later Textual parses the others anew."""

ComponentScreen.of_role["framing"] = FramingScreen


class TidegateApp(App[int]):
    """The console at one engine. `reach` makes a greeted client; an `owned` engine ends with this console."""

    TITLE = "Tidegate"
    CSS_PATH: ClassVar = STYLES
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(place.digit, f"place('{place.name}')", place.title, show=False) for place in PLACES),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        reach: Callable[[], Awaitable[ControlClient]],
        components: Catalogue | None = None,
        *,
        readonly: bool = False,
        owned: bool = False,
    ) -> None:
        super().__init__()
        self.owned = owned
        self.key_turns = KeyTurns(self)
        self.session = Session(EngineLink(reach, lambda: self.session.screens), components or catalogue(), readonly)
        for name in self.available_themes:
            self.unregister_theme(name)
        for theme in themes.load_themes().values():
            self.register_theme(theme)
        self.set_reactive(App.theme, themes.chosen_theme())
        for place in PLACES:
            self.add_mode(place.name, screen_of(place))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.default_variables()

    async def on_mount(self) -> None:
        self.run_worker(self.session.link.run(), name="link")
        await self.switch_mode(PLACES[0].name)

    def on_ready(self) -> None:
        gc.freeze()  # what is there now stays: collecting it again and again would only hold keys up

    # Ways about.

    async def action_place(self, name: str) -> None:
        await self.go_to(name)

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self.key_turns.admit(event):
            taker = self.focused or (self.screen_stack[-1] if self.screen_stack else None)
            await super().on_event(event)
            self.key_turns.acted(taker)

    def hold_keys(self) -> None:
        self.key_turns.hold()

    def release_keys(self) -> None:
        self.key_turns.release()

    async def show_plan(self, tenant: str) -> None:
        await self.push_screen(PlanScreen(tenant))

    async def show_connections(self, tenant: str, source: str) -> None:
        await self.push_screen(ConnectionsScreen(tenant, source, self.current_mode))

    async def show_replay(self, asked: Replay | ReplayStatus, *, undo: bool = False) -> None:
        await self.push_screen(ReplayScreen(asked, undo=undo))

    async def show_replays(self, tenant: str | None) -> None:
        if isinstance(self.screen, TidegateScreen):
            await choose_known_replay(self.screen, tenant)

    async def show_backup(self, file: Path | None = None, *, with_secrets: bool = False) -> None:
        screen, link, known = self.screen, self.session.link, self.session.backup
        if not isinstance(screen, TidegateScreen):
            return
        if link.welcome is None:
            raise EngineGone("the engine is away: nobody says which home this is")
        home = link.welcome.home
        running = known if known is not None and known.state == "running" else None
        if file is not None and running is not None:
            raise TidegateError(f"one backup at a time: {running.words()}")

        def begin(path: Path) -> BackingUp:
            self.session.backup = made = BackingUp(home, path, with_secrets=with_secrets)
            self.run_worker(self._back_up(made))
            return made

        async def told(made: BackingUp) -> None:
            screen.say(made.words())

        if file is not None and not problem_with(file):
            running = begin(file)
        await screen.ask(BackupDialog(begin, running, file, with_secrets=with_secrets), told)

    async def _back_up(self, backup: BackingUp) -> None:
        await backup.run()
        if isinstance(self.screen, TidegateScreen):  # nobody looks at it
            self.screen.say(backup.words(), "done" if backup.state == "done" else "wrong")

    async def go_to(self, name: str, *, path: str = "", filter: str = "") -> None:
        """Opens a place as it was left; where one is in it already, its first screen.

        `path` and `filter` are for that first screen to follow. A screen that has a question first stays.
        """
        here = self.current_mode == name
        if not here:
            await self.switch_mode(name)
        if here or path or filter:
            while len(self.screen_stack) > 1:
                if not await self._left():
                    return
                await self.pop_screen()
        screen = self.screen
        if isinstance(screen, TidegateScreen) and (path or filter):
            await screen.follow(path, filter)

    async def _left(self) -> bool:
        """Whether the current screen lets itself be left without a question."""
        screen = self.screen
        return not isinstance(screen, TidegateScreen) or await screen.may_leave()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        for place in PLACES:
            yield SystemCommand(place.title, f"goes there ({place.digit})", lambda name=place.name: self.go_to(name))
        if isinstance(screen, TidegateScreen):
            for action in screen.ACTIONS:
                perform = lambda name=action.name: screen.action_perform(name)  # noqa: E731
                yield SystemCommand(action.title, f"{action.description} ({action.shown_key})", perform)
        yield SystemCommand("Theme", "changes the colours", self.action_change_theme)

    def watch_theme(self, theme: str) -> None:
        if self.is_mounted and theme in themes.load_themes() and theme != themes.chosen_theme():
            themes.remember_theme(theme)

    # The end.

    async def action_quit(self) -> None:
        """Quits; asks first where that would stop an engine or lose a draft."""
        if isinstance(self.screen, Question):
            return
        lost = [draft.tenant for draft in self.session.drafts.changed()]
        stops, backup = self._would_stop(), self.session.backup
        backs_up = backup is not None and backup.state == "running"
        if not lost and not stops and not backs_up:
            self.exit(0)
            return
        said = [f"What is not staged is lost: the draft of {', '.join(lost)}."] if lost else []
        if backs_up:
            said.append("The backup that is being made is given up.")
        if stops:
            said.append("The engine of this home was started by a console. Devices can send only while it runs.")
        stay = Answer("stay", "Cancel", "c")
        leave = Answer("leave", "Leave it running and quit" if stops else "Quit", "l" if stops else "u")
        stop = (Answer("stop", "Stop the engine and quit", "s"),) if stops else ()
        await self.push_screen(Question("Quit", "\n\n".join(said), (*stop, leave, stay)), self._quit)

    def _would_stop(self) -> bool:
        """Whether it is this console's to stop the engine."""
        welcome = self.session.link.welcome
        return welcome is not None and welcome.mode == "embedded" and not self.owned and not self.session.locked

    def _quit(self, answer: str | None) -> None:
        self.release_keys()
        if answer == "leave":
            self.exit(0)
        elif answer == "stop":
            self.run_worker(self._stop_and_quit)

    async def _stop_and_quit(self) -> None:
        with contextlib.suppress(TidegateError):
            await self.session.link.call("shutdown", timeout=SHUTDOWN_LIMIT)
        self.exit(0)


def run(home: Path, *, demo: bool = False, readonly: bool = False) -> int:
    """Opens the console on `home`; starts its engine where none runs. The exit status of the process."""
    try:
        asyncio.run(_begin(home, readonly))
    except TidegateError as error:
        print(f"tidegate: {error}", file=sys.stderr)
        return 1
    end_with_the_terminal()
    app = TidegateApp(lambda: embedded.reach(home, "viewer" if readonly else None), readonly=readonly, owned=demo)
    return app.run() or app.return_code or 0


async def _begin(home: Path, readonly: bool) -> None:
    try:
        await (await embedded.reach(home)).close()
    except embedded.EngineGone:
        if readonly:
            raise TidegateError(f"no engine runs for {home}, and --readonly starts none") from None
        await embedded.start(home)
