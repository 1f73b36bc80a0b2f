"""Edits of a configuration's text: add, set, remove, move and replace components.

Each edit is made twice: on the text, where comments, order and spacing stay, and on the data, where it is plain what
is meant. If the new text does not say exactly that, the edit is refused.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from core.catalogue.naming import Index
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION
from core.catalogue.tenant import DEVICE_COMMUNICATION, TENANT
from core.config import render, rewrite
from core.config.document import Document
from core.config.meaning import holder, same, same_documents
from core.config.places import Place, component_for, locate, settings_of, unknown_key
from core.config.scan import Key
from core.control.configurations import Edit
from core.errors import ConfigurationError, NotFound, TidegateError


def apply_edits(text: str, edits: Iterable[Edit], catalogue: Catalogue) -> str:
    """The text after the edits. TidegateError says why one cannot be made; then none is."""
    for edit in edits:
        text = _apply(Document(text), edit, catalogue)
    return text


def component_text(text: str, path: str, catalogue: Catalogue) -> str:
    """What `replace` takes: a component's own keys, and its tables with headers relative to it (`[decoder]`)."""
    document = Document(text)
    place = locate(document.data, path, catalogue)
    run = rewrite.run_of(document, place.at)
    if run is None or run[0].header is None:
        _ = place.table
        return "".join(f"{render.key(name)} = {render.value(value)}\n" for name, value in place.table.items())
    start, end = _below_header(document, run[0].header.end), run[1]
    pieces: list[str] = []
    for header in document.headers:
        if start <= header.start < end:
            relative = render.dotted(header.path[len(place.at) :])
            pieces += [text[start : header.start], f"[[{relative}]]" if header.array else f"[{relative}]"]
            start = header.end
    return "".join([*pieces, text[start:end]])


def _below_header(document: Document, end: int) -> int:
    below = document.text.find("\n", end)
    return below + 1 if below >= 0 else len(document.text)


def _apply(document: Document, edit: Edit, catalogue: Catalogue) -> str:
    place = locate(document.data, edit.path, catalogue)
    meant = copy.deepcopy(document.data)
    match edit.op:
        case "add":
            text = _add(document, place, edit, catalogue, meant)
        case "set":
            text = _set(document, place, edit.values, meant)
        case "remove":
            text = _remove(document, place, meant)
        case "move":
            text = _move(document, place, edit.to, meant)
        case "replace":
            text = _replace(document, place, edit.text, meant)
    _verify(document, place, text, meant)
    return text


def _add(document: Document, place: Place, edit: Edit, catalogue: Catalogue, meant: dict[str, Any]) -> str:
    component = component_for(place, edit.type, catalogue)
    given = {key: value for key, value in edit.values.items() if value is not None and key != "type"}
    _only_known(edit.path, given, [*component.described(), *(slot.key for slot in component.slots)])
    values = {"type": component.type, **given}
    if place.is_list:
        assert place.slot is not None
        index = place.slot.index
        _check_index(index, given.get(index.key), f"a {component.title}", place.path, index.names(place.items))
        at: Key = (*place.at, len(place.items))
        holder(meant, at).append(values)
        return _add_to_list(document, place, at, values, render.component(component, at, values))
    if place.slot is None or place.found is not None or place.is_listed:
        raise TidegateError(f"{edit.path} is filled already: remove what is there first")
    above = place.at[:-1]
    holder(meant, place.at)[place.slot.key] = values
    if document.block(above) is None:
        return rewrite.set_value(document, above, place.slot.key, values)
    keys = [slot.key for slot in place.beside]
    earlier: list[Key] = [(*above, key) for key in keys[: keys.index(place.slot.key)]]
    return rewrite.insert_slot(document, render.component(component, place.at, values), above, earlier)


def _add_to_list(document: Document, place: Place, at: Key, values: dict[str, Any], block: str) -> str:
    array = document.entry(place.at)
    if array is not None and (place.items or rewrite.says_more(document, array)):
        return rewrite.append_inline(document, array, values)
    if array is not None:
        document = Document(rewrite.remove(document, place.at))
    above = place.at[:-1]
    headed = document.block(above) is not None or (above == (DEVICE_COMMUNICATION,) and document.entry(above) is None)
    if not place.items and not headed:
        return rewrite.set_value(document, above, str(place.at[-1]), [values])
    last: list[Key] = [(*place.at, len(place.items) - 1)] if place.items else [above]
    return rewrite.insert_block(document, block, last)


def _check_index(index: Index, value: object, subject: str, path: str, names: list[str]) -> None:
    """`value` is to tell a component of the list at `path` from the others, `names`."""
    if not isinstance(value, str) or not value:
        raise TidegateError(f"{subject} needs {'an' if index.key[0] in 'aeiou' else 'a'} {index.key}")
    if not re.fullmatch(index.pattern, value):
        raise TidegateError(f"{value!r} {index.pattern_help}")
    if value in names:
        raise TidegateError(f"{path}/{value} is there already: take another {index.key}")


def _set(document: Document, place: Place, values: Mapping[str, Any], meant: dict[str, Any]) -> str:
    table = place.table
    known = settings_of(place)
    slots = [slot.key for slot in place.component.slots] if place.component else []
    for key in values:
        if key in slots:
            raise TidegateError(f"{place.path}/{key} is a component: add, replace or remove it")
    if known:
        given = [key for key, value in values.items() if value is not None and key != "type"]
        _only_known(place.path, given, known)
    _check_rename(document, place, {**table, **values})
    given = {key: value for key, value in values.items() if value is not None}
    if place.found is None and place.path == RETENTION and given:
        meant[RETENTION] = given
        return rewrite.insert_block(document, render.table(given, place.at), [(TENANT,)])
    target = _table_at(meant, place.at)
    for key, value in values.items():
        if value is None and key in target:
            del target[key]
            document = Document(rewrite.remove(document, (*place.at, key)))
        elif value is not None and not same(target.get(key), value):
            target[key] = value
            document = Document(rewrite.set_value(document, place.at, key, value))
    return document.text


def _check_rename(document: Document, place: Place, table: Mapping[str, Any]) -> None:
    """What stands in a list keeps its index, or gets another of its own."""
    if place.slot is None or not place.is_listed:
        return
    index, value = place.slot.index, table.get(place.slot.index.key)
    if value != place.table.get(index.key):
        names = index.names(holder(document.data, place.at))
        _check_index(index, value, place.path, place.path.rpartition("/")[0], names)


def _remove(document: Document, place: Place, meant: dict[str, Any]) -> str:
    if (place.slot is None and place.path != RETENTION) or place.is_list:
        raise TidegateError(f"{place.path} cannot be removed")
    _ = place.table
    if place.found is None:
        raise NotFound(f"there is no {place.path}")
    del holder(meant, place.at)[place.at[-1]]
    if place.is_listed and not holder(meant, place.at) and document.entry(place.at[:-1]) is None:
        del holder(meant, place.at[:-1])[place.at[-2]]  # a list of headers goes with its last one
    return rewrite.remove(document, place.at)


def _move(document: Document, place: Place, to: int, meant: dict[str, Any]) -> str:
    _ = place.table
    old = place.at[-1]
    if not isinstance(old, int):
        raise TidegateError(f"{place.path} stands in no list: it cannot be moved")
    items = holder(meant, place.at)
    if not 0 <= to < len(items):
        raise TidegateError(f"{place.path} can go to places 0 to {len(items) - 1}, not to {to}")
    items.insert(to, items.pop(old))
    return rewrite.move(document, place.at[:-1], len(items), old, to) if to != old else document.text


def _replace(document: Document, place: Place, text: str, meant: dict[str, Any]) -> str:
    _ = place.table
    given = Document(text)
    _check_rename(document, place, given.data)
    if place.found is None and place.path == RETENTION:
        meant[RETENTION] = given.data
        block = f"[{RETENTION}]\n{text.rstrip()}\n"
        return rewrite.insert_block(document, block, [(TENANT,)]) if given.data else document.text
    if place.found is None:
        raise TidegateError(f"there is no {place.path}: set its keys instead")
    holder(meant, place.at)[place.at[-1]] = given.data
    run = rewrite.run_of(document, place.at)
    if run is None or run[0].header is None:
        return _replace_inline(document, place, given)
    start, end = _below_header(document, run[0].header.end), run[1]
    return rewrite.put_run(document, (start, end), _with_absolute_headers(given, place.at).rstrip(" \t\r\n"))


def _replace_inline(document: Document, place: Place, given: Document) -> str:
    entry = document.entry(place.at)
    if entry is None or given.comments_in(0, len(given.text)) or document.comments_in(entry.start, entry.end):
        line = document.line_of(place.at)
        raise TidegateError(f"{place.path} has no block of its own (line {line}): change it in the whole text")
    return document.text[: entry.start] + render.value(given.data) + document.text[entry.end :]


def _with_absolute_headers(given: Document, at: Key) -> str:
    prefix, done = render.dotted(at) + ".", 0
    pieces: list[str] = []
    for header in given.headers:
        names = header.start + (2 if header.array else 1)
        pieces += [given.text[done:names], prefix]
        done = names
    return "".join([*pieces, given.text[done:]])


def _only_known(path: str, given: Iterable[str], known: Iterable[str]) -> None:
    names = list(known)
    for key in given:
        if key not in names:
            raise TidegateError(f"{path.replace('/', '.')}.{key}: {unknown_key(key, names)}")


def _table_at(data: dict[str, Any], at: Key) -> dict[str, Any]:
    above = holder(data, at)
    if isinstance(above, dict):
        return cast("dict[str, Any]", above).setdefault(str(at[-1]), {})
    return above[at[-1]]


def _verify(document: Document, place: Place, text: str, meant: dict[str, Any]) -> None:
    try:
        right = same_documents(Document(text).data, meant)
    except ConfigurationError:
        right = False
    if not right:
        line = document.line_of(place.at) or 1
        raise TidegateError(
            f"{place.path} cannot be edited here, for how line {line} is written: change it in the text"
        )
