"""The scripts a tenant may use: its own, then those that all tenants share."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from core.catalogue.contracts import Contract
from core.config.files import WRITING, revision, write_text
from core.config.home import Home
from core.config.script_check import check_script
from core.control.scripts import Script, ScriptInfo
from core.errors import Conflict, Fault, NotFound, TidegateError
from core.model.nearest import nearest

Scope = Literal["tenant", "instance"]
_PART = re.compile(r"[^\x00-\x1f\x7f-\x9f/\\.][^\x00-\x1f\x7f-\x9f/\\]{0,199}")
_IGNORED = ("__pycache__",)


class ScriptStore:
    """A tenant's two scripts folders. A name may hold folders (`lora/decode.py`) and never leads out of them.

    `used_by` says which components use a script, `contracts` what functions those call: other modules need none.
    """

    def __init__(
        self,
        home: Home,
        tenant: str,
        used_by: Mapping[str, list[str]] | None = None,
        contracts: Mapping[str, list[Contract]] | None = None,
    ) -> None:
        self._folders: dict[Scope, Path] = {"tenant": home.tenant_scripts(tenant), "instance": home.scripts}
        self._used_by = used_by or {}
        self._contracts = contracts or {}
        self._built = home.groovy

    @property
    def folders(self) -> list[Path]:
        """Where scripts are looked for, in that order."""
        return list(self._folders.values())

    def list(self) -> "list[ScriptInfo]":
        """Every script by name; a tenant's own hides a shared one of that name."""
        found: dict[str, ScriptInfo] = {}
        for scope, folder in self._folders.items():
            for name in _names(folder):
                path = folder / name
                if name not in found and self._inside(path):
                    found[name] = self._info(name, scope, path)
        return [found[name] for name in sorted(found)]

    def find(self, name: str) -> Path | None:
        """The file of that name; TidegateError where the name would lead out of the folders."""
        located = self._locate(name)
        return located[1] if located else None

    def read(self, name: str) -> Script:
        """A script's text; NotFound with the nearest name."""
        located = self._locate(name)
        if located is None:
            near = nearest(name, [info.name for info in self.list()])
            raise NotFound(f"there is no script {name}" + (f"; did you mean {near}?" if near else ""))
        scope, path = located
        raw = _read(path)
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise TidegateError(f"{name} is not UTF-8 text") from None
        return self._script(name, scope, text)

    def write(self, name: str, text: str, base: str | None) -> Script:
        """Saves a script, also one that cannot run: the fault is in the result, and what ran before goes on.

        `base` is the revision that was read. None makes a new one, in the tenant's own folder.
        """
        with WRITING:
            located = self._locate(name)
            if base is None and located is not None:
                shared = " among the scripts that all tenants share" if located[0] == "instance" else ""
                raise Conflict(f"there is a script {name} already{shared}: take another name, or open that one")
            if base is not None and located is None:
                raise Conflict(f"the script {name} was removed meanwhile: save it as a new one")
            scope, path = located or ("tenant", self._folders["tenant"] / name)
            if located is not None and _revision(_read(path)) != base:
                raise Conflict(f"the script {name} was changed meanwhile: read it again before saving")
            if not self._inside(path):
                raise TidegateError(f"{name!r} leads out of the scripts folder")
            write_text(path, text)
            return self._script(name, scope, text)

    def add(self, name: str, text: str) -> None:
        """Keeps a new script in the tenant's own folder without looking into it; Conflict where there is one."""
        with WRITING:
            if self._locate(name) is not None:
                raise Conflict(f"there is a script {name} already: it was kept")
            path = self._folders["tenant"] / name
            if not self._inside(path):
                raise TidegateError(f"{name!r} leads out of the scripts folder")
            write_text(path, text)

    def check(self, name: str, text: str | None = None) -> Fault | None:
        """What is wrong with a script, whose text is `text` where that is known already."""
        if text is None:
            return self.read(name).fault
        if name.endswith(".groovy"):
            return self._check_groovy(name)
        return check_script(name, text, self._contracts.get(name, ()))

    def _check_groovy(self, name: str) -> Fault | None:
        """Checks all of the folders' at once, since each time takes a JVM; what is there already is remembered."""
        from core.groovy.check import groovy_faults  # most homes have no Groovy

        known = {
            other
            for folder in self.folders
            for other in _names(folder)
            if other.endswith(".groovy") and self._inside(folder / other)
        }
        try:
            return groovy_faults(self._built, self.folders, known).get(name)
        except TidegateError as error:
            return Fault(message=str(error), file=name) if name in self._used_by else None

    def _script(self, name: str, scope: Scope, text: str) -> Script:
        return Script(name=name, scope=scope, text=text, revision=revision(text), fault=self.check(name, text))

    def _info(self, name: str, scope: Scope, path: Path) -> ScriptInfo:
        raw = _read(path)
        try:
            fault = self.check(name, raw.decode())
        except UnicodeDecodeError:
            fault = Fault(message="is not UTF-8 text", file=name)
        return ScriptInfo(
            name=name,
            scope=scope,
            revision=_revision(raw),
            size=len(raw),
            fault=fault,
            used_by=self._used_by.get(name, []),
        )

    def _locate(self, name: str) -> tuple[Scope, Path] | None:
        _check_name(name)
        for scope, folder in self._folders.items():
            path = folder / name
            if path.is_file():
                if not self._inside(path):
                    raise TidegateError(f"{name!r} leads out of the scripts folder")
                return scope, path
        return None

    def _inside(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return any(real.startswith(os.path.join(os.path.realpath(folder), "")) for folder in self.folders)


def _check_name(name: str) -> None:
    if not all(_PART.fullmatch(part) for part in name.split("/")):
        raise TidegateError(f"{name!r} is no name for a script: write one such as decode.py or lora/decode.py")


def _names(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _IGNORED]
        for file in files:
            path = Path(place) / file
            name = path.relative_to(folder).as_posix()
            if all(_PART.fullmatch(part) for part in name.split("/")) and path.is_file():
                yield name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TidegateError(f"cannot read {path}: {error.strerror}") from error


def _revision(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:12]
