"""The recipes of docs/authentication.md: their TOML is what it should be, and openssl signs as the gate expects."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.catalogue.authenticating import AuthenticationContext
from core.catalogue.component import Slot
from core.catalogue.configured import read_component
from core.catalogue.registry import catalogue
from core.wire.gate import Gate
from core.worker.making import authenticators

PAGE = (Path(__file__).parents[2] / "docs" / "authentication.md").read_text()
SLOT = Slot("authentication", "authentication", "Authentication", required=False, many=True)
NOW = 1_700_000_000


def recipes() -> dict[str, dict[str, Any]]:
    """The components on the page by type and id."""
    found = [tomllib.loads(text) for text in re.findall(r"```toml\n(\[\[.*?)```", PAGE, re.DOTALL)]
    tables = [each["device_communication"]["event_sources"]["interaction_handler"]["authentication"] for each in found]
    return {f"{table['type']}/{table['id']}": table for (table,) in tables}


def gate(recipe: str, folder: Path) -> Gate:
    table = recipes()[recipe]
    read, faults = read_component(catalogue(), SLOT, table, recipe)
    assert read is not None, faults
    (secret,) = (value for value in table.values() if isinstance(value, dict))
    file = folder / secret["file"]
    file.parent.mkdir(exist_ok=True)
    file.write_text("5ecret\n")
    return Gate(authenticators([read], AuthenticationContext(folder)), 10)


def shell(name: str, folder: Path) -> str:
    """What the page's shell lines make of `$mac`, for a secret in the file `name`."""
    blocks = [part for part in PAGE.split("```")[1::2] if part.startswith("\n")]
    block = next(text for text in blocks if f"cat {name}" in text and "mac=" in text)
    lines = block[: block.index("curl")].replace("$(date +%s)", str(NOW))
    (folder / name).write_text("5ecret\n")
    script = f'{lines}\nprintf "%s %s" "$mac" "$body"'
    return subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("recipe", "fields"),
    [
        ("bearer/gateway", {"authorization": "Bearer 5ecret"}),
        ("api_key/things-stack", {"x-api-key": "5ecret"}),
        ("basic/things-stack", {"authorization": "Basic dGhpbmdzLXN0YWNrOjVlY3JldA=="}),
    ],
)
def test_a_recipe_lets_in_what_it_says(recipe: str, fields: dict[str, str], tmp_path: Path) -> None:
    assert gate(recipe, tmp_path).judge_head(fields, {}, NOW).name == recipe.partition("/")[2]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_the_shells_signatures_are_good(tmp_path: Path) -> None:
    mac, _, body = shell("webhook-secret", tmp_path).partition(" ")
    fields = {"x-hub-signature-256": f"sha256={mac}"}
    assert gate("hmac/repository", tmp_path).judge(fields, body.encode(), {}, NOW).name == "repository"
    mac, _, body = shell("signing-secret", tmp_path).partition(" ")
    fields = {"stripe-signature": f"t={NOW},v1={mac}"}
    assert gate("hmac/payments", tmp_path).judge(fields, body.encode(), {}, NOW).name == "payments"
