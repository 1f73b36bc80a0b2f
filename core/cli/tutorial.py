"""The tutorial's tenant: one event source for the JSON of LoRa gateways, ready to receive."""

import socket
from collections.abc import Iterable

from core.catalogue.component import ScriptTemplate
from core.catalogue.registry import catalogue
from core.cli.reach import Engine
from core.config.render import value
from core.control.configurations import Applied, Apply, Configuration, NewTenant, Stage
from core.control.named import Empty, OfTenant
from core.control.scripts import Script, WriteScript
from core.errors import ConfigurationError, TidegateError

PORT = 8484

_TENANT = """\
# What this tenant receives and how it is decoded. Tidegate reads it at start, on SIGHUP and on `tidegate apply {id}`;
# the console and `tidegate add`, `set` and `remove` edit it and keep comments. `tidegate schema` lists every key.

[tenant]
id = {id_value}
name = {name}

# Where device data comes in. Each event source listens alone and fails alone.
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = {port}
# bind_address = "0.0.0.0"   # every IPv4 address; without it only this machine
# threads = 2                # so many workers take requests in parallel

# What devices speak: here every HTTP request is one payload, answered when it is on disk.
[device_communication.event_sources.interaction_handler]
type = "http"

# What makes events of a payload: the function decode in scripts/{script}. It acts when saved.
[device_communication.event_sources.decoder]
type = "python"
script = {script_value}
"""


def lora_template() -> ScriptTemplate:
    """The Python decoder that the tutorial begins with."""
    component = catalogue().get("decoder", "python")
    assert component is not None
    return component.templates[0]


def tenant_text(tenant: str, name: str, port: int) -> str:
    """The tenant's configuration, with comments for those who open it."""
    script = lora_template().name
    quoted = {"id_value": value(tenant), "name": value(name), "script_value": value(script)}
    return _TENANT.format(id=tenant, port=port, script=script, **quoted)


async def make_tenant(engine: Engine, tenant: str, name: str, port: int) -> None:
    """Makes the tenant with its script and event source; TidegateError says why not, and then there is none."""
    made = await engine.call("tenants.create", NewTenant(id=tenant, name=name), Configuration)
    try:
        await _fill(engine, tenant, tenant_text(tenant, name, port), made.active.revision)
    except TidegateError:
        await engine.call("tenants.remove", OfTenant(tenant), Empty)
        raise


async def _fill(engine: Engine, tenant: str, text: str, base: str) -> None:
    template = lora_template()
    await engine.call("scripts.write", WriteScript(tenant=tenant, name=template.name, text=template.text), Script)
    await engine.call("configuration.stage", Stage(tenant=tenant, text=text, base=base), Configuration)
    applied = await engine.call("configuration.apply", Apply(tenant=tenant), Applied)
    if applied.faults:
        raise ConfigurationError(applied.faults)
    if not applied.applied:
        raise TidegateError(f"{tenant} is not made: {applied.reason}")


async def used_ports(engine: Engine, tenants: Iterable[str]) -> set[int]:
    """The ports that these tenants' event sources name."""
    ports: set[int] = set()
    for tenant in tenants:
        active = (await engine.call("configuration.get", OfTenant(tenant), Configuration)).active
        sources = active.data.get("device_communication", {}).get("event_sources", [])
        ports.update(source["port"] for source in sources if isinstance(source.get("port"), int))
    return ports


def free_port(wanted: int = PORT) -> int:
    """`wanted` where nobody listens there, else some port where nobody does."""
    if wanted and not is_taken(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether somebody listens on a port of this machine's own address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
