"""What is asked of a replay, checked before it begins."""

from pathlib import Path

from core.control.replays import MOST_NAMED, Replay
from core.errors import ConfigurationError, Fault, NotFound, TidegateError
from core.journal.request_id import id_bytes
from core.model.filter import FilterError, parse_filter


def check(asked: Replay) -> None:
    """TidegateError or ConfigurationError says what is wrong with it, whatever the tenant is."""
    if asked.rate is not None and not 0.1 <= asked.rate <= 1e6:
        raise TidegateError(f"{asked.rate:g} requests a second is no rate: give one from 0.1 to 1,000,000")
    if len(asked.requests) > MOST_NAMED:
        raise TidegateError(f"a replay names at most {MOST_NAMED:,} requests: choose them by a filter")
    for id in asked.requests:
        if id_bytes(id) is None:
            raise NotFound(f"{id!r} is no request's id: it has the form 0198c0de-0000-7000-8000-000000000000")
    if asked.script is not None:
        _check_script(asked.script.name)
    try:
        parse_filter(asked.filter)
    except FilterError as error:
        fault = Fault(message=error.message, line=error.column, key="filter")
        raise ConfigurationError([fault]) from error


def filter_of(asked: Replay) -> str:
    """Its filter; what was refused never had a decoder."""
    words = ("" if asked.outcome is not None else "-outcome:refused", asked.filter)
    return " ".join(word for word in words if word)


def _check_script(name: str) -> None:
    """TidegateError where a script's name could not be that of a file in a scripts folder."""
    if not name or Path(name).name != name or name.startswith(".") or not Path(name).suffix:
        raise TidegateError(f"{name!r} is no script's file name: give one such as decode.py")
