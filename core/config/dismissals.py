"""Which groups of failures were dismissed, and why: a file of the home, which no new index changes."""

from pathlib import Path
from typing import Final

import msgspec

from core.config.files import WRITING, read_text, write_text
from core.errors import NotFound, TidegateError
from core.model.dates import now_text
from core.model.failures import Dismissal, FailureGroup

MOST: Final = 10_000
"""Dismissals that are kept; another is refused until some are undone."""
LONGEST: Final = 500
"""Characters of a word why."""

_decoder = msgspec.json.Decoder(list[Dismissal])


class Dismissals:
    """The dismissals of one home. Any thread may call it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, int], dict[str, Dismissal]] | None = None

    def all(self) -> dict[str, Dismissal]:
        """The dismissals by the id of their group; read again when the file has changed."""
        try:
            facts = self._file.stat()
        except OSError:
            return {}
        stamp = facts.st_mtime_ns, facts.st_ino
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, self._load()
        return self._read[1]

    def _load(self) -> dict[str, Dismissal]:
        try:
            return {each.id: each for each in _decoder.decode(read_text(self._file) or "[]")}
        except msgspec.MsgspecError as error:
            raise TidegateError(
                f"{self._file} is no list of dismissals: {error}; move it away to begin anew"
            ) from error

    def add(self, group: FailureGroup, why: str) -> Dismissal:
        """Dismisses a group; one that was dismissed already has the new word."""
        why = " ".join(why.split())
        if not why:
            raise TidegateError("say why: whoever sees it next will want to know")
        if len(why) > LONGEST:
            raise TidegateError(f"at most {LONGEST} characters say why")
        made = Dismissal(
            id=group.id, tenant=group.tenant, source=group.source, reason=group.reason, why=why, at=now_text()
        )
        with WRITING:
            known = dict(self.all())
            if group.id not in known and len(known) >= MOST:
                raise TidegateError(f"{MOST:,} groups are dismissed already: undo some first")
            self._write({**known, group.id: made})
        return made

    def remove(self, id: str) -> Dismissal:
        """Undoes the dismissal of the group whose id begins so."""
        with WRITING:
            known = dict(self.all())
            met = [each for each in known if each.startswith(id)] if id else []
            if not met:
                raise NotFound(
                    f"no group {id} is dismissed: `tidegate requests --failed --group --dismissed` lists them"
                )
            if len(met) > 1:
                raise TidegateError(f"more than one dismissed group's id begins with {id}: give more of it")
            undone = known.pop(met[0])
            self._write(known)
        return undone

    def _write(self, dismissals: dict[str, Dismissal]) -> None:
        encoded = msgspec.json.format(msgspec.json.encode([*dismissals.values()]), indent=1)
        write_text(self._file, f"{encoded.decode()}\n")
