"""The forms of what is the tenant's own: its settings, and how long what it received is kept."""

from typing import Any

from console.draft import table_at
from console.screens.component import FORM_ACTIONS
from console.screens.form import FormScreen
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import Setting, describe
from core.catalogue.tenant import TENANT, TenantSettings


class TenantSettingsScreen(FormScreen):
    """The tenant's own settings."""

    TITLE = "Tenant settings"
    ABOUT = "The tenant's own settings: what people call it, and whether it starts with the engine."
    ACTIONS = FORM_ACTIONS

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant, TENANT)

    @property
    def settings(self) -> dict[str, Setting]:
        return describe(TenantSettings)

    @property
    def fixed(self) -> frozenset[str]:
        return frozenset({"id"})

    @property
    def table(self) -> dict[str, Any]:
        return table_at(self.session.catalogue, self.draft.view.data, TENANT) or {}

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.name_shown, "Tenant")


class RetentionScreen(FormScreen):
    """How long what the tenant received is kept."""

    TITLE = "Retention"
    ABOUT = (
        "How long what this tenant received is kept. Whole journal files are deleted, the oldest first, by whichever "
        "limit is reached first. What is left empty is as instance.toml says for all tenants; a tenant's own limits "
        "may only be tighter. What is deleted is gone for good. Engine State says what is kept: v on the tenant."
    )
    ACTIONS = FORM_ACTIONS

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant, RETENTION)

    @property
    def settings(self) -> dict[str, Setting]:
        return describe(TenantRetention)

    @property
    def table(self) -> dict[str, Any]:
        return table_at(self.session.catalogue, self.draft.view.data, RETENTION) or {}

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.name_shown, "Retention")
