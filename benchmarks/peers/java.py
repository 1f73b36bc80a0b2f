"""A plain Java server with a thread for each connection, as SiteWhere's: it decodes with Jackson and stores nothing."""

import re
import shutil
import subprocess
from pathlib import Path

from peers import cache, need, run_quietly

_SOURCE = Path(__file__).with_name("Server.java")
_JARS = [f"/usr/share/java/jackson-{part}.jar" for part in ("databind", "core", "annotations")]


def install() -> Path:
    """The server, compiled; where its classes are. Absent where it cannot be had."""
    need({"javac": "default-jdk-headless", _JARS[0]: "libjackson2-databind-java"})
    classes = cache("java") / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    run_quietly(["javac", "-cp", ":".join(_JARS), "-d", str(classes), str(_SOURCE)])
    return classes


def version() -> str:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=30).stderr
    found = re.search(r'version "([^"]+)"', said)
    return f"Java {found[1] if found else '?'}"


def command(classes: Path, port: int, *, keeping: bool = False) -> list[str]:
    """What serves `port`, with a new thread for each connection, or `keeping` the threads of those that have ended."""
    kept = ["keeping"] if keeping else []
    return ["java", "-cp", ":".join([str(classes), *_JARS]), "Server", str(port), *kept]
