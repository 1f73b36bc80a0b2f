"""Secrets: how they are given, read and read again, and that none is ever shown."""

import os
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.secrets import MOST_BYTES, Secret, SecretValue, kept_name, secret_name
from core.catalogue.settings import Settings, describe, setting
from core.catalogue.values import check_text, check_value, parse_text, read_settings, shown_text, value_text
from core.errors import TidegateError

HIDDEN = "hunter2"


class Locked(Settings):
    """Settings with a secret."""

    token: Annotated[Secret, setting("Token", "opens it")]
    spare: Annotated[Secret | None, setting("Spare", "opens it too")] = None


TOKEN = describe(Locked)["token"]


def read(**table: object) -> tuple[Locked | None, list[str]]:
    made, faults = read_settings(Locked, table)
    return made, [fault.message for fault in faults]


def test_a_secret_is_a_table_that_says_where_it_is() -> None:
    made, faults = read(token={"env": "LORA_TOKEN"}, spare={"file": "secrets/spare"})
    assert not faults
    assert made == Locked(token=Secret(env="LORA_TOKEN"), spare=Secret(file="secrets/spare"))
    assert read(token={"env": "A"})[0] == Locked(token=Secret(env="A"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (HIDDEN, "plain text"),
        (3, "plain text"),
        ([HIDDEN], "plain text"),
        ({}, "write { env"),
        ({"env": "A", "file": "b"}, 'write { env = "NAME" } or { file = "path" }'),
        ({"value": HIDDEN}, "write { env"),
        ({"env": f"{HIDDEN} "}, "no environment variable"),
        ({"env": 3}, "no environment variable"),
        ({"file": ""}, "no file"),
        ({"file": "a\0b"}, "no file"),
    ],
)
def test_a_secret_given_otherwise_is_a_fault_that_says_what_to_write_and_not_the_value(value: Any, said: str) -> None:
    _, faults = read(token=value)
    assert len(faults) == 1
    assert said in faults[0]
    assert HIDDEN not in faults[0]
    assert HIDDEN not in shown_text(TOKEN, value)


def test_on_the_command_line_a_secret_is_a_place() -> None:
    assert parse_text(TOKEN, "env:LORA_TOKEN") == {"env": "LORA_TOKEN"}
    assert parse_text(TOKEN, " file:/run/secrets/a:b ") == {"file": "/run/secrets/a:b"}
    assert check_text(TOKEN, "") == "Token is required"
    assert check_text(TOKEN, "env:") == check_value(TOKEN, {"env": ""})
    said = check_text(TOKEN, HIDDEN)
    assert said is not None
    assert "env:NAME or file:PATH" in said
    assert HIDDEN not in said


@given(st.sampled_from(["env", "file"]), st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_what_is_shown_is_read_again(way: str, place: str) -> None:
    value = parse_text(TOKEN, f"{way}:{place}")
    assert value_text(value) == shown_text(TOKEN, value) == f"{way}:{place}"


@given(st.binary(max_size=200))
def test_a_file_gives_its_bytes_without_one_newline(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "secret").write_bytes(content + b"\n")
    if content.removesuffix(b"\r"):
        assert Secret(file="secret").read(folder) == content.removesuffix(b"\r")
    else:
        with pytest.raises(TidegateError, match="the file secret is empty"):
            Secret(file="secret").read(folder)


def test_an_environment_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORA_TOKEN", f"{HIDDEN}\n")
    assert Secret(env="LORA_TOKEN").read(tmp_path) == HIDDEN.encode()
    monkeypatch.setenv("LORA_TOKEN", "")
    with pytest.raises(TidegateError, match="LORA_TOKEN is empty"):
        Secret(env="LORA_TOKEN").read(tmp_path)
    monkeypatch.delenv("LORA_TOKEN")
    with pytest.raises(TidegateError, match="LORA_TOKEN is not set"):
        Secret(env="LORA_TOKEN").read(tmp_path)


def test_what_is_no_secret_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * MOST_BYTES + b"y")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("long", "folder", "pipe", "missing"):
        with pytest.raises(TidegateError, match=name):
            Secret(file=name).read(tmp_path)


def test_a_changed_file_is_noticed_once_a_second_and_a_missing_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    value = SecretValue(Secret(file="token"), tmp_path)
    assert (value.now, value.look(10.0)) == (b"one", False)
    file.write_text("two!")
    assert not value.look(10.5)
    assert value.look(11.0)
    assert value.now == b"two!"
    file.write_text("")
    assert not value.look(12.0)
    file.unlink()
    assert not value.look(13.0)
    assert value.now == b"two!"
    file.write_text("three")
    assert value.look(14.0)
    assert value.now == b"three"


def test_no_secret_is_in_what_an_object_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(HIDDEN)
    value = SecretValue(Secret(file="token"), tmp_path)
    assert HIDDEN not in f"{value} {value!r} {Secret(file='token')} {Secret(file='token')!r}"


def test_what_the_engine_keeps_is_named_after_the_component() -> None:
    path = "event_sources/lora/interaction_handler/authentication/gateway"
    assert secret_name(path, "token") == "lora-authentication-gateway-token"
    assert secret_name("event_sources/#2/tls", "key_password") == "2-tls-key_password"
    assert kept_name("secrets/lora-token") == "lora-token"
    assert kept_name("/run/secrets/lora-token") is None
    assert kept_name("secrets/a/b") is None
