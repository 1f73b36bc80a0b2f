"""Python Socket Interaction Handler Factory: a function of the operator's has the whole connection, for protocols that
no framing with an answer can express."""

from typing import TYPE_CHECKING, Annotated

from core.catalogue.component import Component, ScriptTemplate
from core.catalogue.contracts import HANDLE
from core.catalogue.handling import Intake
from core.catalogue.settings import Settings, setting
from core.catalogue.shared_settings import IN_FOLDERS, idle_limit, script_path, write_limit
from core.catalogue.units import Duration, Size

if TYPE_CHECKING:
    from core.wire.scripted import ScriptedHandler


class PythonHandlerSettings(Settings):
    """Settings of the Python interaction handler."""

    script: Annotated[str, script_path(f"{IN_FOLDERS}; it acts on new connections", example="handle.py", script=HANDLE)]
    timeout: Annotated[
        Duration,
        setting(
            "Time limit",
            "of the script from one await to the next; the worker's other connections wait meanwhile",
            least="1 ms",
            most="10 s",
            folded=True,
        ),
    ] = Duration("200 ms")
    max_payload: Annotated[
        Size,
        setting("Most payload", "bytes of one request, and of what one read may wait for", least="1 B", most="16 MiB"),
    ] = Size("64 KiB")
    idle_timeout: Annotated[Duration, idle_limit()] = Duration("10 min")
    write_timeout: Annotated[Duration, write_limit("how long a device may take to accept what is sent to it")] = (
        Duration("30 s")
    )


def make(settings: PythonHandlerSettings, intake: Intake) -> "ScriptedHandler":
    """The handler of one worker."""
    from core.wire.scripted import ScriptedHandler, ScriptedRules

    rules = ScriptedRules(
        script=intake.context.script(settings.script, HANDLE, settings.timeout),
        max_payload=int(settings.max_payload),
        idle_timeout=settings.idle_timeout,
        write_timeout=settings.write_timeout,
    )
    return ScriptedHandler(rules, intake)


TEMPLATE = '''"""Has a device's whole connection: here every line is a request, answered with OK or with ERROR."""


async def handle(connection) -> None:
    # read(), readline(), readuntil(), readexactly(count): EOFError where the device ends before
    # request(payload): decoded and on disk when it returns; .failure, .events and .answer say what came of it
    # write(data), refuse(reason, bytes), close(); state, remote, metadata
    while True:
        line = await connection.readline()
        kept = await connection.request(line.rstrip(b"\\r\\n"))
        await connection.write(kept.answer or (b"ERROR\\r\\n" if kept.failure else b"OK\\r\\n"))
'''

COMPONENT = Component(
    role="interaction_handler",
    type="python",
    title="Python Socket Interaction Handler Factory",
    summary="a function of yours has the whole connection",
    settings=PythonHandlerSettings,
    make=make,
    templates=(ScriptTemplate("handle.py", "Line by line, each answered when it is on disk", TEMPLATE),),
    script_suffix=".py",
)
