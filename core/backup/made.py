"""What was backed up, as every surface tells of it."""

import msgspec

from core.model.text import bytes_text, plural


class HowFar(msgspec.Struct):
    """How far one is, in bytes of the home; about how many there are."""

    done: int
    of: int

    def words(self) -> str:
        """`12.0 MiB of 40.2 MiB`."""
        return f"{bytes_text(self.done)} of {bytes_text(max(self.done, self.of))}"


class Backup(msgspec.Struct, kw_only=True):
    """What a backup holds."""

    file: str
    home: str
    bytes: int
    """Of the backup itself."""
    tenants: int
    segments: int
    requests: int
    """In the segments whose rows are known to be whole."""
    secrets: bool
    missing_secrets: list[str]
    variables: list[str]
    damaged: list[str]
    gone: int
    """Segments that were deleted, since they were old, before their turn came."""

    def words(self) -> str:
        """What is in it, in one line."""
        counts = (plural(self.tenants, "tenant"), plural(self.segments, "journal segment"))
        return f"{', '.join(counts)}, {plural(self.requests, 'request')}, {bytes_text(self.bytes)}"

    def notes(self) -> list[str]:
        """What to know of it, a sentence each."""
        notes: list[str] = []
        if self.secrets:
            notes.append("secrets are in it: keep it as safe as those")
        elif self.missing_secrets:
            notes.append(
                f"without {plural(len(self.missing_secrets), 'secret')}; --with-secrets takes those of the home"
            )
        if self.gone:
            notes.append(f"{plural(self.gone, 'old journal segment')} went by retention meanwhile")
        return notes + damaged_notes(self.damaged)


def damaged_notes(segments: list[str]) -> list[str]:
    """What to know of segments that were damaged in the home."""
    return [f"{path} is damaged in the home: its bytes are in the backup as they are" for path in segments]
