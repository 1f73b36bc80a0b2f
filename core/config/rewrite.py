"""Changes a configuration's text in one place and leaves every other byte alone.

Each function takes a Document and gives the new text. What is said at a path may be said in several ways (a header,
dotted keys, an inline table); each is edited as it is written. Comments within a value that changes cannot be kept, so
such a change is refused.
"""

import re
from collections.abc import Sequence

from core.config import render
from core.config.document import Block, Document
from core.config.scan import Entry, Key
from core.errors import TidegateError

_LEADING_BLANK = re.compile(r"(?:[ \t]*\r?\n)+")
_TRAILING_BLANK = re.compile(r"(?<=\n)(?:[ \t]*\r?\n)+[ \t]*\Z")


def set_value(document: Document, at: Key, key: str, value: object) -> str:
    """Gives `key` of the table at `at` a value."""
    path = (*at, key)
    entry = document.entry(path)
    if entry is not None:
        _refuse_comments(document, entry)
        return _splice(document.text, entry.start, entry.end, render.value(value))
    if _says(document, path):
        document = Document(remove(document, path))
    line = f"{render.key(key)} = {render.value(value)}"
    table = document.entry(at)
    if table is not None and table.shape == "table":
        return _add_to_inline(document, table, line)
    if table is not None:
        raise TidegateError(f"line {table.line} is not a table")
    return _add_line(document, at, key, line)


def remove(document: Document, path: Key) -> str:
    """Takes away whatever is said at `path` and below it."""
    entry = document.entry(path)
    if entry is not None and entry.inside is not None:
        return _remove_from_inline(document, entry)
    text = document.text
    cuts = [(start, end, True) for start, end in _runs(document, path)]
    cuts += [(*_whole_lines(text, entry.key_start, entry.end), False) for entry in _dotted_below(document, path)]
    for start, end, is_block in sorted(cuts, reverse=True):
        text = _join_around(text[:start], text[end:]) if is_block else text[:start] + text[end:]
    return text


def move(document: Document, at: Key, count: int, old: int, new: int) -> str:
    """Puts item `old` of the list at `at`, which has `count`, at place `new`; what lies between the items stays."""
    array = document.entry(at)
    if array is not None:
        _refuse_comments(document, array)
        spans = [(item.start, item.end) for place in range(count) if (item := document.entry((*at, place)))]
    else:
        spans = [run for place in range(count) for run in _runs(document, (*at, place))]
        if len(spans) != count:
            line = document.line_of((*at, old))
            raise TidegateError(
                f"the tables of the component on line {line} do not stand together: move it in the text"
            )
    texts = [document.text[start:end] for start, end in spans]
    texts.insert(new, texts.pop(old))
    return _fill(document, spans, texts, whole_lines=array is None)


def _fill(document: Document, spans: list[tuple[int, int]], texts: list[str], *, whole_lines: bool) -> str:
    text, done = document.text, 0
    parts: list[str] = []
    for (start, end), filling in zip(spans, texts, strict=True):
        parts += [text[done:start], filling]
        if whole_lines:
            parts.append(apart(filling, text[end:], document.newline))
        done = end
    return "".join([*parts, text[done:]])


def apart(above: str, below: str, newline: str) -> str:
    """What must stand between two blocks, so that a comment at the end of one does not become the next one's."""
    if not above.endswith("\n"):
        return newline
    last_line = above.splitlines()[-1].strip()
    return newline if below and last_line.startswith("#") and not _LEADING_BLANK.match(below) else ""


def insert_block(document: Document, block: str, after: Sequence[Key], *, at_top: bool = False) -> str:
    """Puts a new block behind the last one that stands at, or below, one of the paths `after`.

    Where none does, it goes to the end of the text or, `at_top`, above the first header.
    """
    ends = [end for path in after for _, end in _runs(document, path)]
    headed = [found.start for found in document.blocks if found.header]
    place = max(ends) if ends else headed[0] if at_top and headed else len(document.text)
    return _insert(document, place, block)


def insert_slot(document: Document, block: str, at: Key, earlier: Sequence[Key]) -> str:
    """Puts the block of a slot behind its component's own header and the slots that come before it."""
    own = document.block(at)
    assert own is not None
    ends = [own.end, *(end for path in earlier for _, end in _runs(document, path))]
    return _insert(document, max(ends), block)


def _insert(document: Document, place: int, block: str) -> str:
    newline = document.newline
    head, tail = document.text[:place], document.text[place:]
    if head and not head.endswith("\n"):
        head += newline
    if head and not _ends_blank(head):
        head += newline
    if tail and not _LEADING_BLANK.match(tail):
        tail = newline + tail
    return head + block.replace("\n", newline) + tail


def append_inline(document: Document, array: Entry, value: object) -> str:
    """Puts an item at the end of an inline array."""
    return _add_to_inline(document, array, render.value(value))


def put_run(document: Document, run: tuple[int, int], text: str) -> str:
    """Puts whole lines in the place of others."""
    head, tail = document.text[: run[0]], document.text[run[1] :]
    if head and not head.endswith("\n"):
        head += document.newline
    if not text:
        return head + tail
    body = text.replace("\r\n", "\n").removesuffix("\n").replace("\n", document.newline) + document.newline
    return head + body + apart(body, tail, document.newline) + tail


def says_more(document: Document, entry: Entry) -> bool:
    """Whether comments stand in a value or behind it: they would go with its lines."""
    return bool(document.comments_in(entry.start, _whole_lines(document.text, entry.start, entry.end)[1]))


def run_of(document: Document, path: Key) -> tuple[Block, int] | None:
    """The block at `path` and the end of the last one below it, where they stand together; else None."""
    block, runs = document.block(path), _runs(document, path)
    return (block, runs[0][1]) if block and len(runs) == 1 and runs[0][0] == block.start else None


def _says(document: Document, path: Key) -> bool:
    return any(header.path[: len(path)] == path for header in document.headers) or bool(_dotted_below(document, path))


def _runs(document: Document, path: Key) -> list[tuple[int, int]]:
    """The stretches of neighbouring blocks at `path` and below."""
    runs: list[tuple[int, int]] = []
    previous = False
    for block in document.blocks:
        own = block.header is not None and block.path[: len(path)] == path
        if own and previous:
            runs[-1] = (runs[-1][0], block.end)
        elif own:
            runs.append((block.start, block.end))
        previous = own
    return runs


def _dotted_below(document: Document, path: Key) -> list[Entry]:
    """The keys with lines of their own, in tables above `path`, that say something at `path` or below."""
    size = len(path)
    return [
        entry
        for entry in document.entries
        if entry.inside is None and len(entry.table) < size and entry.path[:size] == path
    ]


def _add_line(document: Document, at: Key, key: str, line: str) -> str:
    """A new line below the last key of the table at `at`; a header for it where there is none."""
    size = len(at)
    near = [
        entry
        for entry in document.entries
        if entry.inside is None and len(entry.table) <= size and entry.path[:size] == at and len(entry.path) > size
    ]
    block = document.block(at)
    if near:
        last = near[-1]
        start, end = _whole_lines(document.text, last.key_start, last.end)
        indent = document.text[start : last.key_start]
        relative = at[len(last.table) :]
        line = indent + (f"{render.dotted(relative)}." if relative else "") + line
    elif block is not None and block.header is not None:
        start, end = _whole_lines(document.text, block.header.start, block.header.end)
        line = document.text[start : block.header.start] + line
    else:
        return insert_block(document, f"[{render.dotted(at)}]\n{line}\n", [], at_top=True)
    head = document.text[:end]
    if not head.endswith("\n"):
        return head + document.newline + line
    return head + line + document.newline + document.text[end:]


def _add_to_inline(document: Document, holder: Entry, item: str) -> str:
    inner = [entry for entry in document.entries if entry.inside == holder.path and entry.end <= holder.end]
    if inner:
        place = inner[-1].end
        return _splice(document.text, place, place, f", {item}")
    _refuse_comments(document, holder)
    opening, closing = ("{ ", " }") if holder.shape == "table" else ("[", "]")
    return _splice(document.text, holder.start, holder.end, f"{opening}{item}{closing}")


def _remove_from_inline(document: Document, entry: Entry) -> str:
    holder = next(other for other in document.entries if other.path == entry.inside)
    _refuse_comments(document, holder)
    items = [other for other in document.entries if other.inside == entry.inside]
    place = items.index(entry)
    if place + 1 < len(items):
        return _splice(document.text, entry.key_start, items[place + 1].key_start, "")
    if place > 0:
        return _splice(document.text, items[place - 1].end, entry.end, "")
    return _splice(document.text, holder.start, holder.end, "{}" if holder.shape == "table" else "[]")


def _refuse_comments(document: Document, entry: Entry) -> None:
    if document.comments_in(entry.start, entry.end):
        raise TidegateError(f"the value on line {entry.line} has comments inside it: change it in the text")


def _whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    below = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, below + 1 if below >= 0 else len(text)


def _join_around(head: str, tail: str) -> str:
    """Closes the gap where a block was, with one separation instead of two."""
    if not head or _ends_blank(head):
        match = _LEADING_BLANK.match(tail)
        tail = tail[match.end() :] if match else tail
    return head + tail if tail else _TRAILING_BLANK.sub("", head)


def _ends_blank(text: str) -> bool:
    return not text.strip() or _TRAILING_BLANK.search(text) is not None


def _splice(text: str, start: int, end: int, filling: str) -> str:
    return text[:start] + filling + text[end:]
