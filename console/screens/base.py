"""The frame that every screen stands in, and how its actions are performed."""

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Literal, ParamSpec, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer

from console.actions import Action, footer_actions, with_everywhere
from console.commands.command import Lead
from console.link import EngineLink, LinkChanged, StatusChanged
from console.places import PLACES
from console.screens.command_line import CommandLine
from console.screens.dialogs import Dialog, Notice, help_text
from console.session import Session, console_of, session_of
from console.text import fault_words, signs
from console.widgets.frame import Heading, KeyLine, PlacesLine, Saying
from core.control.client import ControlError
from core.errors import TidegateError

SAYING_SECONDS = 8.0
"""How long the row above the footer tells what just happened, before it tells what waits again."""

Kind = Literal["done", "waits", "wrong"]
R = TypeVar("R")
P = ParamSpec("P")


class TidegateScreen(Screen[None]):
    """A screen in the frame. A subclass gives `TITLE`, `PLACE`, `ACTIONS` (an `action_<name>` each), `compose_body()`.

    An `action_` method runs while keys wait, so it must be quick: what asks the engine goes into `self.work(do, …)`.
    """

    ACTIONS: ClassVar[tuple[Action, ...]] = ()
    PLACE: ClassVar[str] = ""
    """Which place it belongs to."""
    ABOUT: ClassVar[str] = ""
    """What it is for, in a few sentences, for `?` and F1."""

    _telling: Timer | None = None
    place = ""
    """Where it stands, for a screen that several places lead to; else `PLACE`."""

    def __init_subclass__(cls, **options: Any) -> None:  # Textual's own options, passed on
        if "ACTIONS" in cls.__dict__:
            cls.ACTIONS = with_everywhere(cls.ACTIONS)
            cls.BINDINGS = [*cls.__dict__.get("BINDINGS", ()), *(action.binding() for action in cls.ACTIONS)]
        super().__init_subclass__(**options)

    def compose(self) -> ComposeResult:
        yield Heading()
        places = PlacesLine()
        places.places, places.here = PLACES, self.place or self.PLACE
        yield places
        with Container(id="body"):
            yield from self.compose_body()
        yield Saying()
        keys = KeyLine()
        keys.actions = footer_actions(self.shown_actions())
        yield keys

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets, between the rules."""
        yield from ()

    def on_mount(self) -> None:
        self.session.screens.append(self)
        self.refresh_frame()

    def on_unmount(self) -> None:
        self.session.screens.remove(self)

    @property
    def session(self) -> Session:
        """What all screens share."""
        return session_of(self)

    @property
    def link(self) -> EngineLink:
        """The connection to the engine."""
        return self.session.link

    @property
    def stands(self) -> bool:
        """Its widgets are there: it is made, and not being taken down."""
        return bool(self.query(Heading))

    # What subclasses say of themselves.

    def trail(self) -> tuple[str, ...]:
        """The way here, outermost first, for row 1."""
        return ("Tidegate", self.title or "")

    def note(self) -> str:
        """A word for row 1 beside the engine (`following`)."""
        return ""

    def standing(self) -> tuple[str, Kind]:
        """What waits or is wrong on this screen, for the row above the footer; `("", "done")` when all is well."""
        return "", "done"

    def shown_actions(self) -> tuple[Action, ...]:
        """The actions as they stand now, most important first; the footer shows the first five and help."""
        return self.ACTIONS

    def status_changed(self) -> None:
        """The engine's state is newer (`self.link.status`)."""

    def link_changed(self) -> None:
        """The engine was reached, or went away (`self.link.up`)."""

    async def may_leave(self) -> bool:
        """Whether it can be left for another screen now; where not, it has asked."""
        return True

    async def follow(self, path: str, filter: str) -> None:
        """Goes on to a tenant or source, or shows a filter: where `GoTo` led."""

    # The frame.

    def on_status_changed(self, message: StatusChanged) -> None:
        message.stop()
        self.refresh_frame()
        self.status_changed()

    def on_link_changed(self, message: LinkChanged) -> None:
        message.stop()
        self.refresh_frame()
        self.link_changed()
        if self.link.up:
            self.status_changed()

    def on_screen_resume(self) -> None:
        self.refresh_frame()
        self.status_changed()

    def refresh_frame(self) -> None:
        """Shows rows 1 and 2, the saying and the footer as things stand."""
        if not self.is_mounted or not self.stands:
            return
        self.query_one(Heading).show(self.trail(), self.note())
        self.query_one(PlacesLine).refresh()
        self.query_one(KeyLine).show(footer_actions(self.shown_actions()))
        if self._telling is None:
            self.query_one(Saying).say(*self._stands())

    def _stands(self) -> tuple[str, Kind]:
        if self.link.gone_since is not None:
            return f"{self.link.reason}; what is shown here is from before", "wrong"
        return self.standing()

    def say(self, text: str, kind: Kind = "done") -> None:
        """Tells what just happened, for some seconds; then what stands is told again."""
        if self._telling is not None:
            self._telling.stop()
        self._telling = self.set_timer(SAYING_SECONDS, self._told)
        self.query_one(Saying).say(text, kind)

    def _told(self) -> None:
        self._telling = None
        self.query_one(Saying).say(*self._stands())

    # Actions.

    async def action_perform(self, name: str) -> None:
        """Performs one of `ACTIONS`, unless the operator may not."""
        action = next((action for action in self.ACTIONS if action.name == name), None)
        if action is None:
            return  # a double click on a row, on a screen whose rows open nothing
        if action.danger and self.session.locked:
            self.say(self.session.locked, "wrong")
            return
        try:
            done: object = getattr(self, f"action_{name}")()
            if inspect.isawaitable(done):
                await done
        except TidegateError as error:
            self.say(_words(error), "wrong")

    def work(self, do: Callable[P, Awaitable[object]], *given: P.args, **named: P.kwargs) -> None:
        """Runs what waits for the engine beside the screen; a refusal is told in the row above the footer."""
        self.run_worker(partial(self.tried, do, *given, **named))

    def work_first(self, do: Callable[P, Awaitable[object]], *given: P.args, **named: P.kwargs) -> None:
        """As `work`, for what the next key builds on: keys wait for it, for a second at most."""

        async def held() -> None:
            try:
                await do(*given, **named)
            finally:
                console_of(self).release_keys()

        console_of(self).hold_keys()
        self.work(held)

    async def ask(self, dialog: Dialog[R], then: Callable[[R], Awaitable[object]]) -> None:
        """Opens a dialog; `then` is run with its answer, beside the screen, and not at all where it was cancelled."""

        async def answered(answer: R) -> None:
            try:
                await then(answer)
            finally:
                console_of(self).release_keys()

        def closed(answer: R | None) -> None:
            if answer is not None:
                self.work(answered, answer)

        await self.app.push_screen(dialog, closed)

    async def tried(self, do: Callable[P, Awaitable[object]], *given: P.args, **named: P.kwargs) -> None:
        """Does it, and tells what the engine says against it."""
        try:
            await do(*given, **named)
        except TidegateError as error:
            if self.stands:
                self.say(_words(error), "wrong")
        except NoMatches:
            if self.stands:
                raise
            # the screen was left meanwhile: there is nothing to show it on

    def leave(self) -> None:
        """Goes back, without a question, when what runs now is done: its own work would end with the screen."""
        self.app.call_later(self._leave_now)

    async def _leave_now(self) -> None:
        if self.is_current and len(self.app.screen_stack) > 1:
            await self.app.pop_screen()

    async def action_back(self) -> None:
        if len(self.app.screen_stack) > 1 and await self.may_leave():
            await self.app.pop_screen()

    async def action_help(self) -> None:
        await self.app.push_screen(Notice("What can be done here", help_text(signs(self.ABOUT), self.ACTIONS)))

    async def action_manual(self) -> None:
        await self.app.push_screen(Notice(self.title or "Tidegate", Text(signs(self.ABOUT))))

    async def action_quit(self) -> None:
        await self.app.run_action("app.quit")

    async def action_command(self) -> None:
        await self.ask(CommandLine(), self._commanded)

    async def _commanded(self, outcome: str | Lead) -> None:
        if isinstance(outcome, str):
            if outcome:
                self.say(outcome)
        else:  # it may lead away from this screen, whose own work would end with it
            self.app.run_worker(partial(self.tried, outcome))


def _words(error: TidegateError) -> str:
    """What went wrong in one line: where faults came with it, the first of them says more than the sum."""
    faults = error.faults if isinstance(error, ControlError) else []
    if not faults:
        return str(error).replace("\n", " ")
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{fault_words(faults[0])}{more}"
