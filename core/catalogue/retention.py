"""How long received data is kept: an engine's limits over everything, and a tenant's own, which may only be tighter."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration, Size

RETENTION = "retention"
"""The table of `RetentionSettings` in instance.toml and of `TenantRetention` in tenant.toml; its path in an edit."""

_AGE = "older journal files are deleted"
_SIZE = "with more than this the oldest journal files are deleted"
_FAILED_AGE = "failed requests are kept so long, in up to a quarter of the size"
_BY_INSTANCE = "none given: as instance.toml says, and never more"
_ORDER = "is less than the age of {age}: failed requests are kept as long as others at least"


class RetentionSettings(Settings):
    """How long received data is kept: whichever limit is reached first."""

    age: Annotated[Duration, setting("Age", _AGE, least="1 min", most="36500 d")] = Duration("7 d")
    size: Annotated[Size, setting("Size", _SIZE, least="1 MiB")] = Size("5 GiB")
    failed_age: Annotated[
        Duration | None,
        setting("Failed age", f"{_FAILED_AGE}; none given: as long as others", least="1 min", most="36500 d"),
    ] = None

    def problems(self) -> Iterable[tuple[str, str]]:
        if self.failed_age is not None and self.failed_age < self.age:
            yield "failed_age", _ORDER.format(age=self.age)


class TenantRetention(Settings):
    """The `[retention]` table of a tenant: over what is the tenant's, and tighter than what holds for all."""

    age: Annotated[Duration | None, setting("Age", f"{_AGE}; {_BY_INSTANCE}", least="1 min", most="36500 d")] = None
    size: Annotated[Size | None, setting("Size", f"{_SIZE}; {_BY_INSTANCE}", least="1 MiB")] = None
    failed_age: Annotated[
        Duration | None, setting("Failed age", f"{_FAILED_AGE}; {_BY_INSTANCE}", least="1 min", most="36500 d")
    ] = None

    def problems(self) -> Iterable[tuple[str, str]]:
        if self.age is not None and self.failed_age is not None and self.failed_age < self.age:
            yield "failed_age", _ORDER.format(age=self.age)


class Limits(msgspec.Struct, frozen=True):
    """What acts on what is kept, of a tenant or of all: ages in seconds, the size in bytes. None is no limit, and for
    `failed_age` that failed requests go with the others."""

    age: float | None = None
    size: int | None = None
    failed_age: float | None = None
    """At least `age`."""


def limits_of_all(all: RetentionSettings) -> Limits:
    """What holds over everything."""
    return _limits(all.age, all.size, all.failed_age)


def limits_of_tenant(own: TenantRetention, all: RetentionSettings) -> Limits:
    """What holds over a tenant's own; its size is None where it has none of its own. Where it asks for more than holds
    for all, it does not get it."""
    age = min(own.age or all.age, all.age)
    failed = own.failed_age or all.failed_age
    if failed is not None:
        failed = max(age, min(failed, all.failed_age or all.age))
    return _limits(age, None if own.size is None else min(own.size, all.size), failed)


def _limits(age: float, size: int | None, failed_age: float | None) -> Limits:
    """Plain numbers, which go over the wire."""
    return Limits(float(age), None if size is None else int(size), None if failed_age is None else float(failed_age))


def looser(own: TenantRetention, all: RetentionSettings) -> Iterable[tuple[str, str]]:
    """Where a tenant asks for more than instance.toml gives, or for what cannot act: keys, each with a sentence without
    a subject."""
    failed = all.failed_age or all.age
    for key, asked, most in (("age", own.age, all.age), ("size", own.size, all.size)):
        if asked is not None and asked > most:
            yield key, f"exceeds {most} of instance.toml: a tenant's limits may only be tighter"
    if own.failed_age is None:
        return
    if own.failed_age > failed:
        named = "failed_age" if all.failed_age is not None else "age"
        yield "failed_age", f"exceeds {failed} of instance.toml ({named}): a tenant's limits may only be tighter"
    elif own.age is None and own.failed_age < all.age:
        yield "failed_age", _ORDER.format(age=f"{all.age} in instance.toml")
