"""Who a simulated device says it is: tokens, passwords and keys in header fields."""

import base64
import os
import re
from pathlib import Path

from core.errors import TidegateError

Field = tuple[str, str]
"""A header field's name and value; a value's characters are its bytes (Latin-1)."""

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""What names a header field or a method (RFC 9110 5.6.2)."""


def read_secret(text: str) -> bytes:
    """The secret behind `env:NAME` or `file:PATH`; anything else is the secret itself.

    One line end at a file's end is no part of it. TidegateError says what cannot be read, and never the secret.
    """
    way, _, place = text.partition(":")
    if way == "env":
        value = os.environb.get(os.fsencode(place))
        if not value:
            raise TidegateError(f"the environment variable {place} is not set")
        return value
    if way == "file":
        content = Path(place).read_bytes()
        secret = content[:-1].removesuffix(b"\r") if content.endswith(b"\n") else content
        if not secret:
            raise TidegateError(f"{place} is empty: it must hold the secret")
        return secret
    return text.encode()


def bearer(secret: str) -> Field:
    """A bearer token (RFC 6750)."""
    return "Authorization", f"Bearer {_in_field(read_secret(secret))}"


def basic(text: str) -> Field:
    """`USER:SECRET` as RFC 7617 writes it; ValueError where there is no colon."""
    user, colon, secret = text.partition(":")
    if not colon:
        raise ValueError(text)
    pair = user.encode() + b":" + read_secret(secret)
    return "Authorization", f"Basic {base64.b64encode(pair).decode()}"


def api_key(text: str) -> Field:
    """`NAME=SECRET` as a field of that name; ValueError where there is none."""
    name, equals, secret = text.partition("=")
    if not equals or not re.fullmatch(TOKEN, name):
        raise ValueError(text)
    return name, _in_field(read_secret(secret))


def _in_field(secret: bytes) -> str:
    if re.search(rb"[\0\r\n]", secret):
        raise TidegateError("a secret with a line break cannot be sent in a header")
    return secret.decode("latin-1")
