"""The home directory: what lies where in it, and the lock that says an engine runs for it."""

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path
from types import TracebackType

from core.catalogue.tenant import ID, ID_HELP
from core.config.files import make_folder, read_text, write_text
from core.errors import TidegateError

SYSTEM_HOME = Path("/var/lib/tidegate")
LONGEST_SOCKET_PATH = 107
"""Bytes that fit into a Unix socket's address: 108 with the closing zero."""


def find_home(given: Path | None = None) -> Path:
    """The home to use: the one given, `$TIDEGATE_HOME`, the system's where it exists, the user's own."""
    named = given or os.environ.get("TIDEGATE_HOME")
    if named:
        return Path(os.path.abspath(Path(named).expanduser()))
    if SYSTEM_HOME.is_dir():
        return SYSTEM_HOME
    import platformdirs  # needed by few calls, and `tidegate --help` answers in 0.2 s

    return platformdirs.user_data_path("tidegate", appauthor=False)


class Home:
    """The paths of one home. Ids are checked, so that no path leaves it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.instance_file = root / "instance.toml"
        self.scripts = root / "scripts"
        self.tenants = root / "tenants"
        self.removed = self.tenants / ".removed"
        self.data = root / "data"
        self.lock_file = self.data / "engine.lock"
        self.journal = self.data / "journal"
        self.damaged = self.data / "damaged"
        self.slots = self.data / "slots"
        self.index_file = self.data / "index.db"
        self.dismissals_file = self.data / "dismissed.json"
        self.engine_log = self.data / "engine.log"
        self.control_path_file = self.data / "control.path"
        self.groovy = self.data / "groovy"
        self.replays = self.data / "replays"

    def __repr__(self) -> str:
        return f"Home({str(self.root)!r})"

    def exists(self) -> bool:
        """Whether something made this a home."""
        return self.tenants.is_dir() or self.instance_file.is_file()

    def create(self) -> None:
        """Makes what is missing of a home's folders."""
        try:
            for folder in (self.root, self.scripts, self.tenants, self.data, self.journal, self.slots):
                make_folder(folder)
        except OSError as error:
            raise TidegateError(f"cannot make a home in {self.root}: {error.strerror}") from error

    def tenant_ids(self) -> list[str]:
        """The tenants that have a configuration, by id."""
        try:
            found = sorted(path.name for path in self.tenants.iterdir() if re.fullmatch(ID, path.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise TidegateError(f"cannot read {self.tenants}: {error.strerror}") from error
        return [name for name in found if self.tenant_file(name).is_file()]

    def tenant_folder(self, tenant: str) -> Path:
        if not re.fullmatch(ID, tenant):
            raise TidegateError(f"{tenant!r} {ID_HELP}")
        return self.tenants / tenant

    def tenant_file(self, tenant: str) -> Path:
        return self.tenant_folder(tenant) / "tenant.toml"

    def staged_file(self, tenant: str) -> Path:
        return self.tenant_folder(tenant) / "staged.toml"

    def tenant_scripts(self, tenant: str) -> Path:
        return self.tenant_folder(tenant) / "scripts"

    def secrets(self, tenant: str) -> Path:
        return self.tenant_folder(tenant) / "secrets"

    def history(self, tenant: str) -> Path:
        return self.tenant_folder(tenant) / "history"

    def control_socket(self) -> Path:
        """Where the engine listens for consoles.

        `data/control.sock`, or, where that is too long for a socket's address, a place named in `data/control.path`:
        this call chooses one if none is named yet.
        """
        path = self.data / "control.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        named = Path((read_text(self.control_path_file) or "").strip())
        if named.is_absolute() and named.parent.is_dir():
            return named
        chosen = self._short_socket()
        self.create()
        write_text(self.control_path_file, f"{chosen}\n", 0o644)
        return chosen

    def groovy_socket(self, tenant: str = "") -> Path:
        """Where workers reach the Groovy sidecar of the engine, or of one tenant: beside the control socket."""
        control = self.control_socket()
        named = f"groovy-{tenant}.sock" if tenant else "groovy.sock"
        in_shared_folder = control.name != "control.sock"  # where other homes have theirs too
        path = control.with_name(named)
        if in_shared_folder or len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            key = hashlib.sha256(os.fsencode(self.root) + b"\0" + tenant.encode()).hexdigest()
            path = control.with_name(f"groovy-{key[:12]}.sock" if in_shared_folder else f"g{key[:6]}.sock")
        return path

    def _short_socket(self) -> Path:
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime and os.path.isabs(runtime) and os.access(runtime, os.W_OK):
            name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
            short = Path(runtime) / f"tidegate-{name}.sock"
            if len(os.fsencode(short)) <= LONGEST_SOCKET_PATH:
                return short
        folder = tempfile.mkdtemp(prefix="tidegate-")  # its mode is 0700
        if len(os.fsencode(folder)) > LONGEST_SOCKET_PATH - len("/control.sock"):
            os.rmdir(folder)
            folder = tempfile.mkdtemp(prefix="tidegate-", dir="/tmp")
        return Path(folder) / "control.sock"


class HomeLocked(TidegateError):
    """An engine, or a command that works in its place, holds the home."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"an engine runs for this home already: process {pid or 'unknown'}")


class HomeLock:
    """Held by the one process that may write to a home; the kernel lets go of it when that process ends.

    The file descriptor is not inherited by programs that the holder starts.
    """

    PATIENCE = 0.5
    """Seconds: `holder` in another process takes the lock for a moment, which is no reason to give up."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._handle: int | None = None

    def acquire(self) -> None:
        """Takes the lock, or raises HomeLocked with the process that has it."""
        if self._handle is not None:
            return
        self._home.create()
        try:
            handle = os.open(self._home.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise TidegateError(f"cannot open {self._home.lock_file}: {error.strerror}") from error
        try:
            _lock(handle, time.monotonic() + self.PATIENCE)
            os.ftruncate(handle, 0)
            with contextlib.suppress(OSError):  # on a full disk nobody reads whose it is, and it holds all the same
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Lets go; does nothing where it is not held."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def holder(self) -> int | None:
        """The process that holds the lock (0: it did not say which), be it this one; None where nobody does."""
        try:
            handle = os.open(self._home.lock_file, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TidegateError(f"cannot open {self._home.lock_file}: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(handle) or 0
        finally:
            os.close(handle)
        return None

    def __enter__(self) -> "HomeLock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def _lock(handle: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise HomeLocked(_pid(handle)) from None
        time.sleep(0.01)


def _pid(handle: int) -> int | None:
    with contextlib.suppress(ValueError):
        return int(os.pread(handle, 32, 0))
    return None
