"""Tenants of a running engine: edited by hand, made, removed, started with it or not; and what survives a kill."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from core.control.client import ControlClient, ControlError
from core.control.codes import NOT_FOUND
from core.control.configurations import Applied
from core.control.named import OfTenant
from tests.cli.tidegate import free_port, until
from tests.engine.changes import apply, apply_or_fail, new_tenant, stage_and_apply, target, whole
from tests.engine.stead import SCRIPT, Stead, body, kill, source_text
from tests.engine.test_apply import connects


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("tenants") / "home")
    stead.serve()
    yield stead
    stead.end()


def edit_by_hand(stead: Stead, sources: str) -> None:
    stead.write(sources)
    until(lambda: stead.status().tenants[0].file_differs, "the edit to be seen")


def test_a_file_that_was_edited_by_hand_acts_on_sighup(stead: Stead) -> None:
    port = free_port()
    edit_by_hand(stead, source_text("lora", port))
    assert not connects(port)
    stead.engines[-1].send_signal(signal.SIGHUP)
    until(lambda: not stead.status().tenants[0].file_differs, "the edit to act")
    stead.port = port
    assert stead.post(body("a")) == 200


def test_a_file_that_was_edited_by_hand_is_applied_where_nothing_is_staged(stead: Stead) -> None:
    port = free_port()
    edit_by_hand(stead, source_text("lora", port))
    applied = stead("apply", "default")
    assert applied.status == 0, applied.err
    stead.port = port
    assert stead.post(body("a")) == 200
    assert stead("apply", "default").out == "nothing to apply\n"


def test_a_faulty_file_changes_nothing_until_it_is_put_right(stead: Stead) -> None:
    workers, port = stead.workers(), free_port()
    edit_by_hand(stead, source_text("lora", port).replace("port =", "prot ="))
    refused = stead("apply", "default")
    assert refused.status == 1
    assert "did you mean port" in refused.err
    edit_by_hand(stead, "this is no TOML")
    refused = stead("apply", "default")
    assert refused.status == 1
    assert "tenant.toml:4" in refused.err
    stead.engines[-1].send_signal(signal.SIGHUP)
    assert stead.workers() == workers
    edit_by_hand(stead, source_text("lora", port))
    assert stead("apply", "default").status == 0
    stead.port = port
    assert stead.post(body("a")) == 200


def test_an_edit_by_hand_while_something_is_applied_is_not_overwritten(stead: Stead) -> None:
    (stead.scripts / "slow.py").write_text("import time\ntime.sleep(1)\n" + SCRIPT)
    slow = source_text("lora", stead.port, script="slow.py")
    by_hand = source_text("lora", stead.port, "threads = 2")

    async def edit_meanwhile(client: ControlClient) -> Applied:
        edited = asyncio.Event()
        client.on_notification = lambda name, params: (stead.write(by_hand), edited.set())
        applied = await stage_and_apply(client, slow)
        assert edited.is_set()
        return applied

    applied = stead.talk(edit_meanwhile)
    assert not applied.applied
    assert "it was edited by hand meanwhile" in (applied.reason or "")
    assert "threads = 2" in stead.tenant_file.read_text()
    stead.talk(lambda client: client.call("configuration.discard", {"tenant": "default"}))
    assert stead("apply", "default").status == 0
    assert len(stead.workers()) == 2


def test_a_tenant_is_made_filled_and_removed(stead: Stead) -> None:
    port = free_port()
    new_tenant(stead, "acme")
    (stead.path / "tenants" / "acme" / "scripts" / "lora.py").write_text(SCRIPT)
    apply_or_fail(stead, source_text("gate", port), "acme")
    assert connects(port)
    assert (stead.path / "tenants" / "acme" / "history").is_dir()
    taken = apply(stead, source_text("lora", stead.port) + source_text("gate", port), "default")
    assert "is taken by event source acme/gate" in (taken.reason or "")
    stead.talk(lambda client: client.call("configuration.discard", {"tenant": "default"}))

    stead.talk(lambda client: client.call("tenants.remove", OfTenant("acme")))
    assert not connects(port)
    assert not (stead.path / "tenants" / "acme").exists()
    assert [tenant.id for tenant in stead.status().tenants] == ["default"]
    with pytest.raises(ControlError, match="no tenant acme") as gone:
        target(stead, "start", "acme")
    assert gone.value.code == NOT_FOUND


def test_a_folder_that_appears_is_a_tenant_after_sighup(stead: Stead) -> None:
    folder = stead.path / "tenants" / "found"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "lora.py").write_text(SCRIPT)
    port = free_port()
    (folder / "tenant.toml").write_text(whole(source_text("gate", port), "found"))
    stead.engines[-1].send_signal(signal.SIGHUP)
    until(lambda: connects(port), "the new tenant")
    stead.talk(lambda client: client.call("tenants.remove", OfTenant("found")))


def test_a_tenant_without_autostart_waits_to_be_started(stead: Stead) -> None:
    new_tenant(stead, "quiet")
    (stead.path / "tenants" / "quiet" / "scripts" / "lora.py").write_text(SCRIPT)
    port = free_port()
    apply_or_fail(stead, source_text("gate", port), "quiet")
    assert stead("set", "quiet", "tenant", "autostart=false", "--apply").status == 0
    assert connects(port)  # it acts at the next start

    stead.engines[-1].terminate()
    assert stead.engines[-1].wait(10) == 0
    stead.serve()
    assert stead.post(body("a")) == 200
    assert not connects(port)
    other = free_port()
    apply_or_fail(stead, source_text("gate", other), "quiet")
    assert not connects(other)
    target(stead, "start", "quiet")
    assert connects(other)
    target(stead, "stop", "quiet")
    assert not connects(other)
    stead.talk(lambda client: client.call("tenants.remove", OfTenant("quiet")))


def test_what_was_applied_runs_after_a_kill(stead: Stead) -> None:
    port = free_port()
    apply_or_fail(stead, source_text("lora", port))
    kill(stead.engines[-1].pid)
    stead.engines[-1].wait()
    stead.serve()
    stead.port = port
    assert stead.post(body("after")) == 200
    assert not (stead.path / "tenants" / "default" / "staged.toml").exists()
    histories = (stead.path / "tenants" / "default" / "history").glob("*.toml")
    assert max(histories).read_text() == stead.tenant_file.read_text()
