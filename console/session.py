"""What every screen shares: the link to the engine, the catalogue, and who is looking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Protocol, cast, runtime_checkable

from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget

from console.link import EngineLink
from core.catalogue.registry import Catalogue
from core.control.messages import TenantRow


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
    drafts: dict[str, object] = field(default_factory=dict[str, object])

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


@runtime_checkable
class HasSession(Protocol):
    """The app, as far as screens need to know it."""

    session: Session


def session_of(widget: Widget) -> Session:
    """The session of the app that `widget` is in."""
    return cast("HasSession", widget.app).session


class GoTo(Message):
    """Asks the app for a place (`tenants`, `traffic`, `state`), a tenant or source there, or a filter of the feed."""

    def __init__(self, place: str, *, path: str = "", filter: str = "") -> None:
        super().__init__()
        self.place = place
        self.path = path
        self.filter = filter
