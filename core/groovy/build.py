"""Compiles the sidecar's Groovy sources into a JAR file, once for each version of them, of Groovy and of Java.

The cache is a folder of the home: `data/groovy/<key>/` with `sidecar.jar` and, later, the class-data archive.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from core.errors import TidegateError
from core.groovy.discovery import Found

SOURCES = Path(__file__).parent / "jvm"
JAR = "sidecar.jar"
COMPILER = "org.codehaus.groovy.tools.FileSystemCompiler"
COMPILE_SECONDS = 120.0
"""For the compilation, which takes two seconds on an idle machine."""
KEPT_SECONDS = 7 * 86400.0
"""Builds of other versions that nothing has used for so long are removed."""


@dataclass(frozen=True, slots=True)
class Built:
    """A compiled sidecar."""

    found: Found
    folder: Path

    @property
    def jar(self) -> Path:
        return self.folder / JAR

    @property
    def class_path(self) -> str:
        """Always in the same order, which the class-data archive holds it to."""
        return os.pathsep.join(str(jar) for jar in (self.jar, *self.found.class_path))


def build(found: Found, cache: Path, sources: Path = SOURCES) -> Built:
    """The compiled sidecar: from the cache, or compiled now, which takes some seconds. Safe in several processes.

    TidegateError where it cannot be compiled or kept.
    """
    folder = cache / _key(found, sources)
    built = Built(found, folder)
    if not built.jar.is_file():
        try:
            cache.mkdir(mode=0o750, parents=True, exist_ok=True)
            with _alone(cache):
                if not built.jar.is_file():
                    _compile(found, sources, folder)
                    _forget_others(cache, folder)
        except OSError as error:
            raise TidegateError(f"Groovy cannot be made ready in {cache}: {error.strerror or error}") from error
    with contextlib.suppress(OSError):
        os.utime(folder)  # it is in use: `_forget_others` leaves it
    return built


def _key(found: Found, sources: Path) -> str:
    """Names everything that the result depends on."""
    digest = hashlib.sha256()
    for file in sorted(sources.rglob("*.groovy")):
        digest.update(f"{file.relative_to(sources)}\0".encode() + file.read_bytes() + b"\0")
    for file in (found.java, *found.class_path):
        real = file.resolve()
        facts = real.stat() if real.exists() else None
        digest.update(f"{file}\0{real}\0{facts and (facts.st_size, facts.st_mtime_ns)}\0".encode())
    digest.update(repr(found.versions).encode())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _alone(cache: Path) -> Generator[None]:
    """Holds the cache's lock: others wait, and then find what was made."""
    handle = os.open(cache / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        deadline = time.monotonic() + COMPILE_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TidegateError(f"{cache} is locked: another process compiles there and does not end") from None
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _compile(found: Found, sources: Path, folder: Path) -> None:
    temporary = Path(tempfile.mkdtemp(prefix=".build-", dir=folder.parent))
    try:
        classes = temporary / "classes"
        classes.mkdir()
        _run_compiler(found, sorted(sources.rglob("*.groovy")), classes)
        _pack(classes, temporary / JAR)
        shutil.rmtree(classes)
        shutil.rmtree(folder, ignore_errors=True)  # left half removed, if it is there
        os.replace(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _run_compiler(found: Found, files: list[Path], classes: Path) -> None:
    class_path = os.pathsep.join(str(jar) for jar in found.class_path)
    command = [str(found.java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-cp", class_path]
    command += [COMPILER, "--classpath", class_path, "-d", str(classes), *map(str, files)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMPILE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise TidegateError(f"Groovy did not compile the sidecar within {COMPILE_SECONDS:g} s") from None
    if done.returncode != 0:
        said = " ".join(done.stdout.decode(errors="replace").split())
        raise TidegateError(f"the sidecar does not compile with {found.class_path[0]}: {said[-2000:]}")


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(classes.rglob("*.class")):
            archive.write(file, file.relative_to(classes).as_posix())


def _forget_others(cache: Path, kept: Path) -> None:
    old = time.time() - KEPT_SECONDS
    for folder in cache.iterdir():
        if folder.is_dir() and folder != kept and folder.stat().st_mtime < old:
            shutil.rmtree(folder, ignore_errors=True)
