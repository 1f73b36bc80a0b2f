"""A tenant's files: staging, discarding, applying, making and removing."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.catalogue.registry import catalogue
from core.config.files import revision, write_text
from core.config.home import Home
from core.config.store import TenantStore, create_tenant, remove_tenant
from core.control.configurations import Edit
from core.errors import ConfigurationError, Conflict, NotFound, TidegateError

ADD = Edit(op="add", path="event_sources", type="socket", values={"id": "lora"})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    create_tenant(home, "default", 'The "Default" Tenant')
    return home


@pytest.fixture
def store(home: Home) -> TenantStore:
    return TenantStore(home, "default", catalogue())


def test_a_new_tenant_is_ready_to_start(home: Home, store: TenantStore) -> None:
    read = store.read()
    assert (read.id, read.name, read.autostart) == ("default", 'The "Default" Tenant', True)
    assert read.faults == []
    assert read.sources == []
    assert home.tenant_ids() == ["default"]
    assert home.secrets("default").stat().st_mode & 0o777 == 0o700
    assert [path.read_text() for path in home.history("default").iterdir()] == [store.active_text()]


def test_an_id_is_taken_once(home: Home) -> None:
    with pytest.raises(Conflict, match="there is a tenant default already"):
        create_tenant(home, "default", "Another")
    with pytest.raises(TidegateError, match="is no id"):
        create_tenant(home, "../other", "Another")
    with pytest.raises(TidegateError, match="is no name"):
        create_tenant(home, "other", "two\nlines")
    assert home.tenant_ids() == ["default"]


def test_a_removed_tenant_is_kept_aside_and_its_id_free_again(home: Home) -> None:
    text = home.tenant_file("default").read_text()
    folder = remove_tenant(home, "default")
    assert home.tenant_ids() == []
    assert folder.parent == home.tenants / ".removed"
    assert (folder / "tenant.toml").read_text() == text
    create_tenant(home, "default", "Again")
    assert home.tenant_ids() == ["default"]
    with pytest.raises(NotFound, match="there is no tenant other"):
        remove_tenant(home, "other")


def test_edits_are_staged_and_the_active_file_stays(store: TenantStore) -> None:
    before = store.active_text()
    store.edit_staged([ADD])
    store.edit_staged([Edit(op="set", path="event_sources/lora", values={"port": 8485})])
    got = store.configuration(before)
    assert got.active.text == before
    assert not got.file_differs
    assert got.staged is not None
    assert got.staged.data["device_communication"]["event_sources"] == [{"type": "socket", "id": "lora", "port": 8485}]
    assert [str(fault).removeprefix(str(store.staged_file)) for fault in got.staged.faults] == [
        ":8: event_sources.lora.interaction_handler: Socket Interaction Handler Factory is Required",
        ":8: event_sources.lora.decoder: Binary Event Decoder is Required",
    ]
    assert got.staged.revision == revision(got.staged.text)


def test_edits_that_cannot_be_made_leave_what_is_staged(store: TenantStore) -> None:
    store.edit_staged([ADD])
    staged = store.staged_text()
    with pytest.raises(TidegateError, match="lora is there already"):
        store.edit_staged([Edit(op="set", path="tenant", values={"name": "x"}), ADD])
    assert store.staged_text() == staged


def test_an_older_base_is_a_conflict(store: TenantStore) -> None:
    base = revision(store.active_text())
    first = store.active_text() + "# first\n"
    store.stage(first, base)
    with pytest.raises(Conflict, match="changed meanwhile"):
        store.stage(store.active_text() + "# second\n", base)
    assert store.staged_text() == first
    store.stage(first + "# more\n", revision(first))
    assert store.staged_text() == first + "# more\n"


def test_what_is_no_toml_is_not_staged(store: TenantStore) -> None:
    with pytest.raises(ConfigurationError, match=r"staged\.toml:1: is no TOML"):
        store.stage("[tenant", revision(store.active_text()))
    assert store.staged_text() is None


def test_staging_what_is_active_means_that_nothing_is_staged(store: TenantStore) -> None:
    store.edit_staged([ADD])
    staged = store.staged_text()
    assert staged is not None
    store.stage(store.active_text(), revision(staged))
    assert not store.staged_file.exists()
    assert store.configuration().staged is None


def test_activating_writes_the_file_its_history_and_clears_what_is_staged(home: Home, store: TenantStore) -> None:
    store.edit_staged([ADD])
    staged = store.staged_text()
    assert staged is not None
    store.activate(staged)
    assert store.active_text() == staged
    assert store.staged_text() is None
    kept = sorted(home.history("default").iterdir())
    assert len(kept) == 2
    assert kept[-1].read_text() == staged
    assert kept[-1].name.endswith(f"Z-{revision(staged)}.toml")
    store.activate(staged)
    assert len(list(home.history("default").iterdir())) == 2


def test_what_was_staged_while_applying_stays_staged(store: TenantStore) -> None:
    store.edit_staged([ADD])
    applying = store.staged_text()
    assert applying is not None
    store.edit_staged([Edit(op="set", path="tenant", values={"name": "Later"})])
    store.activate(applying)
    assert store.active_text() == applying
    assert "Later" in (store.staged_text() or "")


def test_a_file_edited_by_hand_differs_from_the_engine(store: TenantStore) -> None:
    running = store.active_text()
    store.file.write_text(running + "# by hand\n")
    assert store.configuration(running).file_differs
    assert store.plan(running).file_differs
    assert not store.configuration(None).file_differs


def test_discarding(store: TenantStore) -> None:
    store.edit_staged([ADD, Edit(op="set", path="tenant", values={"name": "Other"})])
    assert [change.id for change in store.plan().changes] == ["tenant", "event_sources/lora"]
    store.discard("tenant")
    assert [change.id for change in store.plan().changes] == ["event_sources/lora"]
    with pytest.raises(NotFound, match="no longer staged"):
        store.discard("tenant")
    store.discard()
    assert store.plan().changes == []
    assert store.staged_text() is None
    with pytest.raises(NotFound, match="nothing is staged"):
        store.discard("tenant")


def test_a_broken_active_file_can_still_be_looked_at_and_replaced(store: TenantStore) -> None:
    good = store.active_text()
    store.file.write_text("[tenant\n")
    got = store.configuration(good)
    assert [fault.line for fault in got.active.faults] == [1]
    store.stage(good, got.active.revision)
    assert store.plan().faults == []
    store.activate(good)
    assert store.read().faults == []


def test_a_full_disk_or_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TidegateError, match="cannot write"):
        write_text(tmp_path / "file" / "below", "text")


def test_a_write_keeps_mode_and_links_and_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "kept" / "tenant.toml"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o604)
    (tmp_path / "link.toml").symlink_to(target)
    write_text(tmp_path / "link.toml", "new\r\n")
    assert target.read_bytes() == b"new\r\n"
    assert target.stat().st_mode & 0o777 == 0o604
    assert (tmp_path / "link.toml").is_symlink()
    assert os.listdir(target.parent) == ["tenant.toml"]


def test_scripts_in_use_are_those_of_active_and_staged(store: TenantStore) -> None:
    decoder = Edit(op="add", path="event_sources/lora/decoder", type="python", values={"script": "a.py"})
    store.edit_staged([ADD, decoder])
    store.activate(store.staged_text() or "")
    store.edit_staged([Edit(op="set", path="event_sources/lora/decoder", values={"script": "b.py"})])
    assert store.used_scripts() == {"a.py": ["event_sources/lora/decoder"], "b.py": ["event_sources/lora/decoder"]}


def test_scripts_that_are_missing_or_broken_stand_in_the_way(home: Home, store: TenantStore) -> None:
    decoder = Edit(op="add", path="event_sources/lora/decoder", type="python", values={"script": "lra.py"})
    store.edit_staged([ADD, Edit(op="add", path="event_sources/lora/interaction_handler", type="http"), decoder])
    (home.scripts / "lora.py").write_text("\ndef decode(x): pass\n")
    (fault,) = store.plan().faults
    assert str(fault).removeprefix(str(store.staged_file)) == (
        ":17: event_sources.lora.decoder.script: there is no script 'lra.py'; did you mean lora.py?"
    )
    assert store.plan().changes[0].faults == [fault]
    store.edit_staged([Edit(op="set", path="event_sources/lora/decoder", values={"script": "lora.py"})])
    (fault,) = store.plan().faults
    assert (fault.file, fault.line, fault.path) == ("lora.py", 2, "event_sources/lora/decoder")
    (home.scripts / "lora.py").write_text("def decode(payload, metadata, events, logger): pass\n")
    assert store.plan().faults == []
    assert store.scripts().list()[0].used_by == ["event_sources/lora/decoder"]


def test_a_hand_edit_that_is_overwritten_is_kept_in_history(home: Home, store: TenantStore) -> None:
    store.edit_staged([ADD])
    by_hand = store.active_text() + "# by hand\n"
    store.file.write_text(by_hand)
    store.activate(store.staged_text() or "")
    assert by_hand in [path.read_text() for path in home.history("default").iterdir()]


def test_of_many_who_stage_from_one_revision_one_wins(store: TenantStore) -> None:
    base = revision(store.active_text())
    texts = [store.active_text() + f"# {number}\n" for number in range(8)]
    start = threading.Barrier(len(texts))

    def stage(text: str) -> str | None:
        start.wait(10)
        try:
            store.stage(text, base)
        except Conflict:
            return None
        return text

    with ThreadPoolExecutor(len(texts)) as pool:
        (won,) = [text for text in pool.map(stage, texts) if text is not None]
    assert store.staged_text() == won
