"""Whether a script could run: what can be said of its text without running it."""

import ast
import warnings
from collections.abc import Iterable
from typing import Literal

from core.catalogue.contracts import Contract
from core.errors import Fault


def check_script(name: str, text: str, contracts: Iterable[Contract] = ()) -> Fault | None:
    """The first thing wrong with a script, or None. Only Python's are looked into.

    It must have the functions of `contracts`: what the components that use it call. Other modules in a scripts folder
    are there to be imported.
    """
    if not name.endswith(".py"):
        return None
    tree = _compiled(name, text)
    if isinstance(tree, Fault):
        return tree
    faults = (_function_fault(name, tree, contract) for contract in contracts)
    return next((fault for fault in faults if fault is not None), None)


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


def _function_fault(name: str, tree: ast.Module, contract: Contract) -> Fault | None:
    wanted = contract.function
    found: ast.stmt | Literal["bound"] | None = None
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found = statement if statement.name == wanted else found
        elif _binds(wanted, statement):
            found = "bound"
    match found:
        case None:
            return Fault(message=f"has no function {contract}", file=name)
        case ast.ClassDef():
            return Fault(message=f"{wanted} is a class: write a function", file=name, line=found.lineno)
        case ast.AsyncFunctionDef() if not contract.asynchronous:
            message = f"{wanted} is an async function: write it with def alone"
            return Fault(message=message, file=name, line=found.lineno)
        case ast.FunctionDef() if contract.asynchronous:
            return Fault(message=f"{wanted} is no async function: write async def", file=name, line=found.lineno)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return _signature_fault(name, found, contract)
        case _:
            return None


def _binds(wanted: str, statement: ast.stmt) -> bool:
    """Whether a statement gives the function's name a value that only running it would show: an import, an
    assignment."""
    for node in ast.walk(statement):
        match node:
            case ast.alias(name=name, asname=asname) if (asname or name) in (wanted, "*"):
                return True
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name == wanted:
                    return True
            case _:
                pass
    return False


def _signature_fault(name: str, function: ast.FunctionDef | ast.AsyncFunctionDef, contract: Contract) -> Fault | None:
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    with_default = set(positional[len(positional) - len(given.defaults) :])
    keyword_only = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    with_default |= {argument.arg for argument, default in keyword_only if default is not None}
    known = contract.arguments + contract.extras
    strange = [arg for arg in names if arg not in known and arg not in with_default]
    missing = [] if given.kwarg else [arg for arg in contract.arguments if arg not in names]
    if not strange and not missing:
        return None
    what = f"takes {strange[0]}" if strange else f"does not take {missing[0]}"
    wanted = f" and, where wanted, {' and '.join(contract.extras)}" if contract.extras else ""
    message = f"{contract.function} {what}: its arguments are {', '.join(contract.arguments)}{wanted}"
    return Fault(message=message, file=name, line=function.lineno)
