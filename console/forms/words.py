"""What a form says about a setting: its bounds, its default, its help."""

from core.catalogue.settings import Setting
from core.catalogue.values import bound_text, value_text

_KINDS = {
    "size": "a size, such as 64 KiB",
    "duration": "a time, such as 10 s",
    "list": "separated by commas",
    "integer": "a whole number",
    "number": "a number",
    "secret": "env:NAME or file:PATH, never the secret itself",
}


def bounds_text(setting: Setting) -> str:
    """`1 to 65535`, `at least 1 KiB`; empty where there are no bounds."""
    least = None if setting.minimum is None else bound_text(setting, setting.minimum)
    most = None if setting.maximum is None else bound_text(setting, setting.maximum)
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}" if most is not None else ""


def hint(setting: Setting) -> str:
    """What stands beside a field: its bounds and what it means, as far as there is room."""
    unit = f" {setting.unit}" if setting.unit else ""
    bounds = bounds_text(setting)
    return ", ".join(part for part in (f"{bounds}{unit}" if bounds else "", setting.description) if part)


def full_help(setting: Setting) -> list[str]:
    """All that can be said of a setting, a sentence a line."""
    kind = _KINDS.get(setting.kind, "")
    choices = f"one of {', '.join(setting.choices)}" if setting.choices else ""
    rules = [part for part in (kind, choices, bounds_text(setting)) if part]
    if setting.required:
        default = "required"
    elif setting.default is None:
        default = "default: not set"
    else:
        default = f"default: {value_text(setting.default)}"
    return [setting.description, ", ".join([*rules, default])]
