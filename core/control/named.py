"""What many calls take: nothing, a tenant, or what can be started."""

import msgspec


class Empty(msgspec.Struct):
    """Nothing to say."""


class OfTenant(msgspec.Struct):
    tenant: str


class Target(msgspec.Struct):
    """A tenant, `default`, or an event source, `default/lora`."""

    path: str
