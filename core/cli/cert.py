"""`tidegate cert`: a self-signed certificate and its key, for trying TLS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

_CLIENT = "A device's: it may stand in a source's client_ca."


def cert(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="DNS names and addresses; else localhost's.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36500, metavar="N", help="How long it is good for.")] = 365,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path(),
    client: Annotated[bool, typer.Option("--client", help=_CLIENT)] = False,
) -> None:
    """Make a self-signed certificate and its key, for trying TLS.

    No file is overwritten. The lines for tenant.toml are printed.
    """
    from core.errors import TidegateError
    from core.wire.certificates import make_certificate

    wanted = names or (["device"] if client else ["localhost", "127.0.0.1", "::1"])
    try:
        certificate, key = make_certificate(wanted, days, client=client)
    except ValueError as error:
        raise TidegateError(str(error)) from error
    stem = _file_stem(wanted[0])
    folder = out.absolute()
    paths = folder / f"{stem}.crt", folder / f"{stem}.key"
    for path in paths:
        if os.path.lexists(path):
            raise TidegateError(f"{path} is there already: it was kept")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(paths[1], key, 0o600)
        _write_new(paths[0], certificate, 0o644)
    except OSError as error:
        raise TidegateError(f"cannot write {error.filename}: {error.strerror}") from error
    _say(*paths, client)


def _file_stem(name: str) -> str:
    """A name as a file's: `*.example.org` is no name that a shell should see, `::1` none that every disk takes."""
    return name.replace("*", "any").replace(":", "-").lstrip(".-") or "certificate"


def _write_new(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def _say(certificate: Path, key: Path, client: bool) -> None:
    import json

    from core.model.text import visible

    def quoted(path: Path) -> str:
        return visible(json.dumps(str(path), ensure_ascii=False))  # TOML's basic strings are written as JSON's are

    echo = typer.echo
    header = "[device_communication.event_sources.tls]"
    if client:
        echo(f"# {visible(str(key))} is the device's key. Below the source's {header}:")
        echo('client_certificates = "required"')
        echo(f"client_ca = {quoted(certificate)}")
    else:
        echo("# In tenant.toml, below the event source:")
        echo(header)
        echo('type = "certificate"')
        echo(f"certificate = {quoted(certificate)}")
        echo(f"key = {quoted(key)}")
