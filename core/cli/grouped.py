"""A command's help with its options in groups."""

from typing import Any

from typer.core import TyperCommand


class GroupedCommand(TyperCommand):
    """Lists the options under the `rich_help_panel` that each names, in the order in which these first appear."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # typer's own types for these two are private
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            fallback = "Arguments" if param.param_type_name == "argument" else "Options"
            group = str(getattr(param, "rich_help_panel", None) or fallback)
            groups.setdefault(group, []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)
