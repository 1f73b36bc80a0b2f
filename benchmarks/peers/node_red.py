"""Node-RED with a flow of `http in`, `json`, `function` and `http response`, which stores nothing."""

import json
import shutil
from pathlib import Path

from peers import cache, need, run_quietly

VERSION = "4"
_HERE = Path(__file__).parent


def install() -> Path:
    """Node-RED from npm, once; where it is. Absent where it cannot be had."""
    need({"node": "nodejs", "npm": "npm"})
    folder = cache("node-red")
    if not _package(folder).exists():
        run_quietly(["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), f"node-red@{VERSION}"])
    return folder


def _package(folder: Path) -> Path:
    return folder / "node_modules" / "node-red" / "package.json"


def version(folder: Path) -> str:
    return f"Node-RED {json.loads(_package(folder).read_text())['version']}"


def command(folder: Path, work: Path, port: int) -> list[str]:
    """What serves the flow at /lora of `port`; `work` is a folder for its files."""
    work.mkdir()
    shutil.copy(_HERE / "node_red_flows.json", work / "flows.json")
    red = _package(folder).with_name("red.js")
    settings = _HERE / "node_red_settings.js"
    return ["env", f"PORT={port}", "node", str(red), "--settings", str(settings), "--userDir", str(work)]
