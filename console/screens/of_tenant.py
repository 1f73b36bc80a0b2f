"""What all screens inside one tenant share: its draft, Stage Updates, the plan, the question before a loss."""

import asyncio
import contextlib

from console.draft import Draft
from console.screens.base import Kind, TidegateScreen
from console.screens.dialogs import Answer, Question
from console.session import console_of
from console.text import plural
from core.control.client import ControlError
from core.control.codes import CONFLICT
from core.control.states import Node, TenantRow

TYPED_AHEAD = 1.0
"""Seconds that keys pressed before the draft has come wait for it."""


def waiting(staged: int) -> str:
    """What the row above the footer says of staged changes."""
    one = staged == 1
    return f"{plural(staged, 'staged change')} wait{'s' if one else ''}: p shows and applies {'it' if one else 'them'}"


class OfTenantScreen(TidegateScreen):
    """A screen about one tenant."""

    PLACE = "tenants"

    def __init__(self, tenant: str) -> None:
        super().__init__()
        self.tenant = tenant
        self._staged = -1

    @property
    def draft(self) -> Draft:
        """The tenant's draft; all screens of the tenant share it."""
        return self.session.drafts.of(self.tenant)

    @property
    def row(self) -> TenantRow | None:
        """The tenant as the engine last described it."""
        return self.session.tenant(self.tenant)

    @property
    def name_shown(self) -> str:
        return self.row.name if self.row else self.tenant

    def node(self, path: str) -> Node | None:
        """The state of a component, `default/lora`; None where it does not run."""
        here = self.link.status.tree if self.link.status else None
        walked = ""
        for part in path.split("/"):
            walked = f"{walked}/{part}" if walked else part
            here = next((child for child in here.children if child.path == walked), None) if here else None
        return here

    def on_mount(self) -> None:
        self.work(self._load)

    def on_screen_resume(self) -> None:
        if self.draft.loaded.is_set():
            self.draft_changed()
            self.work(self._load)

    def link_changed(self) -> None:
        if self.link.up:
            self.work(self._load)

    async def _load(self) -> None:
        await self.draft.load()
        self.show_draft()

    def status_changed(self) -> None:
        staged = self.row.staged if self.row else 0
        if staged != self._staged and self._staged >= 0 and self.is_current:
            self.work(self._load)  # somebody staged, applied or took back
        self._staged = staged

    def show_draft(self) -> None:
        """Shows the draft as it is now, and what the frame says of it."""
        if self.is_mounted:
            self.draft_changed()
            self.refresh_frame()

    def draft_changed(self) -> None:
        """The draft is another."""

    async def script_changed(self) -> None:
        """A script was saved: what was said against the draft for its sake may hold no more."""
        if self.draft.loaded.is_set():
            await self.draft.check_again()
            self.show_draft()

    async def drafted(self) -> bool:
        """Waits for the draft where keys were faster than it; says whether it is there."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TYPED_AHEAD):
                await self.draft.loaded.wait()
        return self.draft.loaded.is_set()

    def standing(self) -> tuple[str, Kind]:
        if self.draft.changed:
            return "this draft is not staged: ^s Stage Updates keeps it", "waits"
        if self.row and self.row.staged:
            return waiting(self.row.staged), "waits"
        if self.row and self.row.file_differs:
            return "tenant.toml was edited by hand and is not applied: p shows it", "waits"
        return "", "done"

    # Stage Updates.

    async def settle(self) -> None:
        """Brings what was typed last into the draft."""

    def action_stage(self) -> None:
        self.work_first(self.stage)

    async def stage(self) -> bool:
        """Stage Updates; says whether the draft is staged now."""
        await self.settle()
        draft = self.draft
        if draft.typed:
            (path, key), text = next(iter(draft.typed.items()))
            self.say(f"{path.replace('/', '.')}.{key}: {text!r} does not fit; put it right before staging", "wrong")
            return False
        if not draft.changed:
            self.say("there is nothing to stage: nothing was changed")
            return True
        try:
            await draft.stage()
        except ControlError as error:
            if error.code != CONFLICT:
                raise
            await self._conflict(str(error))
            return False
        self.say("staged: p shows what it means, and applies it")
        self.show_draft()
        return True

    async def _conflict(self, said: str) -> None:
        question = Question(
            "Something newer is staged",
            f"{said}.\n\nNothing was overwritten: your draft is as it was.",
            (
                Answer("onto", "Make my edits again on what is there now", "m"),
                Answer("theirs", "Give my edits up and show what is there now", "g"),
                Answer("keep", "Go on editing my draft", "k"),
            ),
        )
        await self.ask(question, self._resolve)

    async def _resolve(self, answer: str) -> None:
        if answer == "onto":
            await self._onto_newer()
        elif answer == "theirs":
            await self._give_up()

    async def _onto_newer(self) -> None:
        await self.draft.onto_newer()
        self.say("your edits are on top of what is there now; ^s stages them", "waits")
        self.show_draft()

    async def _give_up(self) -> None:
        await self.draft.load(again=True)
        self.show_draft()

    # The plan.

    async def action_plan(self) -> None:
        if not self.draft.changed or self.session.locked:
            await self._show_plan()
            return
        question = Question(
            "Stage Updates?",
            "The plan shows what is staged. This draft is not.",
            (
                Answer("stage", "Stage Updates, then show the plan", "s"),
                Answer("plan", "Show the plan without it", "p"),
                Answer("cancel", "Cancel", "c"),
            ),
        )
        await self.ask(question, self._planned)

    async def _planned(self, answer: str) -> None:
        if answer == "plan" or (answer == "stage" and await self.stage()):
            await self._show_plan()

    async def _show_plan(self) -> None:
        await console_of(self).show_plan(self.tenant)

    # Leaving the tenant.

    async def ask_before_loss(self) -> None:
        """Asks what becomes of an unstaged draft, and then leaves."""
        question = Question(
            "Leave with an unstaged draft?",
            f"{self.name_shown} has edits that are not staged.",
            (
                Answer("stage", "Stage Updates and leave", "s"),
                Answer("lose", "Give the edits up and leave", "g"),
                Answer("stay", "Stay", "c"),
            ),
        )
        await self.ask(question, self._leave)

    async def _leave(self, answer: str) -> None:
        if answer == "lose":
            await self._give_up()
        if answer == "lose" or (answer == "stage" and await self.stage()):
            self.leave()
