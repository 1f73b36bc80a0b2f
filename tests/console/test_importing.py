"""Import on Manage Tenants: the file is asked for, looked at, and imported or left."""

from pathlib import Path

import pytest

from core.groovy import discovery
from core.groovy.discovery import Found
from tests.cli.tidegate import Homestead, free_port
from tests.console.walker import LARGE, Walker, walking
from tests.groovy.conftest import give_build, shared_build
from tests.sitewhere.documents import DECODE_OSS, TUTORIAL_SOURCE, template


@pytest.fixture
def home(restored_home: Homestead) -> Homestead:
    return restored_home


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """SiteWhere's folder of a tenant with the tutorial's source."""
    folder = tmp_path / "c"
    folder.mkdir()
    source = TUTORIAL_SOURCE.replace("8484", str(free_port()))
    (folder / "t.xml").write_bytes(template(source))
    (folder / "t.properties").write_text("mqtt.host=localhost\n")
    (folder / "decodeOSS.groovy").write_text(DECODE_OSS)
    return folder


async def fill_in(walker: Walker, conf: Path, tenant: str = "site-a") -> None:
    await walker.press("I")
    await walker.sees("Import from SiteWhere")
    for text in (str(conf / "t.xml"), tenant, str(conf / "t.properties"), str(conf)):
        await walker.type(text)
        await walker.press("tab")
    await walker.press("enter")


@pytest.fixture
def compiled(own_home: Homestead, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The engine finds Groovy compiled, where this machine has it."""
    if isinstance(found := discovery.find(), Found):
        give_build(own_home.path, shared_build(found, tmp_path_factory))


@pytest.mark.usefixtures("compiled")
async def test_a_tenant_is_imported_after_a_look_at_it(own_home: Homestead, conf: Path) -> None:
    async with walking(own_home.path, LARGE) as walker:
        await walker.sees("Default Tenant")
        await fill_in(walker, conf)
        await walker.sees(
            "Import t.xml", "Carried over", "Registration Manager", "SiteWhere listens on every interface"
        )
        await walker.sees('bind_address = "0.0.0.0"', "Not carried over")
        assert not (own_home.path / "tenants" / "site-a").exists()
        await walker.press("enter")
        await walker.sees("made Site A Tenant; p shows what waits")
        assert walker.line("Site A Tenant").startswith(" ▸")
    staged = (own_home.path / "tenants" / "site-a" / "staged.toml").read_text()
    assert 'script = "decodeOSS.groovy"' in staged
    assert (own_home.path / "tenants" / "site-a" / "scripts" / "decodeOSS.groovy").read_text() == DECODE_OSS
    assert "Not carried over" in (own_home.path / "tenants" / "site-a" / "import-report.txt").read_text()


async def test_escape_leaves_everything_as_it_is(home: Homestead, conf: Path) -> None:
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        await fill_in(walker, conf)
        await walker.sees("Import t.xml", "Report/Text")
        await walker.press("escape")
        await walker.sees("Default Tenant")
        await walker.press("I")
        await walker.sees("Import from SiteWhere")
        await walker.press("escape")
        await walker.sees_no("Import from SiteWhere")
    assert not (home.path / "tenants" / "site-a").exists()


async def test_what_is_wrong_is_told_where_it_is(home: Homestead, conf: Path) -> None:
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        await walker.press("I", "enter")
        await walker.sees("name the file")
        await walker.type("/nowhere.xml")
        await walker.press("enter")
        await walker.sees("there is no file /nowhere.xml")
        await walker.press("tab")
        await walker.type("a b")
        await walker.sees("is no id")
        await walker.press("escape")
        (conf / "t.xml").write_text("<html/>")
        await fill_in(walker, conf)
        await walker.sees("its root is <html>")


async def test_it_is_found_in_the_palette_and_the_help(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        assert "Import" not in walker.screen.splitlines()[-1]
        await walker.press("question_mark")
        await walker.sees("Import: brings in a SiteWhere tenant configuration")
        await walker.press("escape", "ctrl+p")
        await walker.type("Import")
        await walker.sees("brings in a SiteWhere tenant configuration, after a preview (I)")
