"""Reads instance.toml: what holds for every tenant of a home."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Literal, TypeVar, cast

import msgspec

from core.catalogue.retention import RetentionSettings
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Size
from core.catalogue.values import read_settings
from core.config.document import Document
from core.config.files import read_text
from core.config.home import Home
from core.errors import ConfigurationError, Fault, TidegateError
from core.model.nearest import nearest


class ControlSettings(Settings):
    """Who may attach a console to the engine."""

    group: Annotated[
        str | None,
        setting(
            "Group",
            "whose members may attach besides the engine's user and root; none given: nobody else",
            pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}",
            pattern_help="is no group's name",
        ),
    ] = None
    admins: Annotated[
        tuple[str, ...],
        setting("Admins", "users, and groups written @group, who may change things; others of the group only look"),
    ] = ()


class JournalSettings(Settings):
    """How received data is kept."""

    segment: Annotated[
        Size,
        setting("Segment", "a worker begins a new journal file at this size", least="1 MiB", most="16 GiB"),
    ] = Size("64 MiB")
    free_disk: Annotated[
        Size,
        setting("Free disk", "with less free space than this every source answers 503", least="1 MiB", most="16 TiB"),
    ] = Size("512 MiB")


class GroovySettings(Settings):
    """Where Groovy and its JVM are, and who shares one."""

    java_home: Annotated[
        str | None,
        setting(
            "Java home",
            "the folder of the Java to use; none given: JAVA_HOME, the java on the PATH, or the one that pip brought",
            pattern=r"/.*",
            pattern_help="is no path from the root: write one such as /usr/lib/jvm/default-java",
        ),
    ] = None
    jars: Annotated[
        tuple[str, ...],
        setting("JAR files", "for scripts, before those of the system; a groovy or jackson one takes its place"),
    ] = ()
    isolation: Annotated[
        Literal["engine", "tenant"],
        setting("Isolation", "one JVM for the whole engine, or one for each tenant that has Groovy scripts"),
    ] = "engine"


class Instance(msgspec.Struct, kw_only=True):
    """What instance.toml says; every key has a default."""

    control: ControlSettings = msgspec.field(default_factory=ControlSettings)
    journal: JournalSettings = msgspec.field(default_factory=JournalSettings)
    retention: RetentionSettings = msgspec.field(default_factory=RetentionSettings)
    groovy: GroovySettings = msgspec.field(default_factory=GroovySettings)


TABLES = ("control", "journal", "retention", "groovy")

S = TypeVar("S", bound=Settings)


def read_instance(home: Home) -> tuple[Instance, list[Fault]]:
    """The home's instance.toml with every fault in it. A table with faults has its defaults in the result."""
    file = str(home.instance_file)
    try:
        text = read_text(home.instance_file)
        document = Document(text or "", file)
    except ConfigurationError as error:
        return Instance(), error.faults
    except TidegateError as error:
        return Instance(), [Fault(message=str(error))]
    faults: list[Fault] = []
    for key in document.data:
        if key not in TABLES:
            near = nearest(key, TABLES)
            hint = f"did you mean {near}?" if near else f"known here: {', '.join(TABLES)}"
            faults.append(_placed(document, file, Fault(key=key, message=f"is not known here; {hint}")))
    instance = Instance(
        control=_table(document, file, "control", ControlSettings, faults),
        journal=_table(document, file, "journal", JournalSettings, faults),
        retention=_table(document, file, "retention", RetentionSettings, faults),
        groovy=_table(document, file, "groovy", GroovySettings, faults),
    )
    for jar in instance.groovy.jars:
        if not (PurePath(jar).is_absolute() and jar.endswith(".jar")):
            fault = Fault(path="groovy", key="jars", message=f"{jar!r} is no JAR file's path from the root")
            faults.append(_placed(document, file, fault))
    return instance, sorted(faults, key=lambda fault: fault.line)


def _table(document: Document, file: str, name: str, kind: type[S], faults: list[Fault]) -> S:
    table = document.data.get(name, {})
    if not isinstance(table, Mapping):
        faults.append(_placed(document, file, Fault(key=name, message="is not a table")))
        return kind()
    settings, found = read_settings(kind, cast("Mapping[str, object]", table), path=name)
    faults += [_placed(document, file, fault) for fault in found]
    return settings or kind()


def _placed(document: Document, file: str, fault: Fault) -> Fault:
    at = tuple(part for part in (fault.path, fault.key) if part)
    return msgspec.structs.replace(fault, file=file, line=document.line_of(at))
