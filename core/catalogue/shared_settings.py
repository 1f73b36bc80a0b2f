"""Settings that several components have alike, each to stand behind a type: `Annotated[str, script_path(…)]`."""

from typing import Final

import msgspec

from core.catalogue.contracts import ANSWER, Contract
from core.catalogue.octets import octets_fault
from core.catalogue.settings import setting

IN_FOLDERS: Final = "a file in the tenant's scripts folder, or in the one that all tenants share"
_LANGUAGES: Final = {"py": "Python", "groovy": "Groovy"}


def script_path(
    description: str, *, example: str, script: bool | Contract = True, title: str = "Script path"
) -> msgspec.Meta:
    """The name of a script, whose ending is that of `example`; `script` as `setting` takes it."""
    ending = example.rpartition(".")[2]
    return setting(
        title,
        description,
        script=script,
        pattern=rf"(?!/)(?!.*\.\.)[\w./-]+\.{ending}",
        pattern_help=f"is no {_LANGUAGES[ending]} script in a scripts folder: write a name such as {example}",
    )


def fixed_answer(what: str) -> msgspec.Meta:
    """What devices are sent for each `what`, where no script says it."""
    return setting(
        "Answer",
        rf"sent for each {what} that is on disk, where its script says nothing: text such as OK\r\n, or hex",
        check=octets_fault,
    )


def answering_script(what: str) -> msgspec.Meta:
    """The script that says what devices are sent for each `what`."""
    said = f"its answer(request, events, failure, state) says what is sent for each {what}, once the decode has ended"
    return script_path(said, example="answer.py", script=ANSWER, title="Answer script")


def idle_limit(
    description: str = "a connection on which nothing comes is closed after it",
    *,
    least: str = "1 s",
    most: str = "7 d",
) -> msgspec.Meta:
    """How long a connection may be idle."""
    return setting("Idle time limit", description, least=least, most=most, folded=True)


def write_limit(description: str = "how long a device may take to accept its answer") -> msgspec.Meta:
    """How long what is sent may wait for a device that does not take it."""
    return setting("Write time limit", description, least="100 ms", most="10 min", folded=True)
