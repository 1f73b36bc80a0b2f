"""The entry point of `tidegate`; it loads the console only where one is opened, so that commands answer at once."""

from pathlib import Path

from core.cli.app import run


def main() -> None:
    """Runs `tidegate` with the process's arguments and exits with its status."""
    run(_open_console)


def _open_console(home: Path, *, demo: bool, readonly: bool) -> int:
    from console.app import run as run_console

    return run_console(home, demo=demo, readonly=readonly)


if __name__ == "__main__":
    main()
