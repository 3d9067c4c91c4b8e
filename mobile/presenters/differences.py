"""What people differ on: what it was, what was submitted, what the register holds, and who said so.

Shown with the household, and beside the very question of any form that asks it again: its answer may replace a value
that is in conflict, so nobody may give it unaware.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mobile.presenters.desk import Desk
from mobile.presenters.vocabulary import Vocabulary
from survey_forms.answers import entity_changes
from survey_forms.form import Form
from survey_forms.properties import SECRET
from sync.messages import Conflict
from sync.replica_rows import Draft, Shown


@dataclass(frozen=True)
class Difference:
    """Values and people in words. `id`: the conflict's, none while only a verdict tells of it. `decided`: by a record
    of mine that the hub has not answered yet."""

    label: str
    base: str
    mine: str
    theirs: str
    by: str
    submission: str
    dataset: str
    entity: str
    id: str = ""
    decided: bool = False


@dataclass(frozen=True)
class Side:
    """One of the values that a question may be answered with: in words, and as the answer takes it (`` for none).
    `said` names whose it is."""

    words: str
    raw: str
    said: str


@dataclass(frozen=True)
class Disputed:
    """A question that people differ on: the values, the register's first, and in words what an answer decides."""

    sides: tuple[Side, ...]
    said: str


def difference(desk: Desk, words: Vocabulary, shown: Shown, conflict: Conflict) -> Difference:
    """The hub's word on one property."""
    mine, theirs = _mine_by(desk, conflict), _theirs_by(desk, shown, conflict)

    def value(raw: str | None) -> str:
        return words.told(shown.dataset, conflict.property, raw)

    return Difference(
        label=words.label(shown.dataset, conflict.property),
        base=value(conflict.base),
        mine=value(conflict.mine),
        theirs=value(_registered(shown, conflict)),
        by="\n".join(filter(None, (mine, theirs))),
        submission=conflict.submission,
        dataset=shown.dataset,
        entity=shown.id,
        id=conflict.id,
        decided=_decided(desk, shown, conflict),
    )


def disputed(desk: Desk, form: Form, draft: Draft) -> dict[str, Disputed]:
    """Path of a question → what people differ on there. What is masked once it is sent is typed anew, so it is not
    offered.

    A correction of the record in conflict decides it with any value. Anybody else decides it with the value that was
    submitted; where the register's is right, an official says so.
    """
    found: dict[str, Disputed] = {}
    words: Vocabulary | None = None
    for path, shown, conflicts in _disputed(desk, form, draft):
        words = words or Vocabulary(desk)
        offered: dict[str, Side] = {}
        for raw, said in _values(desk, shown, conflicts):
            told = words.told(shown.dataset, conflicts[0].property, raw)
            offered.setdefault(raw, Side(told, raw, said))
        own = any(each.submission == draft.corrects for each in conflicts)
        found[path] = Disputed(
            tuple(offered.values()), desk.say("conflict.choose" if own else "conflict.choose_other")
        )
    return found


def question_of(desk: Desk, form: Form, draft: Draft, conflict: str) -> str | None:
    """The path of the question that a difference is about, where this form asks it."""
    asked = _disputed(desk, form, draft)
    return next((path for path, _, found in asked if any(each.id == conflict for each in found)), None)


def _disputed(desk: Desk, form: Form, draft: Draft) -> Iterator[tuple[str, Shown, tuple[Conflict, ...]]]:
    for declaration in form.entities:
        id = draft.target_ids.get(declaration.dataset)
        shown = desk.replica.entity(declaration.dataset, id) if id else None
        for name, path in declaration.properties.items():
            about = tuple(each for each in shown.conflicts if each.property == name) if shown else ()
            if (
                shown
                and about
                and form.nodes[path].asked
                and name not in SECRET.get(shown.dataset, frozenset())
            ):
                yield path, shown, about


def _values(desk: Desk, shown: Shown, conflicts: tuple[Conflict, ...]) -> Iterator[tuple[str, str]]:
    for each in conflicts:
        yield _registered(shown, each) or "", _theirs_by(desk, shown, each) or desk.say("conflict.theirs")
    for each in conflicts:
        yield each.mine, _mine_by(desk, each)


def _decided(desk: Desk, shown: Shown, conflict: Conflict) -> bool:
    """Whether a record that waits here will decide it: a correction of the record in it, made when that was known, by
    any value; or anybody's who saw both values and brings the one that was submitted into the register."""
    for id in shown.mine_pending:
        record = desk.replica.record(id)
        if record is None or record.state != "waiting" or id == conflict.submission:
            continue
        sent = record.submission
        target = next((each for each in sent.targets if each.key == f"{shown.dataset}/{shown.id}"), None)
        form = desk.form(sent.form, sent.form_version)
        if target is None or form is None or target.follows is not None:
            continue
        value = entity_changes(form, sent.answers).get(shown.dataset, {}).get(conflict.property)
        seen = target.base_version >= shown.version and value == conflict.mine
        if value is not None and (seen or sent.corrects == conflict.submission):
            return True
    return False


def _mine_by(desk: Desk, conflict: Conflict) -> str:
    return _said(desk, "conflict.mine_by", conflict.person, conflict.at)


def _registered(shown: Shown, conflict: Conflict) -> str | None:
    """What the register says now: another may have changed it since, and a conflict still says what it began with."""
    return shown.hub_props.get(conflict.property, conflict.theirs)


def _theirs_by(desk: Desk, shown: Shown, conflict: Conflict) -> str:
    """Who recorded the register's value: known to the tablets that sent one of the two records, for the verdict named
    the other side; empty elsewhere, and where the register has another value by now."""
    if _registered(shown, conflict) != conflict.theirs:
        return ""
    if own := desk.replica.record(conflict.by):
        return _said(desk, "conflict.theirs_by", own.submission.person, own.submission.observed_at)
    sent = desk.replica.record(conflict.submission)
    fields = sent.verdict.fields if sent and sent.verdict else ()
    named = (shown.dataset, conflict.property)
    met = [field for field in fields if (field.dataset, field.property) == named and field.theirs_by]
    return _said(desk, "conflict.theirs_by", met[0].theirs_by, met[0].theirs_at) if met else ""


def _said(desk: Desk, key: str, person: str, at: str) -> str:
    return desk.say(key, person=desk.person(person), when=desk.moment(at))
