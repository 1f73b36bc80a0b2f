"""What every screen shares: the link to the engine, the catalogue, and who is looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol, cast

from textual.message_pump import MessagePump
from textual.widget import Widget

from console.backing_up import BackingUp
from console.draft import Drafts
from console.link import EngineLink
from core.catalogue.registry import Catalogue
from core.control.replays import Replay, ReplayStatus
from core.control.states import TenantRow


@dataclass
class Session:
    """One console at one engine."""

    link: EngineLink
    catalogue: Catalogue
    readonly: bool = False
    """It was asked to change nothing; the engine may allow no more either way."""
    zone: tzinfo | None = None
    """The viewer's time zone; None is the machine's."""
    screens: list[MessagePump] = field(default_factory=list[MessagePump])
    """The screens that are open, which hear of what the engine says."""
    commands: list[str] = field(default_factory=list[str])
    """What was entered in the `:` line, oldest first."""
    backup: BackingUp | None = None
    """The backup that this console made last, or makes."""
    drafts: Drafts = field(init=False)

    def __post_init__(self) -> None:
        self.drafts = Drafts(self.link)

    @property
    def locked(self) -> str:
        """Why nothing can be changed here, as a sentence; empty where it can."""
        if self.readonly:
            return "this console is read-only: start it without --readonly to change something"
        if self.link.welcome is not None and self.link.welcome.role == "viewer":
            return "your role is viewer: it sees everything and changes nothing; `admins` in instance.toml says who may"
        return ""

    def tenant(self, tenant: str) -> TenantRow | None:
        """What is known of a tenant; None where there is none of that id."""
        status = self.link.status
        return next((row for row in status.tenants if row.id == tenant), None) if status else None

    def now(self) -> datetime:
        """The viewer's time."""
        return datetime.now(self.zone).astimezone(self.zone)


class Console(Protocol):
    """The app, as far as screens need to know it."""

    session: Session

    def hold_keys(self) -> None:
        """Keys wait from now on, for a second at most, until `release_keys`."""
        ...

    def release_keys(self) -> None:
        """Keys act again, those that waited first."""
        ...

    async def show_plan(self, tenant: str) -> None:
        """Opens the plan of a tenant."""
        ...

    async def show_connections(self, tenant: str, source: str) -> None:
        """Opens the connections of an event source."""
        ...

    async def show_replay(self, asked: Replay | ReplayStatus, *, undo: bool = False) -> None:
        """Opens a replay: what it would change, or how far one is that there is; `undo` asks whether to take it
        back."""
        ...

    async def show_replays(self, tenant: str | None) -> None:
        """Offers the replays that there are, of one tenant or of all, to open one."""
        ...

    async def show_backup(self, file: Path | None = None, *, with_secrets: bool = False) -> None:
        """Asks for the file of a backup, or makes it; says how far one is that runs."""
        ...

    async def go_to(self, name: str, *, path: str = "", filter: str = "") -> None:
        """Opens a place (`tenants`, `traffic`, `state`), and there a tenant or source, or a feed with a filter."""
        ...


def console_of(widget: Widget) -> Console:
    """The app that `widget` is in."""
    return cast("Console", widget.app)


def session_of(widget: Widget) -> Session:
    """The session of the app that `widget` is in."""
    return console_of(widget).session
