"""Takes one staged change back and leaves the others."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.catalogue.component import EVENT_SOURCES
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION
from core.catalogue.tenant import DEVICE_COMMUNICATION, TENANT
from core.config import rewrite
from core.config.document import Document
from core.config.edits import apply_edits
from core.config.meaning import holder, same_documents
from core.config.places import locate
from core.config.plan import ORDER, TEXT, compare, make_plan
from core.config.scan import Key
from core.config.value_edits import value_edits
from core.control.configurations import Change, Edit
from core.errors import ConfigurationError, NotFound, TidegateError


def take_back(active: str, staged: str, change: str, catalogue: Catalogue) -> str:
    """The staged text without one change of its plan. Where that leaves nothing changed, the active text."""
    changes = {one.id: one for one in make_plan("", active, staged, catalogue, "").changes}
    if change not in changes:
        raise NotFound("that change is no longer staged: look at the plan again")
    if change == TEXT:
        return active
    text = _without(active, staged, changes[change], catalogue)
    return active if _adds_nothing(text, active) else text


def _without(active: str, staged: str, change: Change, catalogue: Catalogue) -> str:
    if change.id == ORDER:
        return apply_edits(staged, _order_edits(active, staged), catalogue)
    if change.id.startswith("other/"):
        return _other_back(active, staged, (change.path,))
    if change.path == RETENTION and not all(RETENTION in Document(text).data for text in (active, staged)):
        return _other_back(active, staged, (RETENTION,))
    if change.path == TENANT or change.sign == "~":
        return _as_it_was(active, staged, change.path, catalogue)
    if change.sign == "+":
        return apply_edits(staged, [Edit(op="remove", path=change.path)], catalogue)
    return _put_back(active, staged, change.path.rpartition("/")[2], catalogue)


def _adds_nothing(text: str, active: str) -> bool:
    """Whether `text` means what the active one does and has no comment that would be lost with it."""
    try:
        after, before = Document(text), Document(active)
    except ConfigurationError:  # what is active was edited by hand and is no TOML: nothing equals it
        return False
    return same_documents(after.data, before.data) and not _new_comments(after, before)


def _new_comments(after: Document, before: Document) -> Counter[str]:
    return Counter(after.comments_in(0, len(after.text))) - Counter(before.comments_in(0, len(before.text)))


def _order_edits(active: str, staged: str) -> Iterator[Edit]:
    """Moves that bring the sources which both have into their old order, in the places that they hold now."""
    sides = compare(active, staged)
    old = iter(sides.common[0])
    names = list(sides.new_sources)
    wanted = [next(old) if name in sides.old_sources else name for name in names]
    for place, name in enumerate(wanted):
        if names[place] != name:
            names.remove(name)
            names.insert(place, name)
            yield Edit(op="move", path=f"{EVENT_SOURCES.key}/{name}", to=place)


def _as_it_was(active: str, staged: str, path: str, catalogue: Catalogue) -> str:
    """A component's text as it was, where no comment is lost by that; else its values one by one."""
    before, after = Document(active), Document(staged)
    old, new = (locate(document.data, path, catalogue) for document in (before, after))
    from_run, to_run = rewrite.run_of(before, old.at), rewrite.run_of(after, new.at)
    if from_run and to_run:
        former, latter = (from_run[0].start, from_run[1]), (to_run[0].start, to_run[1])
        if not Counter(after.comments_in(*latter)) - Counter(before.comments_in(*former)):
            text = rewrite.put_run(after, latter, before.text[slice(*former)])
            return _checked(text, after, new.at, old.found)
    return apply_edits(staged, value_edits(path, new.slot, dict(old.table), dict(new.table), catalogue), catalogue)


def _put_back(active: str, staged: str, name: str, catalogue: Catalogue) -> str:
    """A removed source again, with its comments, behind the one it stood behind."""
    before, after = Document(active), Document(staged)
    sides = compare(active, staged)
    old_names, new_names = list(sides.old_sources), list(sides.new_sources)
    place = old_names.index(name)
    ahead = [other for other in old_names[:place] if other in new_names]
    to = new_names.index(ahead[-1]) + 1 if ahead else 0
    at: Key = (DEVICE_COMMUNICATION, EVENT_SOURCES.key)
    run = rewrite.run_of(before, (*at, place))
    path = f"{EVENT_SOURCES.key}/{name}"
    if run is None or after.entry(at) is not None:
        values = dict(sides.old_sources[name])
        edits = [Edit(op="add", path=EVENT_SOURCES.key, type=str(values.get("type")), values=values)]
        return apply_edits(staged, [*edits, Edit(op="move", path=path, to=to)], catalogue)
    block = before.text[run[0].start : run[1]].replace("\r\n", "\n")
    last: list[Key] = [(*at, len(new_names) - 1)] if new_names else [(DEVICE_COMMUNICATION,)]
    text = rewrite.insert_block(after, block if block.endswith("\n") else f"{block}\n", last)
    text = _checked(text, after, (*at, len(new_names)), sides.old_sources[name])
    return apply_edits(text, [Edit(op="move", path=path, to=to)], catalogue)


def _other_back(active: str, staged: str, at: Key) -> str:
    before, after = Document(active), Document(staged)
    text = rewrite.remove(after, at)
    if at[0] in before.data:
        run = rewrite.run_of(before, at)
        if run is None:
            raise TidegateError(f"{at[0]} cannot be taken back alone: change it in the text")
        block = before.text[run[0].start : run[1]].replace("\r\n", "\n")
        text = rewrite.insert_block(Document(text), block if block.endswith("\n") else f"{block}\n", [])
    return _checked(text, after, at, before.data.get(str(at[0])))


def _checked(text: str, staged: Document, at: Key, wanted: Any) -> str:
    """`text`, if it says what the staged document says but for `wanted` at `at`."""
    meant = Document(staged.text).data
    above = holder(meant, at)
    if wanted is None:
        above.pop(at[-1], None)
    elif isinstance(at[-1], int) and at[-1] == len(above):
        above.append(wanted)
    else:
        above[at[-1]] = wanted
    try:
        right = same_documents(Document(text).data, meant)
    except ConfigurationError:
        right = False
    if not right:
        raise TidegateError("this change cannot be taken back alone: change it in the text")
    return text
