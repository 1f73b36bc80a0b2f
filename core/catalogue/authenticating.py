"""How a device shows who it is: the contract of the role `authentication`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec


class AuthenticationContext(msgspec.Struct, frozen=True):
    """What an authenticator may use of the worker that it runs in."""

    tenant_folder: Path
    """Where the paths of secrets begin."""


class Authenticator(Protocol):
    """Role `authentication`: one way in which a device shows who it is. `make(settings, context)` gives one a worker,
    with an `AuthenticationContext`, or raises TidegateError where a secret cannot be read.

    `fields` are a request's header fields by lower-case name, as they came, before any is redacted; `facts` what is
    known of its connection, such as `tls.subject`.
    """

    @property
    def name(self) -> str:
        """What scripts find as `auth.name`: its id."""
        ...

    @property
    def challenge(self) -> str:
        """Its part of WWW-Authenticate (RFC 9110, 11.6.1)."""
        ...

    @property
    def by_head(self) -> bool:
        """What it says depends on `fields` and its secret alone."""
        ...

    @property
    def needs_body(self) -> bool:
        """What it says depends on `body`: until that is there only `offered` can be asked."""
        ...

    @property
    def hidden_fields(self) -> frozenset[str]:
        """Lower-case names of fields whose values are secrets, beside those that always are."""
        ...

    def look(self, now: float) -> bool:
        """Reads a secret's file again where it has changed; whether the secret is another. `now` never goes back."""
        ...

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        """Whether credentials of this kind are there, be they right or wrong."""
        ...

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        """Why credentials that were offered are not good, as the operator reads it; None where they are. `body` is as
        it was sent, `now` time.time()."""
        ...
