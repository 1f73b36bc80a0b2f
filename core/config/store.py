"""A tenant's configuration on disk: what is active, what is staged, and every one that was ever applied."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION, looser
from core.catalogue.settings import describe
from core.catalogue.tenant import ID, ID_HELP, TenantSettings
from core.catalogue.values import check_value
from core.config import render
from core.config.document import Document, parse
from core.config.edits import apply_edits
from core.config.files import WRITING, make_folder, read_text, remove_file, revision, sync_folder, write_text
from core.config.home import Home
from core.config.instance import read_instance
from core.config.plan import make_plan
from core.config.scripts import ScriptStore
from core.config.take_back import take_back
from core.config.tenant import TenantConfiguration, read_tenant
from core.config.used_scripts import contracts_of_scripts, script_faults, used_scripts
from core.control.configurations import Configuration, DocumentView, Edit, Plan
from core.errors import ConfigurationError, Conflict, Fault, NotFound, TidegateError

T = TypeVar("T")


class TenantStore:
    """The files of one tenant. The process that uses it holds the home's lock; every write is whole or not at all."""

    def __init__(self, home: Home, tenant: str, catalogue: Catalogue) -> None:
        self.tenant = tenant
        self.file = home.tenant_file(tenant)
        self.staged_file = home.staged_file(tenant)
        self._home = home
        self._history = home.history(tenant)
        self.catalogue = catalogue

    def active_text(self) -> str:
        """tenant.toml; NotFound where there is no such tenant."""
        text = read_text(self.file)
        if text is None:
            raise NotFound(f"there is no tenant {self.tenant}")
        return text

    def staged_text(self) -> str | None:
        """staged.toml; None where nothing is staged."""
        return read_text(self.staged_file)

    def read(self) -> TenantConfiguration:
        """What tenant.toml says."""
        return read_tenant(self.active_text(), self.file, self.catalogue)

    def view(self, text: str, file: Path | None = None) -> DocumentView:
        """A text with what it says and what is wrong with it; `file` is named in the faults."""
        data = read_tenant(text, file or self.staged_file, self.catalogue, self.tenant).data
        return DocumentView(text=text, revision=revision(text), data=data, faults=self.check(text, file))

    def check(self, text: str, file: Path | None = None) -> list[Fault]:
        """Everything wrong with a text: its settings, and the scripts it names."""
        named = file or self.staged_file
        read = read_tenant(text, named, self.catalogue, self.tenant)
        faults = read.faults
        try:
            document = Document(text)
        except ConfigurationError:
            return faults  # they say so
        for key, message in looser(read.retention, read_instance(self._home)[0].retention):
            line = document.line_of((RETENTION, key))
            faults.append(Fault(path=RETENTION, key=key, message=message, file=str(named), line=line))
        scripts = ScriptStore(
            self._home,
            self.tenant,
            used_scripts(document.data, self.catalogue),
            contracts_of_scripts(document.data, self.catalogue),
        )
        settled = {(fault.path, fault.key) for fault in faults}
        settled |= {(fault.path, fault.message) for fault in faults}  # no Java: the component says it already
        found = script_faults(document, str(named), scripts, self.catalogue)
        new = [fault for fault in found if settled.isdisjoint({(fault.path, fault.key), (fault.path, fault.message)})]
        return faults + new

    def configuration(self, active_in_engine: str | None = None) -> Configuration:
        """What is active and what is staged. `active_in_engine` is the text that the engine runs, if one does."""
        active, staged = self.active_text(), self.staged_text()
        return Configuration(
            tenant=self.tenant,
            active=self.view(active, self.file),
            staged=None if staged is None else self.view(staged),
            file_differs=_differs(active_in_engine, active),
        )

    def stage(self, text: str, base: str) -> None:
        """Keeps a text aside; one that is active already means that nothing is staged.

        ConfigurationError where it is no TOML, Conflict where `base` is not the revision of what is staged (or of
        what is active, where nothing is).
        """
        with WRITING:
            active, staged = self.active_text(), self.staged_text()
            parse(text, str(self.staged_file))
            current = active if staged is None else staged
            if base != revision(current) and text != current:
                raise Conflict(
                    f"the configuration of {self.tenant} was changed meanwhile: look at it again before staging"
                )
            self._keep_staged(text, active)

    def edit_staged(self, edits: Iterable[Edit]) -> None:
        """Edits what is staged, or what is active where nothing is."""
        with WRITING:
            active, staged = self.active_text(), self.staged_text()
            self._keep_staged(apply_edits(active if staged is None else staged, edits, self.catalogue), active)

    def discard(self, change: str | None = None) -> None:
        """Takes back one staged change, by its id in the plan, or all."""
        with WRITING:
            staged = self.staged_text()
            if change is None:
                remove_file(self.staged_file)
            elif staged is None:
                raise NotFound(f"nothing is staged for {self.tenant}")
            else:
                active = self.active_text()
                self._keep_staged(take_back(active, staged, change, self.catalogue), active)

    def plan(self, active_in_engine: str | None = None) -> Plan:
        """What is staged against what is active."""
        active, staged = self.active_text(), self.staged_text()
        file = self.file if staged is None else self.staged_file
        faults = self.check(active if staged is None else staged, file)
        plan = make_plan(self.tenant, active, staged, self.catalogue, file, faults)
        plan.file_differs = _differs(active_in_engine, active)
        return plan

    def activate(self, text: str) -> None:
        """Makes a text active: tenant.toml, then its copy in history, then staged.toml goes, if it is that text.

        Also called for a tenant.toml that was edited by hand, so that history has it.

        A crash in between leaves a tenant.toml that is whole: the old or the new one.
        """
        with WRITING:
            before = read_text(self.file)
            if before != text:
                if before is not None:
                    self._record(before)  # it may have been edited by hand and never applied
                write_text(self.file, text)
            self._record(text)
            if self.staged_text() == text:
                remove_file(self.staged_file)

    def used_scripts(self) -> dict[str, list[str]]:
        """Script names with the components that name them, in what is active and what is staged."""
        return self._in_both(used_scripts)

    def scripts(self) -> ScriptStore:
        """The tenant's scripts, which know who uses them now."""
        return ScriptStore(self._home, self.tenant, self.used_scripts(), self._in_both(contracts_of_scripts))

    def _in_both(self, look: Callable[[Mapping[str, Any], Catalogue], dict[str, list[T]]]) -> dict[str, list[T]]:
        """What is found in the active and in the staged text, each once."""
        both: dict[str, list[T]] = {}
        for text in (self.active_text(), self.staged_text()):
            try:
                data = parse(text or "")
            except ConfigurationError:
                continue
            for name, found in look(data, self.catalogue).items():
                known = both.setdefault(name, [])
                known += [each for each in found if each not in known]
        return both

    def _keep_staged(self, text: str, active: str) -> None:
        if text == active:
            remove_file(self.staged_file)
        elif text != self.staged_text():
            write_text(self.staged_file, text)

    def _record(self, text: str) -> None:
        name = revision(text)
        latest = max((path.name for path in self._history.glob("*.toml")), default="")
        if not latest.endswith(f"-{name}.toml"):
            write_text(self._history / f"{_now()}-{name}.toml", text)


def default_name(tenant: str) -> str:
    """What people call a tenant of that id: `site-a` is `Site A Tenant`."""
    return " ".join(part.capitalize() for part in tenant.replace("_", "-").split("-") if part) + " Tenant"


def create_tenant(home: Home, tenant: str, name: str) -> None:
    """Makes a tenant with a configuration to begin with; refuses ids that are bad or taken."""
    known = describe(TenantSettings)
    if not re.fullmatch(ID, tenant):
        raise TidegateError(f"{tenant!r} {ID_HELP}")
    if problem := check_value(known["name"], name):
        raise TidegateError(problem)
    file = home.tenant_file(tenant)
    if file.exists():
        raise Conflict(f"there is a tenant {tenant} already: take another id")
    home.create()
    try:
        make_folder(home.tenant_scripts(tenant))
        make_folder(home.history(tenant))
        make_folder(home.secrets(tenant), 0o700)
    except OSError as error:
        raise TidegateError(f"cannot make {error.filename}: {error.strerror}") from error
    text = _FIRST.format(id=render.value(tenant), name=render.value(name), tenant=tenant)
    write_text(home.history(tenant) / f"{_now()}-{revision(text)}.toml", text)
    write_text(file, text)


_FIRST = """\
# The configuration of one tenant. The console edits it and keeps comments, order and spacing;
# after an edit by hand, `tidegate apply {tenant}` makes it act.

[tenant]
id = {id}
name = {name}
"""


def remove_tenant(home: Home, tenant: str) -> Path:
    """Moves a tenant's folder to `tenants/.removed/` and says where it is now; what it received is kept."""
    folder = home.tenant_folder(tenant)
    if not folder.is_dir():
        raise NotFound(f"there is no tenant {tenant}")
    removed = home.removed / f"{tenant}-{_now()}"
    try:
        make_folder(home.removed)
        os.rename(folder, removed)
        sync_folder(home.removed)
        sync_folder(home.tenants)
    except OSError as error:
        raise TidegateError(f"cannot move {folder} to {removed}: {error.strerror}") from error
    return removed


def _differs(active_in_engine: str | None, active: str) -> bool:
    return active_in_engine is not None and active_in_engine != active


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
