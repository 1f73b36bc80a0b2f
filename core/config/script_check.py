"""Whether a script could run: what can be said of its text without running it."""

import ast
import warnings
from typing import Literal

from core.errors import Fault

ARGUMENTS = ("payload", "metadata", "events", "logger")
"""What every `decode` takes."""
WANTED = ("state", "respond")
"""What a `decode` gets that names them."""


def check_script(name: str, text: str, *, decoder: bool) -> Fault | None:
    """The first thing wrong with a script, or None. Only Python's are looked into.

    A `decoder` must have a function `decode`; other modules in a scripts folder are there to be imported.
    """
    if not name.endswith(".py"):
        return None
    tree = _compiled(name, text)
    if isinstance(tree, Fault):
        return tree
    return _decode_fault(name, tree) if decoder else None


def _compiled(name: str, text: str) -> ast.Module | Fault:
    if "\0" in text:
        return Fault(message="holds a null byte", file=name, line=text.count("\n", 0, text.index("\0")) + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, name)
            compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return Fault(message=error.msg or "is no Python", file=name, line=error.lineno or 0)
    except (RecursionError, MemoryError):
        return Fault(message="is nested too deeply", file=name)
    except ValueError as error:
        return Fault(message=f"is no Python: {error}", file=name)
    return tree


def _decode_fault(name: str, tree: ast.Module) -> Fault | None:
    found: ast.stmt | Literal["bound"] | None = None
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found = statement if statement.name == "decode" else found
        elif _binds_decode(statement):
            found = "bound"
    if found is None:
        return Fault(message=f"has no function decode({', '.join(ARGUMENTS)})", file=name)
    if isinstance(found, ast.AsyncFunctionDef):
        return Fault(message="decode is an async function: write it with def alone", file=name, line=found.lineno)
    if isinstance(found, ast.ClassDef):
        return Fault(message="decode is a class: write a function", file=name, line=found.lineno)
    return _signature_fault(name, found) if isinstance(found, ast.FunctionDef) else None


def _binds_decode(statement: ast.stmt) -> bool:
    """Whether a statement gives `decode` a value that only running it would show: an import, an assignment."""
    for node in ast.walk(statement):
        match node:
            case ast.alias(name=name, asname=asname) if (asname or name) in ("decode", "*"):
                return True
            case ast.Name(id="decode", ctx=ast.Store()) | ast.FunctionDef(name="decode"):
                return True
            case _:
                pass
    return False


def _signature_fault(name: str, function: ast.FunctionDef) -> Fault | None:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    with_default = set(positional[len(positional) - len(given.defaults) :])
    keyword_only = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    with_default |= {argument.arg for argument, default in keyword_only if default is not None}
    strange = [arg for arg in names if arg not in ARGUMENTS + WANTED and arg not in with_default]
    missing = [] if given.kwarg else [arg for arg in ARGUMENTS if arg not in names]
    if not strange and not missing:
        return None
    what = f"decode takes {strange[0]}" if strange else f"decode does not take {missing[0]}"
    message = f"{what}: its arguments are {', '.join(ARGUMENTS)} and, where wanted, {' and '.join(WANTED)}"
    return Fault(message=message, file=name, line=function.lineno)
