"""Python scripts: found in the scripts folders, loaded, loaded afresh when something there changes."""

import dis
import hashlib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

from core.catalogue.contracts import Contract
from core.catalogue.decoding import DecodeFailed
from core.errors import Fault, TidegateError

MOST_ANSWER = 1 << 20
"""Bytes of an answer that a script chooses: up to 64 of a connection may wait to be taken."""


LOOKING_AROUND = frozenset({"locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe", "stack", "f_locals"})
"""Names by which code reaches variables that it does not name."""


class ScriptError(TidegateError):
    """A script that cannot be used; the fault says where."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def find_script(name: str, folders: Sequence[Path]) -> Path:
    """The script's file in the first folder that has it; ScriptError where none has."""
    for folder in folders:
        path = folder / name
        if path.is_file():
            return path
    raise ScriptError(Fault(file=name, message="no such script in the scripts folders"))


class PythonScript:
    """One script with its function. `load` again puts a changed script in its place, or leaves the old."""

    def __init__(self, name: str, folders: Sequence[Path], contract: Contract) -> None:
        self.name = name
        self.contract = contract
        self.version: str | None = None
        self.extras: frozenset[str] = frozenset()
        """Which of the contract's extras the function names."""
        self.reads_metadata = True
        """False where the function certainly never looks at the argument of that name: it need not be made."""
        self.function: Callable[..., object]
        self._folders = [folder.resolve() for folder in folders]

    def load(self) -> None:
        """Loads the script and what it imports from the scripts folders; ScriptError changes nothing."""
        path = find_script(self.name, self._folders)
        for folder in reversed(self._folders):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        before = self._forget_modules()
        try:
            module = self._execute(path)
            function = getattr(module, self.contract.function, None)
            extras, version = self._signature(function), self._hash(path)
            unread = never_read(function, self.contract.arguments)
        except BaseException:
            self._forget_modules()
            sys.modules.update(before)
            raise
        assert callable(function)
        self.function, self.extras, self.version = function, extras, version
        self.reads_metadata = "metadata" not in unread

    def _execute(self, path: Path) -> ModuleType:
        importlib.invalidate_caches()
        name = f"tidegate_script_{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"
        try:
            code = compile(path.read_bytes(), str(path), "exec")
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module
            exec(code, module.__dict__)
        except SyntaxError as error:
            raise ScriptError(
                Fault(file=self._shown(error.filename), line=error.lineno or 0, message=error.msg)
            ) from error
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            file, line = self._place(error)
            raise ScriptError(Fault(file=file or self.name, line=line, message=_said(error))) from error
        return module

    def _signature(self, function: object) -> frozenset[str]:
        contract, name = self.contract, self.contract.function
        if not callable(function):
            raise ScriptError(Fault(file=self.name, message=f"has no function {contract}"))
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise ScriptError(Fault(file=self.name, message=f"{name} yields; it must not"))
        if inspect.iscoroutinefunction(function) != contract.asynchronous:
            wanted = "must be async" if contract.asynchronous else "is async; it must be a plain function"
            raise ScriptError(Fault(file=self.name, message=f"{name} {wanted}"))
        try:
            signature = inspect.signature(function)
            extras = frozenset(contract.extras) & signature.parameters.keys()
            signature.bind(*contract.arguments, **dict.fromkeys(extras))
        except (TypeError, ValueError) as error:
            may = f", and may take {' and '.join(contract.extras)}" if contract.extras else ""
            message = f"{name} must take {', '.join(contract.arguments)}{may}"
            raise ScriptError(Fault(file=self.name, message=message)) from error
        return extras

    def _hash(self, path: Path) -> str:
        """A short hash of the script and of what it imported from the scripts folders."""
        files = {path, *(Path(module.__file__) for module in self._own_modules().values() if module.__file__)}
        digest = hashlib.sha256()
        for file in sorted(files):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:6]

    def _own_modules(self) -> dict[str, ModuleType]:
        return {name: module for name, module in list(sys.modules.items()) if self._is_own(module)}

    def _is_own(self, module: ModuleType) -> bool:
        """A folder without `__init__.py` is a module too: it has no file, and holds on to what is in it."""
        file = getattr(module, "__file__", None)
        places: list[str] = [file] if file else list(getattr(module, "__path__", None) or ())
        return any(self._within(place) for place in places)

    def _forget_modules(self) -> dict[str, ModuleType]:
        own = self._own_modules()
        for name in own:
            del sys.modules[name]
        return own

    def _within(self, file: str) -> bool:
        return any(Path(file).is_relative_to(folder) for folder in self._folders)

    def _shown(self, file: str | None) -> str:
        for folder in self._folders:
            if file and Path(file).is_relative_to(folder):
                return str(Path(file).relative_to(folder))
        return self.name

    def reason(self, error: BaseException) -> str:
        """What went wrong, as `decode.py:14  JSON is missing the id`: the innermost line that is a script's own."""
        file, line = self._place(error)
        return (f"{file}:{line}  " if file else "") + _said(error)

    def _place(self, error: BaseException) -> tuple[str, int]:
        """File and line of the innermost step that is a script's own."""
        place = "", 0
        step = error.__traceback__
        while step is not None:
            file = step.tb_frame.f_code.co_filename
            if self._within(file):
                place = self._shown(file), step.tb_lineno
            step = step.tb_next
        return place


def never_read(function: object, arguments: Sequence[str]) -> frozenset[str]:
    """Those of the positional `arguments` that a plain function's code never reads, and does not look around for."""
    if not isinstance(function, FunctionType):
        return frozenset()
    code = function.__code__
    if len(arguments) > code.co_argcount or not LOOKING_AROUND.isdisjoint(code.co_names):
        return frozenset()
    read = set[object](code.co_cellvars)
    for step in dis.get_instructions(code):
        if step.opname.startswith(("LOAD_", "STORE_FAST_")):  # of the latter there are some that load as well
            named: object = step.argval
            read.update(cast("tuple[object, ...]", named) if isinstance(named, tuple) else (named,))
    return frozenset(name for name, own in zip(arguments, code.co_varnames, strict=False) if own not in read)


def _said(error: BaseException) -> str:
    text = str(error)
    if type(error) in (Exception, ValueError, RuntimeError, AssertionError) and text:
        return text
    if type(error).__name__ == "DecodeFailed":
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def respond_to(received: Any) -> Callable[..., None]:
    """What a script knows as `respond`: notes the answer, which is sent after the commit."""

    def respond(body: object, status: object = 200, content_type: object = None) -> None:
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, (bytes, bytearray)):
            raise DecodeFailed(f"respond was given {type(body).__name__}, not bytes or text")
        if len(body) > MOST_ANSWER:
            raise DecodeFailed(f"respond was given {len(body)} bytes; {MOST_ANSWER} are allowed")
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise DecodeFailed(f"respond was given the status {status!r}: a whole number from 200 to 599 is one")
        if content_type is not None:
            if not isinstance(content_type, str) or not re.fullmatch(r"[ -~]{1,200}", content_type):
                raise DecodeFailed("respond was given a content type that is no short text of ASCII")
            received.respond_type = content_type
        received.respond = (bytes(body), status)

    return respond
