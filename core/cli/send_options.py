"""What the options of `tidegate send` mean; typer.BadParameter says what is wrong with which."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from core.cli.simulator.credentials import Field
    from core.cli.simulator.line import Target
    from core.cli.simulator.signature import Signature

SECRET = "env:NAME or file:PATH"


def over_tls(
    target: Target,
    ca: Path | None,
    insecure: bool,
    certificate: Path | None,
    key: Path | None,
    key_password: str,
    version: str | None,
    server_name: str | None,
) -> Target:
    """The target, spoken to over TLS."""
    from core.cli.simulator.connect import client_tls
    from core.cli.simulator.credentials import read_secret

    if target.scheme == "http":
        raise typer.BadParameter("write the target as https://", param_hint="--tls")
    if target.scheme == "udp":
        raise typer.BadParameter("TLS is not spoken over UDP", param_hint="--tls")
    if certificate is None:
        refuse_any({"--key": key, "--key-password": key_password}, "it belongs to --cert FILE")
    tls = client_tls(
        ca=ca,
        insecure=insecure,
        certificate=certificate,
        key=key,
        key_password=read_secret(key_password) if key_password else None,
        version=version,
        server_name=server_name,
    )
    return replace(target, tls=tls)


def over_udp(target: Target) -> Target:
    """The target, spoken to over UDP."""
    if target.scheme in ("http", "https"):
        raise typer.BadParameter("write the target as HOST:PORT", param_hint="--udp")
    return replace(target, scheme="udp")


def refuse_any(options: Mapping[str, object], reason: str) -> None:
    """Minds the first of these options that was given, for that reason."""
    for name, given in options.items():
        if given:
            raise typer.BadParameter(reason, param_hint=name)


def header_field(text: str) -> Field:
    """`NAME:VALUE`."""
    from core.cli.simulator.credentials import TOKEN

    name, colon, value = text.partition(":")
    if not colon or not re.fullmatch(TOKEN, name.strip()):
        raise typer.BadParameter(f"{text!r} is no header: write 'Name: value'", param_hint="--header")
    return name.strip(), field_value(value.strip(), "--header")


def method_name(text: str) -> str:
    """A method, in capitals."""
    from core.cli.simulator.credentials import TOKEN

    if not re.fullmatch(TOKEN, text):
        raise typer.BadParameter(f"{text!r} is no method", param_hint="--method")
    return text.upper()


def field_value(text: str, option: str) -> str:
    """What may stand in a header."""
    if not (text.isascii() and text.isprintable()):
        raise typer.BadParameter(f"{text!r} is no header's value", param_hint=option)
    return text


def credential_fields(bearer: str, basic: str, api_key: str) -> list[Field]:
    """The header fields that say who sends."""
    from core.cli.simulator import credentials

    made: list[Field] = [credentials.bearer(bearer)] if bearer else []
    ways: list[tuple[str, str, Callable[[str], Field], str]] = [
        ("--basic", basic, credentials.basic, f"USER:{SECRET}"),
        ("--api-key", api_key, credentials.api_key, f"NAME={SECRET}"),
    ]
    for option, text, read, form in ways:
        try:
            made += [read(text)] if text else []
        except ValueError:
            raise typer.BadParameter(f"write {form}", param_hint=option) from None
    return made


def signature_of(parts: list[str] | None) -> Signature | None:
    """`KEY=VALUE` of a signature; None where there is none."""
    from core.cli.simulator.signature import parse_signature

    if not parts:
        return None
    try:
        return parse_signature(parts)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--hmac") from None
