"""`import.sitewhere`: a SiteWhere tenant as a tenant of this home, staged and not yet active."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from core.catalogue.registry import Catalogue
from core.catalogue.settings import describe
from core.catalogue.tenant import TenantSettings
from core.catalogue.values import check_value
from core.config.files import read_text, revision, write_text
from core.config.home import Home
from core.config.scripts import ScriptStore
from core.config.store import TenantStore, default_name
from core.control.configurations import Configuration, NewTenant, Stage
from core.control.importing import Imported, ImportLine, ImportSitewhere
from core.control.named import Empty, OfTenant
from core.errors import Conflict, Fault, TidegateError
from core.model.text import visible
from core.sitewhere.convert import Conversion, convert
from core.sitewhere.properties import read_properties
from core.sitewhere.report import report_text
from core.sitewhere.toml import REPORT


class Doer(Protocol):
    """What an import does through its service, so that a running engine takes notice."""

    home: Home
    catalogue: Catalogue

    def store(self, tenant: str) -> TenantStore: ...
    async def create_tenant(self, asked: NewTenant) -> Configuration: ...
    async def remove_tenant(self, asked: OfTenant) -> Empty: ...
    async def stage(self, asked: Stage) -> Configuration: ...
    async def add_scripts(self, tenant: str, texts: Mapping[str, str]) -> None: ...


async def import_sitewhere(doer: Doer, asked: ImportSitewhere) -> Imported:
    """Shows what a file would become, and with `apply` keeps it."""
    imported = await asyncio.to_thread(preview, doer.home, doer.catalogue, asked)
    if not asked.apply:
        return imported
    if imported.makes:
        made = await doer.create_tenant(NewTenant(id=asked.tenant, name=imported.name))
        try:
            await _keep(doer, asked, imported, made.active.revision)
        except TidegateError:
            await doer.remove_tenant(OfTenant(asked.tenant))
            raise
    else:
        await _keep(doer, asked, imported, revision(doer.store(asked.tenant).active_text()))
    imported.kept = True
    return imported


def preview(home: Home, catalogue: Catalogue, asked: ImportSitewhere) -> Imported:
    """What importing would make of a file; writes nothing."""
    store = TenantStore(home, asked.tenant, catalogue)
    makes = not home.tenant_file(asked.tenant).exists()
    name = asked.name or (default_name(asked.tenant) if makes else store.read().name)
    if problem := check_value(describe(TenantSettings)["name"], name):
        raise TidegateError(problem)
    properties = read_properties(asked.properties or "")
    found = convert(asked.xml, asked.tenant, name, catalogue, properties, asked.file)
    if not makes and store.staged_text() not in (None, found.text):
        raise Conflict(f"changes are staged for {asked.tenant} already: apply or discard them first")
    scripts = ScriptStore(home, asked.tenant)
    return Imported(
        tenant=asked.tenant,
        name=name,
        text=found.text,
        report=[*found.lines, *_script_lines(scripts, found, asked)],
        scripts=[name for name in found.scripts if _is_there(scripts, name) is not None],
        faults=_faults(store, found, asked),
        makes=makes,
    )


async def _keep(doer: Doer, asked: ImportSitewhere, imported: Imported, base: str) -> None:
    scripts = ScriptStore(doer.home, asked.tenant)
    new = {name: asked.scripts[name] for name in imported.scripts if name in asked.scripts}
    await doer.add_scripts(asked.tenant, {name: text for name, text in new.items() if not _is_there(scripts, name)})
    kept = await doer.stage(Stage(tenant=asked.tenant, text=imported.text, base=base))
    imported.faults = (kept.staged or kept.active).faults  # the scripts can be looked into now
    when = datetime.now(UTC).isoformat(" ", "seconds").replace("+00:00", " UTC")
    text = report_text(asked.tenant, asked.file, when, imported.report)
    await asyncio.to_thread(write_text, doer.home.tenant_folder(asked.tenant) / REPORT, text)


def _is_there(scripts: ScriptStore, name: str) -> bool | None:
    """Whether the tenant may use a script of that name already; None where it is no name for one."""
    try:
        return scripts.find(name) is not None
    except TidegateError:
        return None


def _script_lines(scripts: ScriptStore, found: Conversion, asked: ImportSitewhere) -> Iterator[ImportLine]:
    for name, where in found.scripts.items():
        subject, there = f"script {visible(name)}", _is_there(scripts, name)
        if there and name in asked.scripts and not _same(scripts, name, asked.scripts[name]):
            why = "the tenant has another of that name, which was kept: compare the two"
            yield ImportLine(kind="left_out", subject=subject, reason=why)
        elif there:
            yield ImportLine(kind="carried", subject=subject, reason="the tenant has it already")
        elif there is False and name in asked.scripts:
            yield ImportLine(kind="carried", subject=subject, reason=f"copied for {where}")
        elif there is False:
            why = asked.unread.get(name, "no scripts folder was given")
            yield ImportLine(kind="missing", subject=subject, reason=f"{where} needs it; {visible(why)}")


def _same(scripts: ScriptStore, name: str, text: str) -> bool:
    path = scripts.find(name)
    try:
        return path is not None and read_text(path) == text
    except TidegateError:  # it is no UTF-8, which what comes along is
        return False


def _faults(store: TenantStore, found: Conversion, asked: ImportSitewhere) -> list[Fault]:
    """What stands in the way, but for scripts that come along."""
    coming = [f"there is no script {name!r}" for name in asked.scripts]
    faults = store.check(found.text)
    return [
        msgspec.structs.replace(fault, file="tenant.toml") if fault.file == str(store.staged_file) else fault
        for fault in faults
        if not any(fault.message.startswith(start) for start in coming)
    ]
