"""A tenant's own settings, and where its components stand in tenant.toml."""

from typing import Annotated

from core.catalogue.component import EVENT_SOURCES, Slot
from core.catalogue.naming import ID, ID_HELP
from core.catalogue.settings import Settings, setting


class TenantSettings(Settings):
    """The `[tenant]` table."""

    id: Annotated[
        str,
        setting("Tenant Id", "names this tenant everywhere, its folder too", pattern=ID, pattern_help=ID_HELP),
    ]
    name: Annotated[
        str,
        setting(
            "Tenant Name",
            "what people call this tenant",
            pattern=r"(?=.*\S)[^\x00-\x1f\x7f-\x9f]{1,100}",
            pattern_help="is no name: write one of 1 to 100 characters on one line",
        ),
    ]
    autostart: Annotated[bool, setting("Start with the engine", "started when the engine starts")] = True


TENANT = "tenant"
"""The table of `TenantSettings`, and its path in an edit."""
DEVICE_COMMUNICATION = "device_communication"
"""The table that holds the lists of `DEVICE_COMMUNICATION_SLOTS`."""
DEVICE_COMMUNICATION_SLOTS: tuple[Slot, ...] = (EVENT_SOURCES,)
