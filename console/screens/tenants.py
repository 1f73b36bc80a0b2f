"""Manage Tenants: the tenants of this engine, and a new one."""

from textual.app import ComposeResult
from textual.widgets import Static

from console.screens.base import TidegateScreen


class ManageTenants(TidegateScreen):
    """The first screen: one row a tenant."""

    TITLE = "Manage Tenants"
    PLACE = "tenants"
    ACTIONS = ()

    def compose_body(self) -> ComposeResult:
        yield Static()
