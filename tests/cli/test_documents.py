"""The pages that are made of the code are in step with it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_control_protocols_page_is_the_codes() -> None:
    made = subprocess.run(
        [sys.executable, "docs/control.py"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True
    )
    assert made.stdout.decode() == (ROOT / "docs" / "control.md").read_text(), (
        "run python docs/control.py > docs/control.md"
    )
