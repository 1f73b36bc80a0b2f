"""`tidegate backup` and `restore`: a home in one file, and out of it again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption

TOLD_EVERY = 0.2
"""Seconds between two words of progress."""

ProgressOption = Annotated[
    bool, typer.Option("--progress", help="Say how far it is as JSON lines on stderr; on a terminal it says so anyway.")
]

if TYPE_CHECKING:
    from core.backup.made import Backup
    from core.backup.reading import Verified
    from core.config.home import Home


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write, such as gate.tar.zst.")],
    home: HomeOption = None,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Take secrets and private keys too; keep the file as safe as those.")
    ] = False,
    progress: ProgressOption = False,
    as_json: JsonOption = False,
) -> int:
    """Write a home into one file, while its engine runs.

    Configuration, scripts, all that was received and what replays made of it; not the index, which is built again.
    """
    from core.processes import yield_to_others

    yield_to_others()
    import msgspec

    from core.backup.writing import write_backup
    from core.cli.export import whole_file
    from core.cli.output import print_json
    from core.config.home import Home, find_home
    from core.errors import TidegateError

    place = Home(find_home(home))
    if not place.exists():
        raise TidegateError(f"{place.root} is no home: `tidegate init` makes one")
    _must_be_outside(file, place)
    with (
        _ending_orderly(),
        _progress("backed up", as_lines=progress) as tell,
        _parts(file) as parts,
        whole_file(file, 0o600) as out,
    ):
        made = write_backup(place, out, parts, with_secrets=with_secrets, progress=tell)
    made = msgspec.structs.replace(made, file=str(file))
    if as_json:
        print_json(made)
    else:
        _say_backup(made)
    return 0


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `tidegate backup` wrote.")],
    home: HomeOption = None,
    check: Annotated[bool, typer.Option("--check", help="Only verify every checksum; write nothing.")] = False,
    progress: ProgressOption = False,
    as_json: JsonOption = False,
) -> int:
    """Make a home of a backup: in an empty folder, or one that is not there.

    Everything is verified before any of it is seen. The index is built when the engine starts.
    """
    from core.backup.reading import restore as restore_home
    from core.backup.reading import verify
    from core.cli.output import print_json
    from core.config.home import find_home

    place = find_home(home)
    with _ending_orderly(), _progress("verified" if check else "restored", as_lines=progress) as tell:
        found = verify(file, tell) if check else restore_home(file, place, tell)
    if as_json:
        print_json(
            {
                "home": None if check else str(place),
                "header": found.header,
                "tenants": found.tenants,
                "segments": found.segments,
                "requests": found.requests,
                "missing_secrets": found.manifest.missing_secrets,
                "variables": found.manifest.variables,
                "damaged": found.manifest.damaged,
            }
        )
    else:
        _say_restored(found, file, None if check else place)
    return 0


def _must_be_outside(file: Path, place: Home) -> None:
    from core.errors import TidegateError

    target = file.absolute().parent.resolve()
    for folder in (place.data, place.tenants, place.scripts):
        if target.is_relative_to(folder.resolve()):
            raise TidegateError(f"{file} is in {folder}, which is backed up itself: write it elsewhere")


@contextlib.contextmanager
def _parts(file: Path) -> Generator[Path]:
    """A folder beside the backup, for copies of segments."""
    import tempfile

    from core.errors import TidegateError

    try:
        parts = tempfile.TemporaryDirectory(prefix=f".{file.name}.", suffix=".parts", dir=file.parent)
    except OSError as error:
        raise TidegateError(f"cannot write into {file.parent}: {error.strerror}") from error
    with parts as folder:
        yield Path(folder)


@contextlib.contextmanager
def _ending_orderly() -> Generator[None]:
    """SIGTERM ends a command as ctrl+c does: what was half written goes."""
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _progress(done_word: str, *, as_lines: bool) -> Generator[Callable[[int, int], None]]:
    """Says how far it is: on a terminal in one line of stderr that is written over, or in lines of JSON."""
    import sys
    import time

    import msgspec

    from core.backup.made import HowFar
    from core.errors import TidegateError

    told = 0.0

    def tell(done: int, of: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < TOLD_EVERY or not (as_lines or sys.stderr.isatty()):
            return
        told = now
        far = HowFar(done, of)
        line = f"\r\x1b[K{far.words()} {done_word}; ctrl+c cancels "
        try:
            sys.stderr.write(f"{msgspec.json.encode(far).decode()}\n" if as_lines else line)
            sys.stderr.flush()
        except BrokenPipeError as error:
            raise TidegateError("nobody reads any more how far it is: it was given up") from error

    try:
        yield tell
    finally:
        if told and not as_lines:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _say_backup(made: Backup) -> None:
    from core.model.text import visible

    typer.echo(f"{visible(made.file)}: {made.words()}")
    for note in made.notes():
        typer.echo(f"  {visible(note)}")


def _say_restored(found: Verified, file: Path, home: Path | None) -> None:
    from core.backup.made import damaged_notes
    from core.model.text import plural, visible

    header = found.header
    counts = ", ".join(
        (
            plural(len(found.tenants), "tenant"),
            plural(found.segments, "journal segment"),
            plural(found.requests, "request"),
        )
    )
    made = f"{visible(header.home)} on {visible(header.host)}, {visible(header.created)}"
    typer.echo(f"{file}: {counts}, of {made}: {'all is well' if home is None else f'restored into {home}'}")
    for note in damaged_notes(found.manifest.damaged):
        typer.echo(f"  {visible(note)}")
    _say_missing(
        found.manifest.missing_secrets, "is not in the backup: put the secret there, readable by its owner alone"
    )
    _say_missing(found.manifest.variables, "is an environment variable with a secret: set it where the engine runs")
    if home is not None:
        typer.echo("next:")
        typer.echo(f"  tidegate check --home {home}")
        typer.echo(f"  tidegate serve --home {home}")


def _say_missing(names: Sequence[str], what: str) -> None:
    from core.model.text import visible

    for name in names:
        typer.echo(f"  {visible(name)} {what}")
