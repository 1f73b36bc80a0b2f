"""API Key: a key as the whole value of a header."""

from collections.abc import Mapping
from typing import Annotated

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting
from core.wire.credentials import REALM, TOKEN, TOKEN_HELP, AuthenticationId, alike, octets, secret_value


class ApiKeySettings(Settings):
    """Settings of an API key."""

    id: AuthenticationId
    key: Annotated[Secret, setting("Key", "what devices send in the header")]
    header: Annotated[str, setting("Header", "where the key stands", pattern=TOKEN, pattern_help=TOKEN_HELP)] = (
        "X-API-Key"
    )


class ApiKey:
    """See `core.catalogue.authenticating.Authenticator`."""

    challenge = f"ApiKey {REALM}"
    by_head = True
    needs_body = False

    def __init__(self, settings: ApiKeySettings, context: AuthenticationContext) -> None:
        self.name = settings.id
        self._header = settings.header
        self._field = settings.header.lower()
        self._key = secret_value(settings.key, context, "key")
        self.hidden_fields = frozenset({self._field})

    def look(self, now: float) -> bool:
        return self._key.look(now)

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        return self._field in fields

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        given = octets(fields.get(self._field, "").strip())
        return None if alike(given, self._key.now) else f"the key in {self._header} is wrong"


COMPONENT = Component(
    role="authentication",
    type="api_key",
    title="API Key",
    summary="a key in a header, such as X-API-Key",
    settings=ApiKeySettings,
    make=ApiKey,
)
