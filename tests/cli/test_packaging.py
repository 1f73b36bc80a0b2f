"""What is installed holds all that the code opens."""

import tomllib
from pathlib import Path

import core

ROOT = Path(core.__file__).parents[1]


def test_every_file_that_is_no_python_is_package_data() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns: dict[str, list[str]] = project["tool"]["setuptools"]["package-data"]
    for package in ("core", "console", "themes"):
        folder = ROOT / package
        carried = {path for pattern in patterns.get(package, []) for path in folder.glob(pattern)}
        present = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
        assert present <= carried, f"{package}: {sorted(present - carried)}"


def test_every_folder_with_code_is_a_package() -> None:
    for package in ("core", "console", "themes"):
        for file in (ROOT / package).rglob("*.py"):
            assert (file.parent / "__init__.py").exists(), file.parent
