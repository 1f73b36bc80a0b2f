"""Staging and applying over the control socket, as a console does it."""

import asyncio
from typing import Any

from core.control.client import ControlClient, connected
from core.control.configurations import Applied, Apply, Configuration, NewTenant, Plan, Stage
from core.control.named import OfTenant, Target
from tests.engine.stead import Stead

HEADER = '[tenant]\nid = "{tenant}"\nname = "A Tenant"\n'


def whole(sources: str, tenant: str = "default") -> str:
    """A whole tenant.toml with these sources."""
    return HEADER.format(tenant=tenant) + sources


async def stage(client: ControlClient, sources: str, tenant: str = "default") -> None:
    now = await client.call("configuration.get", OfTenant(tenant), Configuration)
    base = (now.staged or now.active).revision
    await client.call("configuration.stage", Stage(tenant=tenant, text=whole(sources, tenant), base=base))


async def stage_and_apply(client: ControlClient, sources: str, tenant: str = "default") -> Applied:
    await stage(client, sources, tenant)
    return await client.call("configuration.apply", Apply(tenant=tenant), Applied)


def apply(stead: Stead, sources: str, tenant: str = "default") -> Applied:
    """Makes these the tenant's sources."""
    return stead.talk(lambda client: stage_and_apply(client, sources, tenant))


def apply_or_fail(stead: Stead, sources: str, tenant: str = "default") -> None:
    applied = apply(stead, sources, tenant)
    assert applied.applied, applied.reason


def discard(stead: Stead) -> None:
    stead.talk(lambda client: client.call("configuration.discard", {"tenant": "default"}))


def plan(stead: Stead) -> Plan:
    return stead.talk(lambda client: client.call("configuration.plan", OfTenant("default"), Plan))


def target(stead: Stead, method: str, path: str) -> Any:
    """`start`, `stop` or `restart` of a tenant or a source."""
    return stead.talk(lambda client: client.call(f"lifecycle.{method}", Target(path)))


def new_tenant(stead: Stead, id: str) -> None:
    stead.talk(lambda client: client.call("tenants.create", NewTenant(id=id, name=id.title())))


async def heard_while(stead: Stead, sources: str) -> tuple[Applied, list[Applied]]:
    """Applies, and gives what was told while it ran."""
    told: list[Applied] = []
    async with connected(stead.path / "data" / "control.sock") as client:
        client.on_notification = lambda name, params: told.append(params) if name == "apply" else None
        applied = await stage_and_apply(client, sources)
        await asyncio.sleep(0)
    return applied, told
