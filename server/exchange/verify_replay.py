"""The entities kept, against the outcomes that the journal keeps of every submission: are they what was decided?

An entity's value is that of the last submission applied to the property, its version the highest that any submission
made, its village where the last move brought it, and every open conflict is in its submission's own trace. Of a home
that an official made of two, values and conflicts are looked for under both ids.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session

from server.database import parts, table_of
from server.exchange.tables import EntityRow, SubmissionRow, SubmissionTarget
from server.exchange.verify import Check, Finding, by_dataset, entities, some, total
from server.terminal.steps import Told
from sync.documents import read_trace
from sync.facts import Held, Key, PropertyState, Trace
from sync.masking import hides
from sync.messages import VILLAGE
from sync.sight import same

NAME: Final = "replay"
_MET: Final = frozenset({"same", "superseded"})
_MADE: Final = frozenset({"applied", "conflict"})


@dataclass(frozen=True)
class Touch:
    """What one submission did to an entity. ``village``: the record's own. ``at``: its place in the journal.
    ``office``: an official chose among what others recorded. ``elsewhere``: it left a trace under another id too, as
    what comes under an id that was merged into this one does."""

    at: tuple[datetime, int]
    submission: str
    village: str
    trace: Trace
    office: bool = False
    elsewhere: bool = False


class Value(NamedTuple):
    """What the journal says a property is, since which version, and by which submission. ``chosen``: by an official,
    who leaves it with whoever recorded it. ``elsewhere``: see `Touch`."""

    value: str
    version: int
    submission: str
    chosen: bool = False
    elsewhere: bool = False


def replay(session: Session, county: str, told: Told) -> Iterator[Finding]:
    """Every entity of the county."""
    total_n, done_n = total(session, EntityRow, county), 0
    for rows in entities(session, county):
        keys = {(row.dataset, row.id) for row, _ in rows}
        keys |= {(held.dataset, id) for _, held in rows if held and held.parts for id in held.ids()}
        touches = _touches(session, county, sorted(keys))
        for row, held in rows:
            yield from _entity(row, held, touches)
        done_n += len(rows)
        told(done_n, total_n)


def _touches(session: Session, county: str, keys: Sequence[tuple[str, str]]) -> dict[Key, list[Touch]]:
    """Of each entity, what every submission that spoke of it did."""
    target, row = table_of(SubmissionTarget).c, table_of(SubmissionRow).c
    named: set[str] = set()
    for dataset, ids in by_dataset(keys):
        about = (target.county == county, target.dataset == dataset, target.entity.in_(ids))
        named |= set(session.connection().execute(select(target.submission).where(*about)).scalars())
    wanted = {f"{dataset}/{id}" for dataset, id in keys}
    found: dict[Key, list[Touch]] = {key: [] for key in wanted}
    for part in parts(sorted(named)):
        lines = select(row.id, row.village, row.traces, row.received_at, row.position, row.kind).where(
            row.county == county, row.id.in_(part), row.kind != "differs"
        )
        for line in session.connection().execute(lines):
            told, at = _traces(line.traces, wanted), (line.received_at, line.position)
            datasets = Counter(key.partition("/")[0] for key in told)
            for key, trace in told.items():
                if trace is None:
                    continue
                elsewhere = datasets[key.partition("/")[0]] > 1
                office = line.kind == "office"
                found[key].append(Touch(at, line.id, line.village, trace, office, elsewhere))
    return found


def _traces(document: str, wanted: Collection[Key]) -> Mapping[Key, Trace | None]:
    """What a submission did to each entity it names; None of those that are not wanted here."""
    try:
        told = json.loads(document)
        return {key: read_trace(each) if key in wanted else None for key, each in told.items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}  # what it did to its entities is then missing there


def _entity(row: Any, held: Held | None, touches: Mapping[Key, list[Touch]]) -> Iterator[Finding]:
    key = f"{row.dataset}/{row.id}"
    if held is None:
        yield Finding(NAME, key, "内容读不懂。")
        return
    said = (row.dataset, row.id, row.village, row.version, row.conflicts_n)
    if said != (held.dataset, held.id, held.village, held.version, len(held.conflicts)):
        yield Finding(NAME, key, "各栏与内容不符（村、版本或冲突数）。")
    for wrong in differences(held, touches):
        yield Finding(NAME, key, wrong)


def differences(held: Held, touches: Mapping[Key, list[Touch]]) -> Iterator[str]:
    """What an entity is otherwise than its submissions left it, in words. ``touches``: of all its ids."""
    if held.same_as:
        yield from _alias(held, touches[held.key])
    elif held.parts:
        yield from _merged(held, touches)
    else:
        yield from _faults(held, touches[held.key])


def _alias(held: Held, touches: Sequence[Touch]) -> Iterator[str]:
    """An id that leads to another has the version in which an official made it so, and no values of its own."""
    made = max((each.trace.version for each in touches if each.office), default=0)
    if held.version != made:
        yield f"已并入另一户，现为第 {held.version} 版，按办公室的合并应为第 {made} 版。"
    if held.props or held.conflicts:
        yield "已并入另一户，却还有自己的内容。"


def _merged(held: Held, touches: Mapping[Key, list[Touch]]) -> Iterator[str]:
    """A home under several ids: what is shown comes from all that was judged at it, under whichever id, and from what
    an official chose; beside it stands what each further id would be alone."""
    done = sorted((each for each in touches[held.key] if each.trace.version), key=order)
    yield from _valued(held, done, "")
    everywhere = [each for id in sorted(held.ids()) for each in touches[f"{held.dataset}/{id}"]]
    # Once apart again, what shows is what was judged beside it; the journal tells what was shown then.
    if sum(each.office for each in touches[held.key]) == _merges_n(held):
        yield from _conflicts(held, everywhere)
    for leaf in held.leaves():
        own = [each for each in touches[leaf.key] if each.trace.version and not each.office]
        # One that lived on in another merge was told of as a whole then, and not alone.
        if leaf.id != held.id and sum(each.office for each in touches[leaf.key]) == 1:
            yield from _valued(leaf, sorted(own, key=order), f"{leaf.id} 名下")


def _merges_n(held: Held) -> int:
    """How many merges into this home stand."""
    return 1 + _merges_n(held.parts[0]) if held.parts else 0


def _valued(held: Held, done: Sequence[Touch], where: str) -> Iterator[str]:
    """Values only: an official leaves a value with whoever recorded it, under whichever id that was."""
    values = rebuilt(done)
    values.pop(VILLAGE, None)
    traces = {each.submission: each.trace for each in done}
    for name in sorted(held.props.keys() | values.keys()):
        state, wanted = held.props.get(name), values.get(name)
        if state is None or wanted is None:
            yield f"{where}属性 {name}：{'登记中没有' if state is None else '没有记录填过'}。"
        elif state.value != wanted.value and not _went_in(name, state, wanted, traces):
            yield f"{where}属性 {name} 的值与记录 {wanted.submission} 所填的不同。"


def _faults(held: Held, touches: Iterable[Touch]) -> Iterator[str]:
    done = sorted((each for each in touches if each.trace.version), key=order)
    if not done:
        yield "没有任何记录说到它。"
        return
    if held.version != done[-1].trace.version:
        yield f"现为第 {held.version} 版，按记录应为第 {done[-1].trace.version} 版。"
    values = rebuilt(done)
    moved = values.pop(VILLAGE, None)
    village = moved.value if moved else done[0].village
    if held.village != village:
        yield f"现在村 {held.village}，按记录应在 {village}。"
    yield from _values(held, values, done)
    # What came while the home was one with another was judged beside what was shown too; its trace tells of that alone.
    parted = max((each.trace.version for each in done if each.office and each.elsewhere), default=0)
    yield from _conflicts(held, done, parted)


def order(touch: Touch) -> tuple[int, bool, tuple[datetime, int]]:
    """By the version it made. One that changed nothing has the version of the one before it: it met something there,
    or it came later."""
    came_to = {step.outcome for step in touch.trace.steps.values()}
    only_met = bool(came_to & _MET) and not came_to & _MADE
    return touch.trace.version, only_met, touch.at


def rebuilt(touches: Iterable[Touch]) -> dict[str, Value]:
    """Property → its value, from what submissions did, in the order of the versions they made. The first one made
    the entity: of that, values left as they were seen count too."""
    found: dict[str, Value] = {}
    for place, each in enumerate(touches):
        trace = each.trace
        for name, step in trace.steps.items():
            made = place == 0 and trace.version == 1
            if step.outcome == "applied" or (made and step.outcome == ""):
                found[name] = Value(step.sent, trace.version, each.submission, each.office, each.elsewhere)
    return found


def _values(held: Held, values: Mapping[str, Value], done: Sequence[Touch]) -> Iterator[str]:
    traces = {each.submission: each.trace for each in done}
    for name in sorted(held.props.keys() | values.keys()):
        state, wanted = held.props.get(name), values.get(name)
        if state is None or wanted is None:
            yield f"属性 {name}：{'登记中没有' if state is None else '没有记录填过'}。"
        elif _is(state, wanted) or _explained(name, state, wanted, traces):
            continue
        elif state.value != wanted.value:
            yield f"属性 {name} 的值与记录 {wanted.submission} 所填的不同。"
        else:
            yield f"属性 {name} 登记为由 {state.submission} 所填，按记录是 {wanted.submission}。"


def _is(state: PropertyState, wanted: Value) -> bool:
    """Whether the register says of a value just what the journal says. Asked first: it is so of nearly every one, and
    what else may explain a value takes a look at all that was ever recorded there."""
    by = wanted.chosen or state.submission == wanted.submission
    return by and state.value == wanted.value and state.version == wanted.version


def _explained(name: str, state: PropertyState, wanted: Value, traces: Mapping[str, Trace]) -> bool:
    return _went_in(name, state, wanted, traces) or _went_in_beside(name, state, wanted, traces)


def _went_in(name: str, state: PropertyState, wanted: Value, traces: Mapping[str, Trace]) -> bool:
    """Whether the value stood in conflict only until the one it was made upon came (`sync.relink.connect`): then it
    goes in with that one, in the same version, though its own verdict goes on saying conflict. So it does with one that
    only said the same as was there."""
    made = {wanted.version}
    made |= {
        trace.version
        for trace in traces.values()
        if name in trace.steps
        and trace.steps[name].outcome == "same"
        and same(trace.steps[name].sent, wanted.value)
    }
    steps = {id: trace.steps[name] for id, trace in traces.items() if name in trace.steps}
    at, met = steps.get(state.submission), set[str | None]()
    if at is None or state.version not in made or at.sent != state.value:
        return False
    while at is not None and at.outcome == "conflict" and at.saw not in met:
        if same(at.saw, wanted.value) or hides(at.saw or "", wanted.value):
            return True
        met.add(at.saw)
        at = next(
            (step for step in steps.values() if step.outcome == "conflict" and step.sent == at.saw), None
        )
    return False


def _went_in_beside(name: str, state: PropertyState, wanted: Value, traces: Mapping[str, Trace]) -> bool:
    """Whether it sent what an official had chosen when two homes became one, or what had come under the other's id.
    What was shown said so already, and its verdict with it; it went in beside that, where each home's own values are
    kept until they are two again. If nothing that is shown changed, that made a version above the verdict's."""
    trace = traces.get(state.submission)
    step = trace.steps.get(name) if trace else None
    if step is None or not (wanted.chosen or wanted.elsewhere) or wanted.value != state.value:
        return False
    told = step.outcome, step.sent
    return told == ("same", state.value) and state.version in (step.version, step.version + 1)


def _conflicts(held: Held, touches: Sequence[Touch], parted: int = 0) -> Iterator[str]:
    """Open conflicts that their records do not tell of. ``parted``: the version in which an official made two homes of
    one again; of a record before that only what it sent is asked."""
    if not held.conflicts:
        return
    steps: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for each in touches:
        for name, step in each.trace.steps.items():
            outcome = "conflict" if each.trace.version < parted else step.outcome
            steps.setdefault((each.submission, name), set()).add((outcome, step.sent))
    for conflict in held.conflicts:
        if ("conflict", conflict.mine) not in steps.get((conflict.submission, conflict.property), ()):
            yield f"属性 {conflict.property} 的冲突（{conflict.id}）与记录 {conflict.submission} 不符。"


def unread(session: Session, county: str) -> Iterator[Finding]:
    """Records that were applied and name entities that are not there."""
    target, entity, row = table_of(SubmissionTarget).c, table_of(EntityRow).c, table_of(SubmissionRow).c
    there = (
        select(entity.id)
        .where(entity.county == county, entity.dataset == target.dataset, entity.id == target.entity)
        .exists()
    )
    query = (
        select(target.dataset, target.entity, target.submission)
        .join(table_of(SubmissionRow), (row.county == target.county) & (row.id == target.submission))
        .where(target.county == county, row.outcome != "rejected", ~there)
        .order_by(target.dataset, target.entity)
    )
    missing: dict[Key, list[str]] = {}
    for dataset, id, submission in session.connection().execute(query):
        missing.setdefault(f"{dataset}/{id}", []).append(submission)
    for key, submissions in missing.items():
        yield Finding(NAME, key, f"登记中没有，而记录 {some(submissions)} 已入库。")


def _all(session: Session, county: str, told: Told) -> Iterator[Finding]:
    yield from replay(session, county, told)
    yield from unread(session, county)


CHECK: Final = Check(NAME, "登记的户和记录与全部记录的处理结果相符", "按记录重演（户及其记录）", _all)
