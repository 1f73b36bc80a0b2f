"""The scripts to begin with that Python decoders are offered, read from core/templates."""

from pathlib import Path

import core.templates
from core.catalogue.component import ScriptTemplate

FIRST = ("decode_lora", "decode")
"""The tutorial's and the empty one; the others follow by name."""


def python_templates() -> tuple[ScriptTemplate, ...]:
    """The templates of Python decoders. The first line of a file's docstring is its title."""
    files = {
        file.stem: file for file in Path(core.templates.__file__).parent.glob("*.py") if file.name != "__init__.py"
    }
    names = [*FIRST, *sorted(files.keys() - set(FIRST))]
    return tuple(_read(files[name]) for name in names)


def _read(file: Path) -> ScriptTemplate:
    text = file.read_text("utf-8")
    title = text.split("\n", 1)[0].removeprefix('"""').removesuffix('"""').removesuffix(".")
    return ScriptTemplate(file.name, title, text)
