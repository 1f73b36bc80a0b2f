"""A handler whose settings have secrets."""

from typing import Annotated

from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting


class VaultSettings(Settings):
    """One secret that is needed, and one that is not."""

    token: Annotated[Secret, setting("Token", "what opens the vault")]
    level: Annotated[int, setting("Level", "how deep it lies", least=1, most=9)] = 1
    spare: Annotated[Secret | None, setting("Spare token", "what opens it too")] = None


COMPONENT = Component(
    role="interaction_handler",
    type="vault",
    title="Vault Handler Factory",
    summary="opens to who has the token",
    settings=VaultSettings,
    make=lambda *given: None,
)
