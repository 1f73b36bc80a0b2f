"""User Name and Password: `Authorization: Basic …` (RFC 7617)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Component
from core.catalogue.secrets import Secret
from core.catalogue.settings import Settings, setting
from core.wire.credentials import REALM, AuthenticationId, alike, credentials, octets, secret_value


class BasicSettings(Settings):
    """Settings of a user name and its password."""

    id: AuthenticationId
    username: Annotated[
        str,
        setting(
            "User name",
            "what devices send as the user",
            pattern=r"[^:\x00-\x1f\x7f]{1,255}",
            pattern_help="is no user name: 1 to 255 characters, none of them a colon",
        ),
    ]
    password: Annotated[Secret, setting("Password", "what devices send as that user's password")]


class Basic:
    """See `core.catalogue.authenticating.Authenticator`."""

    challenge = f'Basic {REALM}, charset="UTF-8"'
    by_head = True
    needs_body = False
    hidden_fields = frozenset[str]()

    def __init__(self, settings: BasicSettings, context: AuthenticationContext) -> None:
        self.name = settings.id
        self._username = settings.username.encode()
        self._password = secret_value(settings.password, context, "password")

    def look(self, now: float) -> bool:
        return self._password.look(now)

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        return credentials(fields.get("authorization"), "basic") is not None

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        given = credentials(fields.get("authorization"), "basic") or ""
        try:
            pair = base64.b64decode(octets(given), validate=True)
        except binascii.Error:
            return "what stands behind Basic is no base64"
        username, _, password = pair.partition(b":")
        known, right = alike(username, self._username), alike(password, self._password.now)
        return None if known & right else "the user name or the password is wrong"


COMPONENT = Component(
    role="authentication",
    type="basic",
    title="User Name and Password",
    summary="Authorization: Basic with a user name and a password",
    settings=BasicSettings,
    make=Basic,
)
