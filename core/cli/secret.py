"""`tidegate secret`: keeps a secret for a tenant, read from a terminal without echo, or from stdin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption, TenantArgument

if TYPE_CHECKING:
    from core.cli.reach import Engine


def secret(
    tenant: TenantArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is kept as: lora-token")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a secret for a tenant's components.

    printf %s "$TOKEN" | tidegate secret default lora-token

    A setting names it as file:secrets/NAME. What was kept under that name before is replaced, and acts within a second.
    """
    from core.cli.output import print_json
    from core.cli.reach import with_engine
    from core.control.secrets import KeptSecret, WriteSecret

    asked = WriteSecret(tenant=tenant, name=name, value=_read(name))

    async def keep(engine: Engine) -> KeptSecret:
        return await engine.call("secrets.write", asked, KeptSecret)

    kept = with_engine(home, keep)
    if as_json:
        print_json(kept)
    else:
        typer.echo(f"kept; a setting names it as file:{kept.file}")


def _read(name: str) -> str:
    """The secret, without a newline at its end."""
    from core.catalogue.secrets import MOST_BYTES
    from core.errors import TidegateError

    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(f"{name}: ")
    content = sys.stdin.buffer.read(MOST_BYTES + 3)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise TidegateError("the secret on stdin is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
