"""Says in a plan whether the ports that it would open are free, which only the engine's machine can tell."""

from collections.abc import Collection

from core.catalogue.listening import Address, ListeningSettings
from core.config.store import TenantStore
from core.config.tenant import read_tenant
from core.control.configurations import Plan
from core.engine.ports import port_free


def say_ports(plan: Plan, store: TenantStore, running: Collection[Address]) -> None:
    """Adds to the effect of each change that opens a port whether it is free; `running` are the engine's own."""
    text = store.staged_text()
    if text is None:
        return
    staged = read_tenant(text, store.staged_file, store.catalogue, store.tenant)
    addresses = {source.path: source.settings for source in staged.sources}
    for change in plan.changes:
        settings = addresses.get(change.path)
        if change.sign == "-" or not isinstance(settings, ListeningSettings):
            continue
        address = settings.address
        if address in running or not settings.enabled:
            continue
        taken = port_free(address)
        note = taken or f"port {settings.port} is free"
        change.effect = f"{change.effect}; {note}" if change.effect else note
