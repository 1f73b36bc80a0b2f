"""Import: a SiteWhere tenant becomes a tenant here, after a look at what comes along and what does not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input, Label, Static

from console.actions import ACTIONS
from console.screens.base import Kind, TidegateScreen
from console.screens.dialogs import Dialog
from console.screens.save import typed_path
from console.text import fault_words, mark, plural
from console.widgets.document import Document
from console.widgets.painted import Piece
from console.widgets.rows import Row, Rows, wrapped
from core.catalogue.settings import describe
from core.catalogue.tenant import TenantSettings
from core.catalogue.values import check_text
from core.control.import_files import read_scripts, request_of
from core.control.importing import Imported, ImportLine, ImportSitewhere

WIDE = 130
"""From this many columns on the report and the text stand side by side."""
KINDS = {
    "missing": ("Missing", "rows--error"),
    "changed": ("Changed", "rows--changing"),
    "carried": ("Carried over", "rows--started"),
    "left_out": ("Not carried over", "rows--stopped"),
}
"""In the order in which they are shown: what asks for something first."""
FIELDS = {
    "file": ("SiteWhere's file", "sitewhere-tenant.xml"),
    "tenant": ("Tenant Id", "the tenant it becomes"),
    "properties": ("Properties file", "sitewhere-tenant.properties, if it has ${placeholders}"),
    "scripts": ("Scripts folder", "SiteWhere's scripts, to be copied where the file names them"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; the paths are on the console's machine."""

    file: Path
    tenant: str
    properties: Path | None
    scripts: Path | None


class ImportDialog(Dialog[Wanted]):
    """Asks for the file and what belongs to it."""

    heading = "Import from SiteWhere"
    keys = "escape Cancel   tab Next   enter Preview"

    def compose_dialog(self) -> ComposeResult:
        for key, (title, placeholder) in FIELDS.items():
            yield Label(title, markup=False)
            yield Input(placeholder=placeholder, compact=True, id=f"import-{key}")
            yield Static("", classes="problem", id=f"problem-{key}", markup=False)

    def _text(self, key: str) -> str:
        return self.query_one(f"#import-{key}", Input).value.strip()

    def _problem(self, key: str) -> str | None:
        text = self._text(key)
        if key == "tenant":
            return check_text(describe(TenantSettings)["id"], text)
        if not text:
            return "name the file" if key == "file" else None
        path = typed_path(text)
        try:
            there = path.is_dir() if key == "scripts" else path.is_file()
        except (OSError, ValueError) as error:
            return str(error)
        return None if there else f"there is no {'folder' if key == 'scripts' else 'file'} {path}"

    def _show(self, key: str, problem: str | None) -> None:
        self.query_one(f"#problem-{key}", Static).update(f"{mark('error')} {problem}" if problem else "")

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        key = (event.input.id or "").removeprefix("import-")
        self._show(key, self._problem(key) if key == "tenant" and event.value else None)

    @on(Input.Submitted)
    def _look(self) -> None:
        for key in FIELDS:
            problem = self._problem(key)
            self._show(key, problem)
            if problem:
                self.query_one(f"#import-{key}", Input).focus()
                return
        paths = {key: typed_path(self._text(key)) if self._text(key) else None for key in ("properties", "scripts")}
        self.answer(Wanted(typed_path(self._text("file")), self._text("tenant"), **paths))


async def look(screen: TidegateScreen, wanted: Wanted) -> tuple[ImportSitewhere, Imported]:
    """The request with all that it needs, and what the engine says would come of it."""
    asked = await asyncio.to_thread(request_of, wanted.file, wanted.tenant, None, wanted.properties)
    looked = await screen.link.call("import.sitewhere", asked, Imported)
    if wanted.scripts is not None:
        read = await asyncio.to_thread(read_scripts, wanted.scripts, looked.scripts)
        asked.scripts, asked.unread = read.texts, read.unread
        looked = await screen.link.call("import.sitewhere", asked, Imported)
    return asked, looked


class ImportScreen(TidegateScreen):
    """The preview: what becomes of everything in the file, and the tenant.toml that it makes."""

    TITLE = "Import"
    PLACE = "tenants"
    ABOUT = (
        "What would become of a SiteWhere tenant: what is carried over, what is changed, what is missing, and what "
        "stays behind and why. Beside it stands the configuration that it makes. Importing stages that configuration "
        "as a whole: a new tenant is made with it, one that is there goes on as it is until it is applied."
    )
    ACTIONS = (
        ACTIONS["apply"].titled("Import", "makes the tenant where it is new, and stages the configuration"),
        ACTIONS["other_pane"].titled("Report/Text", "goes from the report to the configuration and back"),
    )

    def __init__(self, asked: ImportSitewhere, looked: Imported, then: Callable[[Imported], Awaitable[object]]) -> None:
        super().__init__()
        self.asked, self.looked, self.then = asked, looked, then
        self.importing = False

    def compose_body(self) -> ComposeResult:
        with Container(id="panes"):
            yield Rows(id="report")
            yield Document(id="text")

    def on_mount(self) -> None:
        self.query_one("#report", Rows).show(list(_report(self.looked)))
        self.query_one("#report").focus()
        self.query_one("#text", Document).show(self.looked.text.splitlines(), _toml)

    def on_resize(self) -> None:
        self.query_one("#panes").set_class(self.size.width >= WIDE, "-wide")

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", "Manage Tenants", f"Import {self.asked.file}")

    def standing(self) -> tuple[str, Kind]:
        if self.importing:
            return "importing", "waits"
        if self.looked.faults:
            return f"can be imported, not applied yet: {fault_words(self.looked.faults[0])}", "waits"
        what = f"makes tenant {self.looked.tenant}" if self.looked.makes else f"is staged for {self.looked.tenant}"
        return f"enter imports: it {what}; nothing runs before it is applied", "waits"

    def action_apply(self) -> None:
        if not self.importing:
            self.importing = True
            self.refresh_frame()
            self.work(self._import)

    async def _import(self) -> None:
        try:
            done = await self.link.call("import.sitewhere", replace(self.asked, apply=True), Imported)
        finally:
            self.importing = False
            self.refresh_frame()
        await self.then(done)
        self.leave()

    def action_other_pane(self) -> None:
        self.focus_next()


def _report(looked: Imported) -> list[Row]:
    rows: list[Row] = []
    for kind, (heading, style) in KINDS.items():
        found = [line for line in looked.report if line.kind == kind]
        if found:
            words = f"{heading} ({plural(len(found), 'line')})"
            rows.append(Row(kind, lambda width, words=words, style=style: [[(words, style)]], selectable=False))
            rows += [Row(f"{kind}{number}", _row(line)) for number, line in enumerate(found)]
            rows.append(Row(f"{kind}-end", lambda width: [[]], selectable=False))
    return rows


def _row(line: ImportLine) -> Callable[[int], list[list[Piece]]]:
    place = f"line {line.line}" if line.line else ""

    def lines(width: int) -> list[list[Piece]]:
        return [[(f"{line.subject}  ", "rows--title"), (place, "painted--quiet")], *wrapped(line.reason, "", width, 2)]

    return lines


def _toml(line: str) -> list[Piece]:
    """Comments stand back, headers stand out."""
    bare = line.lstrip()
    if bare.startswith("#"):
        return [(line, "painted--quiet")]
    code, mark_, note = line.partition("  # ")
    return [(code, "painted--strong" if bare.startswith("[") else ""), (mark_ + note, "painted--quiet")]
