"""Engines that are there and cannot be used: who must let whom in, and what holds a home."""

import grp
import os
import socket
from pathlib import Path

import pytest

from core.cli.reach import forbidden
from core.config.home import Home, HomeLock
from tests.cli.tidegate import tidegate


@pytest.fixture
def control_socket(tmp_path: Path) -> Path:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
    return path


def test_a_socket_for_a_group_names_that_group(control_socket: Path) -> None:
    control_socket.chmod(0o660)
    name = grp.getgrgid(control_socket.stat().st_gid).gr_name
    assert f"may be opened by group {name}, which you are not in" in forbidden(control_socket)


def test_a_socket_for_its_owner_alone_says_how_to_let_a_group_in(control_socket: Path) -> None:
    control_socket.chmod(0o600)
    assert "[control] group" in forbidden(control_socket)


def test_a_socket_in_a_closed_folder(tmp_path: Path) -> None:
    assert "its folder belongs to others" in forbidden(tmp_path / "closed" / "control.sock")


def test_a_home_that_is_held_and_does_not_answer_names_the_holder(tmp_path: Path) -> None:
    with HomeLock(Home(tmp_path)):
        for command in ("status", "events"):
            done = tidegate(command, "--home", str(tmp_path))
            assert done.status == 1
            assert f"process {os.getpid()} holds {tmp_path}" in done.err
        assert "all is well" in tidegate("check", "--home", str(tmp_path)).out  # it only reads
