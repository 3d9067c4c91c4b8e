"""One home under two ids: what a submission makes of it while they are one.

A person in the office made one entity (the *loser*) an alias of another (the *survivor*). The loser's id lives on:
a submission that names it is judged at the survivor, by value, for its surveyor never saw the survivor's versions.
Beside what is shown the survivor keeps its *parts*, what each id would be without the merge. They are judged with
every submission too, each under its own id, and so a merge is undone (``joining.py``) without replaying anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from sync.facts import Held, Key, Trace
from sync.merge import Judged, versioned
from sync.messages import Conflict
from sync.sight import same

Judge: TypeAlias = Callable[[Held | None, bool], Judged]
"""What one submission makes of an entity (None: the hub does not know it), and whether its versions say nothing."""


class Whole(NamedTuple):
    """``judged`` is what everybody sees; ``traces`` under every id it left something under."""

    judged: Judged
    traces: Mapping[Key, Trace]


def survivor(key: Key, entities: Mapping[Key, Held]) -> Held | None:
    """The entity that an id leads to. One merged into another that was merged itself leads to the last."""
    held = entities.get(key)
    for _ in entities:
        if held is None or held.same_as is None:
            break
        held = entities.get(f"{held.dataset}/{held.same_as}")
    return held


def unread(entities: Mapping[Key, Held]) -> frozenset[tuple[str, str]]:
    """(dataset, id) of survivors that are not among these entities: to be read too, until there are none."""
    named = ((held.dataset, held.same_as) for held in entities.values() if held.same_as)
    return frozenset((dataset, id) for dataset, id in named if f"{dataset}/{id}" not in entities)


def judge(
    held: Held | None, key: Key, of: Judge, history: str, now: str, *, inside: bool = False,
    above: tuple[Conflict, ...] = (),
) -> Whole:  # fmt: skip
    """What a submission that names ``key`` makes of ``held``, the entity this leads to, and of its parts.

    ``inside``: it is a part that was merged into another, of which no tablet has seen a version since. ``above``: it
    is the survivor's own part, and these conflicts stay open in what is shown.
    """
    judged = of(held, inside or (held is not None and held.key != key))
    if held is not None and above:
        judged = judged._replace(held=_in_dispute(judged.held, held, above))
    if held is None or not held.parts:
        return Whole(judged, {judged.held.key: judged.trace})
    id = key.partition("/")[2]
    parts, traces = [], {judged.held.key: judged.trace}
    for part in held.parts:
        if id not in part.ids():
            parts.append(part)
            continue
        own = part.id == held.id
        whole = judge(
            _level(part, held), key, of, history, now,
            inside=inside or not own, above=(*above, *judged.held.conflicts) if own else (),
        )  # fmt: skip
        parts.append(whole.judged.held)
        traces = {**whole.traces, **traces}
    after = _with_parts(judged.held, held, tuple(parts), history, now)
    return Whole(judged._replace(held=after), traces)


def _level(part: Held, held: Held) -> Held:
    """The survivor's own part goes on in the versions that tablets see: those of the whole."""
    if part.id != held.id or part.version >= held.version:
        return part
    return replace(part, version=held.version, epochs=held.epochs)


def _in_dispute(after: Held, before: Held, shown: tuple[Conflict, ...]) -> Held:
    """A value that went in here may stand in an open conflict of what is shown: whoever put another in its place and
    left that conflict open did not replace it, so it is in conflict here too."""
    found = list(after.conflicts)
    for each in shown:
        was, is_now = before.props.get(each.property), after.props.get(each.property)
        if was and is_now and was.submission == each.submission and not same(is_now.value, each.mine):
            found.append(replace(each, theirs=is_now.value, by=is_now.submission))
    return replace(after, conflicts=tuple({each.id: each for each in found}.values()))


def _with_parts(after: Held, before: Held, parts: tuple[Held, ...], history: str, now: str) -> Held:
    """A part that changed though the whole did not makes a version all the same: nobody has seen a version in
    which this change was not."""
    after = replace(after, parts=parts)
    own = any(
        part.id == after.id and (part.props, part.conflicts) != (was.props, was.conflicts)
        for part, was in zip(parts, before.parts, strict=True)
    )
    return (
        versioned(after, after.version + 1, history, now)
        if own and after.version == before.version
        else after
    )


def through(ids_of: Iterable[str], same_as: Mapping[str, str]) -> dict[str, str]:
    """Each id → the one it leads to, where that is another. ``same_as``: alias → what it was merged into."""
    found = {}
    for id in ids_of:
        end = id
        for _ in same_as:
            end = same_as.get(end, end)
        if end != id:
            found[id] = end
    return found
