"""The secrets that the engine keeps for a tenant: one file each, which its owner alone may read."""

import re

from core.catalogue.secrets import MOST_BYTES, NAME
from core.config.files import WRITING, write_private
from core.config.home import Home
from core.errors import TidegateError


def keep_secret(home: Home, tenant: str, name: str, value: str, *, fresh: bool = False) -> str:
    """Keeps a secret and gives the name it has; no message holds the secret. `fresh` leaves alone what is kept under
    that name, and takes `<name>-2` or the next that is free."""
    if not re.fullmatch(NAME, name):
        raise TidegateError(
            f"{name!r} is no name for a secret: write one such as lora-token: letters, digits, -, _ and ."
        )
    try:
        content = value.encode()
    except UnicodeEncodeError:
        raise TidegateError("the secret has a character that cannot be written as UTF-8") from None
    if not content.strip(b"\r\n"):
        raise TidegateError("the secret is empty")
    if len(content) > MOST_BYTES:
        raise TidegateError(f"the secret is longer than {MOST_BYTES >> 10} KiB")
    folder = home.secrets(tenant)
    with WRITING:
        taken, number = name, 1
        while fresh and (folder / taken).exists():
            number += 1
            taken = f"{name}-{number}"
        write_private(folder / taken, content)
    return taken
