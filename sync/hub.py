"""The server's half of the conversation, without a database, a clock or chance: facts in, decisions out.

`push` gives every submission of a request its verdict (what a tablet reads back: ``pull.py``). Loading the
facts (`needed`, `needed_past`) and keeping the decisions in one transaction is the
store's work. The protocol is in README.md here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sync import alias, merge
from sync.alias import survivor
from sync.codec import derived_id, said, to_instant, to_text
from sync.facts import Facts, FeedRow, FormRules, Held, Key, Kind, Needed, Past, Pushed, Record, Trace
from sync.messages import Incoming, Malformed, NotYet, Said, Screen, Submission, Target, Verdict
from sync.sight import Case, case_of

FAULTS_PER_VERDICT = 100
FAULT_CHARS = 500

REASONS: Mapping[str, str] = {
    "malformed": "这条记录的内容无法读取。请更新应用后用“更正”重新提交；原文已保存在服务器上。",
    "wrong_county": "这条记录属于另一个县。请在该县登记过的平板上重新录入。",
    "village_never_held": "这台平板从未分配到该村。请联系管理员分配该村，然后用“更正”重新提交。",
    "entity_mismatch": "记录的对象与表单保存的内容不一致。请用“更正”重新打开并提交；若再次出现，请联系管理员。",
    "constraint": "有 {n} 处填写不符合表单要求。请用“更正”改正后重新提交。",
}
NOT_YET_REASONS: Mapping[str, str] = {
    "form_unknown": "服务器上还没有这个表单版本。记录保留在平板上，下次同步时自动再试。",
    "village_unknown": "服务器的村名单里还没有这个村，或恢复备份后尚未重新分配。记录保留在平板上，下次同步时自动再试。",
}


def needed(incoming: Incoming) -> Needed:
    """What `Facts` must hold before `push`: the first of two reads."""
    submissions = incoming.request.submissions
    targets = [target for submission in submissions for target in submission.targets]
    past = {submission.id for submission in submissions}
    past |= {submission.corrects for submission in submissions if submission.corrects}
    past |= {target.follows for target in targets if target.follows}
    past |= {_malformed_id(malformed) for malformed in incoming.malformed}
    return Needed(
        frozenset(past),
        frozenset((target.dataset, target.id) for target in targets),
        frozenset((submission.form, submission.form_version) for submission in submissions),
    )


def needed_past(incoming: Incoming, facts: Facts) -> frozenset[str]:
    """The second read: past submissions that set what one of these cannot have seen, or met in open conflicts.

    What an own value lay over on the screen was not seen, and it may be a refused record's, however far back.

    ``facts`` are those of the first read; add what is found to ``facts.known``.
    """
    wanted: set[str] = set()
    screens = incoming.request.screens or {}
    for submission in incoming.request.submissions:
        for target in submission.targets:
            if screens.get(submission.id) and (past := facts.known.get(target.follows or "")):
                wanted |= {id for trace in past.traces.values() for id in trace.lineage}
            if held := survivor(target.key, facts.entities):
                low = _seen_version(submission, target.key, target.base_version, facts)
                # Of a home under two ids nobody has seen the versions of both.
                wanted |= _setters(held, -1 if held.parts or screens.get(submission.id) else low)
    return frozenset(wanted - facts.known.keys())


def _setters(held: Held, low: int) -> set[str]:
    """Who set a value of the entity after version ``low``, or stands in an open conflict; of its parts too."""
    found = set[str]()
    if held.version > low:
        states = [*held.props.values(), *([held.placed] if held.placed else [])]
        found |= {state.submission for state in states if state.version > low}
    found |= {id for each in held.conflicts for id in (each.submission, each.by) if id}
    return found.union(*(_setters(part, low) for part in held.parts))


def _seen_version(submission: Submission, key: Key, base_version: int, facts: Facts) -> int:
    if submission.history != facts.history:
        return -1
    corrected = facts.known.get(submission.corrects or "")
    trace = corrected.traces.get(key) if corrected else None
    if trace and trace.history != facts.history:
        # What the corrected record saw was seen under another history: its version says nothing here.
        return -1
    return min(base_version, trace.base_version) if trace else base_version


def heard(incoming: Incoming, history: str) -> Incoming:
    """What of a tablet's request is judged: nothing, while the tablet does not know that the hub was restored.

    The reply tells it, and then it offers all it has in the order in which it was made: what the hub lost comes
    before what was made upon it.
    """
    if incoming.request.history in (None, history):
        return incoming
    return Incoming(replace(incoming.request, submissions=()), ())


def push(incoming: Incoming, facts: Facts, *, now: datetime) -> Pushed:
    """A verdict (or a not-yet) for every submission of a request, and what has to be stored for it.

    Judged in chain order (device_seq); each sees the effects of those before it. One that has its verdict
    already gets it again, and has no other effect.
    """
    work = Work(facts, incoming.request.sent_at, now, incoming.request.screens)
    for submission, told in _in_order(incoming):
        _take(work, submission, told)
    for malformed in incoming.malformed:
        _take_malformed(work, malformed)
    return work.pushed()


def _in_order(incoming: Incoming) -> list[tuple[Submission, Said]]:
    """Chain by chain. A tablet that enrolled anew has a second chain, which goes on where the first ends: chains
    come in the order in which they were sent."""
    submissions = incoming.request.submissions
    chains: dict[str, int] = {}
    for submission in submissions:
        chains.setdefault(submission.device, len(chains))
    pairs = zip(submissions, incoming.said or map(said, submissions), strict=True)
    return sorted(pairs, key=lambda each: (chains[each[0].device], each[0].device_seq))


@dataclass
class Work:
    """What one push has come to so far: starts from the facts, grows submission by submission."""

    facts: Facts
    sent_at: str
    now: datetime
    screens: Mapping[str, Screen] | None = None
    known: dict[str, Past] = field(default_factory=dict)
    entities: dict[Key, Held] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    not_yet: dict[str, NotYet] = field(default_factory=dict)
    feed: dict[tuple[str, Key], FeedRow] = field(default_factory=dict)
    told: str = ""
    clock_offset_s: int = 0

    def __post_init__(self) -> None:
        self.known, self.entities = dict(self.facts.known), dict(self.facts.entities)
        self.told = to_text(self.now)
        self.clock_offset_s = round((self.now - to_instant(self.sent_at)).total_seconds())

    def keep(self, record: Record) -> None:
        self.records.append(record)
        self.verdicts[record.verdict.submission] = record.verdict
        if record.past:
            self.known[record.id] = record.past

    def screen(self, submission: Submission) -> Screen | None:
        """What stood on the screen it was made at, as far as that is told."""
        return None if self.screens is None else self.screens.get(submission.id, {})

    def present(self, target: Target) -> Held | None:
        """What a target's id leads to now; None if the hub does not know it."""
        return survivor(target.key, self.entities)

    def store(self, held: Held) -> None:
        before = self.entities.get(held.key)
        self.entities[held.key] = held
        if before and before.village != held.village:
            self._tell(FeedRow(before.village, held.dataset, held.id, "gone", held.version), held.key)
        if before is None or before.version != held.version:
            op: Literal["put", "gone"] = "gone" if held.same_as else "put"
            self._tell(FeedRow(held.village, held.dataset, held.id, op, held.version), held.key)

    def _tell(self, row: FeedRow, key: Key) -> None:
        self.feed.pop((row.village, key), None)  # the later row goes to the end
        self.feed[row.village, key] = row

    def pushed(self) -> Pushed:
        changed = (held for key, held in self.entities.items() if self.facts.entities.get(key) != held)
        return Pushed(
            tuple(self.records),
            tuple(changed),
            tuple(self.verdicts.values()),
            tuple(self.not_yet.values()),
            tuple(self.feed.values()),
        )


def _take(work: Work, submission: Submission, told: Said) -> None:
    if past := work.known.get(submission.id):
        _take_again(work, past, told)
        return
    facts = work.facts
    rules = facts.forms.get((submission.form, submission.form_version))
    code, at = _refusal(submission, facts)
    if code is None and (unknown := _not_yet(submission, facts, rules)):
        work.not_yet[submission.id] = unknown
        return
    changes = rules.changes(submission.answers) if rules else {}
    faults: tuple[tuple[str, str], ...] = ()
    if code is None and rules:
        code, at, faults = _judgement_on_form(submission, rules, changes)
    if code is None:
        verdict, traces = _judge(work, submission, changes)
    else:
        verdict = _rejection(submission.id, code, at, faults)
        traces = _witness(work, submission, changes)
    past = Past(submission.id, told.hash, verdict, submission.person, submission.observed_at, traces)
    work.keep(journal_line(work, submission.id, verdict, past, submission=submission, raw=told.text))


def _take_again(work: Work, past: Past, told: Said) -> None:
    """The verdict it has. Other content under the same id changes nothing, but is kept, and the answer says so:
    taking it would make the verdict depend on which copy came first."""
    if past.hash == told.hash:
        work.verdicts.setdefault(past.id, past.verdict)
        return
    verdict = replace(past.verdict, marks=(*past.verdict.marks, "differs"))
    work.keep(journal_line(work, derived_id("differs", past.id, told.hash), verdict, None, raw=told.text))


def _take_malformed(work: Work, malformed: Malformed) -> None:
    content = hashlib.sha256(malformed.raw.encode()).hexdigest()
    own_id = _malformed_id(malformed)
    if past := work.known.get(own_id):
        _take_again(work, past, Said(malformed.raw, content))
        return
    faults = tuple((fault.path, fault.message) for fault in malformed.faults)
    verdict = _rejection(own_id, "malformed", faults[0][0] or None, faults)
    past = Past(own_id, content, verdict, "", "")
    work.keep(journal_line(work, own_id, verdict, past, raw=malformed.raw))


def _malformed_id(malformed: Malformed) -> str:
    return malformed.id or derived_id("malformed", malformed.raw)


def journal_line(
    work: Work,
    own_id: str,
    verdict: Verdict,
    past: Past | None,
    *,
    submission: Submission | None = None,
    raw: str | None = None,
    kind: Kind | None = None,
) -> Record:
    """What the journal keeps of a verdict; the kind follows from what could be read, unless it is given."""
    return Record(
        own_id,
        kind or ("submission" if submission else "malformed" if past else "differs"),
        work.facts.device.id,
        submission,
        raw,
        verdict,
        past,
        work.told,
        work.clock_offset_s,
        work.facts.policy.version,
        work.screen(submission) if submission else None,
    )


# --- verdicts ----------------------------------------------------------------------------------------------


def _refusal(submission: Submission, facts: Facts) -> tuple[str | None, str | None]:
    """Whether it is none of this hub's business for good: code and field."""
    if submission.county != facts.device.county:
        return "wrong_county", "county"
    if not submission.village.startswith(submission.county):
        return "wrong_county", "village"
    if submission.village in facts.villages and _never_held(submission, facts):
        return "village_never_held", "village"
    for target in submission.targets:
        if target.dataset in facts.policy.office:
            return "entity_mismatch", target.dataset
    return None, None


def _never_held(submission: Submission, facts: Facts) -> bool:
    """After a restore the hub may have forgotten an assignment: then it is not for it to say never."""
    return submission.history in (None, facts.history) and not _held(submission, facts)


def _held(submission: Submission, facts: Facts) -> bool:
    """Whether the village was ever given to the tablet that sends, or to the one that made this record."""
    village, device = submission.village, facts.device
    made_by = facts.ever_held.get(submission.device, frozenset())
    return village in device.held or village in device.formerly or village in made_by


def _not_yet(submission: Submission, facts: Facts, rules: FormRules | None) -> NotYet | None:
    if submission.village not in facts.villages or not _held(submission, facts):
        return NotYet(submission.id, "village_unknown", NOT_YET_REASONS["village_unknown"])
    if rules is None:
        return NotYet(submission.id, "form_unknown", NOT_YET_REASONS["form_unknown"])
    return None


def _judgement_on_form(
    submission: Submission, rules: FormRules, changes: Mapping[str, Mapping[str, str]]
) -> tuple[str | None, str | None, tuple[tuple[str, str], ...]]:
    """The form's own verdict: code, field, all faults; None if it has nothing to say."""
    datasets = [target.dataset for target in submission.targets]
    if len(datasets) != len(changes) or changes.keys() != set(datasets):
        odd = sorted(set(datasets) ^ set(changes)) or sorted(datasets)
        return "entity_mismatch", odd[0], ()
    given = {"county": submission.county, "village": submission.village, "person": submission.person}
    given |= {f"{target.dataset}_id": target.id for target in submission.targets}
    found = rules.check(submission.answers, to_instant(submission.observed_at), given)
    if not found:
        return None, None, ()
    return "constraint", found[0].path, tuple((fault.path, fault.message) for fault in found)


def _rejection(submission: str, code: str, at: str | None, faults: Sequence[tuple[str, str]]) -> Verdict:
    kept = tuple((path[:FAULT_CHARS], message[:FAULT_CHARS]) for path, message in faults)
    return Verdict(
        submission,
        "rejected",
        code=code,
        field=at[:FAULT_CHARS] if at else None,
        reason=REASONS[code].format(n=len(faults)),
        faults=kept[:FAULTS_PER_VERDICT],
    )


def _judge(
    work: Work, submission: Submission, changes: Mapping[str, Mapping[str, str]]
) -> tuple[Verdict, Mapping[Key, Trace]]:
    facts, judged, traces = work.facts, {}, dict[Key, Trace]()
    for target in submission.targets:
        whole = _judge_target(work, submission, target, changes[target.dataset])
        judged[target.key] = whole.judged
        traces.update(whole.traces)
        work.store(whole.judged.held)
    fields = tuple(outcome for each in judged.values() for outcome in each.fields)
    marks = []
    if submission.village not in facts.device.held:
        marks.append("after_handover")
    if submission.device != facts.device.id:
        marks.append("other_device")
    conflict = any(outcome.outcome == "conflict" for outcome in fields)
    merged = any(each.others for each in judged.values())
    verdict = Verdict(
        submission.id,
        "conflict" if conflict else "merged" if merged else "applied",
        tuple(marks),
        versions={key: each.held.version for named, each in judged.items() for key in (named, each.held.key)},
        fields=fields,
    )
    return verdict, traces


def _judge_target(
    work: Work, submission: Submission, target: Target, changes: Mapping[str, str]
) -> alias.Whole:
    """What one target's entity becomes: the one its id leads to, and whatever stands behind that."""
    groups = work.facts.policy.groups.get(target.dataset, {})

    def of(held: Held | None, by_value: bool) -> merge.Judged:
        return merge.judge(_case(work, submission, target, changes, held, by_value), groups, work.told)

    return alias.judge(work.present(target), target.key, of, work.facts.history, work.told)


def _witness(
    work: Work, submission: Submission, changes: Mapping[str, Mapping[str, str]]
) -> Mapping[Key, Trace]:
    return {
        target.key: merge.witness(
            _case(work, submission, target, changes[target.dataset], work.present(target))
        )
        for target in submission.targets
        if target.dataset in changes
    }


def _case(
    work: Work, submission: Submission, target: Target, changes: Mapping[str, str], held: Held | None,
    by_value: bool = False,
) -> Case:  # fmt: skip
    screen = work.screen(submission)
    return case_of(
        submission,
        target,
        changes,
        held,
        known=work.known,
        history=work.facts.history,
        masked=work.facts.policy.masked.get(target.dataset, frozenset()),
        line=work.facts.lines.get(submission.id, submission.device),
        by_value=by_value,
        screen=None if screen is None else screen.get(target.dataset, {}),
    )
