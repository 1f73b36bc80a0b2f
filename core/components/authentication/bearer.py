"""Bearer Token: `Authorization: Bearer …` (RFC 6750)."""

from collections.abc import Mapping
from typing import Annotated

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting
from core.wire.credentials import REALM, AuthenticationId, alike, credentials, octets, secret_value


class BearerSettings(Settings):
    """Settings of a bearer token."""

    id: AuthenticationId
    token: Annotated[Secret, setting("Token", "what devices send behind Bearer")]


class Bearer:
    """See `core.catalogue.authenticating.Authenticator`."""

    challenge = f"Bearer {REALM}"
    by_head = True
    needs_body = False
    hidden_fields = frozenset[str]()

    def __init__(self, settings: BearerSettings, context: AuthenticationContext) -> None:
        self.name = settings.id
        self._token = secret_value(settings.token, context, "token")

    def look(self, now: float) -> bool:
        return self._token.look(now)

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        return credentials(fields.get("authorization"), "bearer") is not None

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        token = credentials(fields.get("authorization"), "bearer") or ""
        return None if alike(octets(token), self._token.now) else "the bearer token is wrong"


COMPONENT = Component(
    role="authentication",
    type="bearer",
    title="Bearer Token",
    summary="Authorization: Bearer and a token",
    settings=BearerSettings,
    make=Bearer,
)
