"""Event sources that benchmarks add to the tutorial's tenant."""

import subprocess
from pathlib import Path

from under_load import tidegate

DECODER = "decode_lora.py"
"""The tutorial's."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    made, key = folder / "localhost.crt", folder / "localhost.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-days", "2", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return made, key


def add_tls_source(home: Path, port: int, made: Path, key: Path) -> None:
    """HTTP over TLS 1.3, `secure`."""
    _add_http(home, "secure", port)
    tidegate(home, "add", "default", "event_sources/secure/tls", "certificate", f"certificate={made}", f"key={key}")
    tidegate(home, "apply", "default")


def add_http_source(home: Path, id: str, port: int, *values: str) -> None:
    """HTTP as the tutorial's, with other values."""
    _add_http(home, id, port, *values)
    tidegate(home, "apply", "default")


def _add_http(home: Path, id: str, port: int, *values: str) -> None:
    tidegate(home, "add", "default", "event_sources", "socket", f"id={id}", f"port={port}", *values)
    tidegate(home, "add", "default", f"event_sources/{id}/interaction_handler", "http")
    tidegate(home, "add", "default", f"event_sources/{id}/decoder", "python", f"script={DECODER}")


def add_lines_source(home: Path, port: int, answer: str) -> None:
    """TCP lines, `lines`, each answered when it is on disk."""
    source = "event_sources/lines"
    tidegate(home, "add", "default", "event_sources", "socket", "id=lines", f"port={port}")
    tidegate(home, "add", "default", f"{source}/interaction_handler", "framed", f"answer={answer}")
    tidegate(home, "add", "default", f"{source}/interaction_handler/framing", "line")
    tidegate(home, "add", "default", f"{source}/decoder", "python", f"script={DECODER}")
    tidegate(home, "apply", "default")
