"""What the office tells tablets: zones, subsidies – the same journal, entities and feed, another author.

A statement becomes a submission of the office's own device and is judged by the same merge as any other; so a
tablet learns of it by the same cursors, and the entities can be made again from the journal. The office states
what it has just read under a lock, and nobody else writes its datasets (``Policy.office``): it never conflicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sync import merge
from sync.codec import derived_id, submission_hash, to_text
from sync.facts import Device, Facts, Held, Key, Past, Policy, Pushed
from sync.hub import Work, journal_line
from sync.messages import VALUE_CHARS_MAX, Submission, Target, Verdict
from sync.sight import case_of

PERSON: Final = "office"
FORM_VERSION: Final = "office"
POLICY: Final = "office"
CUT: Final = "…"


@dataclass(frozen=True)
class Statement:
    """An entity as the office has it. A property that is not among ``props`` any more becomes empty."""

    dataset: str
    id: str
    village: str
    props: Mapping[str, str]

    @property
    def key(self) -> Key:
        return f"{self.dataset}/{self.id}"


def device(county: str) -> str:
    """The device under which a county's office stands in the journal; no tablet has it."""
    return derived_id("office", county)


def state(
    statements: Iterable[Statement], entities: Mapping[Key, Held], *, county: str, history: str, now: datetime
) -> Pushed:
    """What is to be stored so that tablets learn of the statements; nothing where nothing differs.

    ``entities``: those of the statements that exist. Of two statements of one entity the later counts.
    """
    office = Device(device(county), county, frozenset())
    facts = Facts(office, history, frozenset(), {}, entities, {}, Policy(POLICY, {}))
    work = Work(facts, to_text(now), now)
    for statement in {each.key: each for each in statements}.values():
        _state(work, statement)
    return work.pushed()


def _state(work: Work, statement: Statement) -> None:
    held = work.entities.get(statement.key)
    before = held.values() if held else {}
    values = {
        **dict.fromkeys(before, ""),
        **{name: _fitting(value) for name, value in statement.props.items()},
    }
    if held and held.village == statement.village and before == values:
        return
    made = _submission(work, statement, held, values)
    # What stands as it is need not be compared with itself.
    changed = {name: value for name, value in values.items() if held is None or before.get(name, "") != value}
    case = case_of(made, made.targets[0], changed, held, known={}, history=work.facts.history)
    judged = merge.stated(case, work.told)
    work.store(judged.held)
    verdict = Verdict(made.id, "applied", versions={statement.key: judged.held.version}, fields=judged.fields)
    traces = {statement.key: judged.trace}
    past = Past(made.id, submission_hash(made), verdict, made.person, made.observed_at, traces)
    work.keep(journal_line(work, made.id, verdict, past, submission=made, kind="office"))


def _submission(work: Work, statement: Statement, held: Held | None, values: Mapping[str, str]) -> Submission:
    """``device_seq`` is the version it makes: the office has no chain, its order is the entity's own."""
    version, history = held.version if held else 0, work.facts.history
    return Submission(
        derived_id("office", statement.key, str(version + 1), history),
        work.facts.device.id,
        version + 1,
        "",
        history,
        work.facts.device.county,
        statement.village,
        PERSON,
        statement.dataset,
        FORM_VERSION,
        work.told,
        None,
        (Target(statement.dataset, statement.id, version, held.values() if held else {}, None),),
        values,
    )


def _fitting(value: str) -> str:
    """A text longer than may travel ends with a sign: a tablet could read none of the reply it came in."""
    return value if len(value) <= VALUE_CHARS_MAX else value[: VALUE_CHARS_MAX - len(CUT)] + CUT
