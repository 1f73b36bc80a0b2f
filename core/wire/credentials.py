"""What the authentication components share: how credentials are read off the wire and compared."""

import hashlib
import hmac
import re
from typing import Annotated

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.secrets import Secret, SecretValue
from core.catalogue.settings import setting
from core.errors import ConfigurationError, Fault, TidegateError

REALM = 'realm="tidegate"'
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"
"""A field's name (RFC 9110, 5.6.2)."""
TOKEN_HELP = "is no header's name: write one such as X-API-Key"
_CREDENTIALS = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) +(\S.*)")

AuthenticationId = Annotated[
    str,
    setting(
        "Id",
        "what scripts find as auth.name when it has let a request in",
        pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        pattern_help="is no id: letters, digits, - and _, at most 64, beginning with a letter or digit",
    ),
]


def octets(text: str) -> bytes:
    """A field's value as the bytes that came."""
    return text.encode("latin-1", "replace")


def credentials(fields_value: str | None, scheme: str) -> str | None:
    """What stands in Authorization behind `scheme`, whose case does not matter (RFC 9110, 11.4); None where another
    scheme stands there, or nothing."""
    found = _CREDENTIALS.fullmatch(fields_value.strip()) if fields_value else None
    return found[2] if found is not None and found[1].lower() == scheme else None


def alike(one: bytes, other: bytes) -> bool:
    """Whether they are equal; how long it takes tells nothing of where they differ, nor of how long they are."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def secret_value(secret: Secret, context: AuthenticationContext, key: str) -> SecretValue:
    """The secret that the setting `key` names; ConfigurationError with that key where it cannot be read."""
    try:
        return SecretValue(secret, context.tenant_folder)
    except TidegateError as error:
        raise ConfigurationError([Fault(key=key, message=str(error))]) from error
