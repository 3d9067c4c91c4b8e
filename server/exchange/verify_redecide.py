"""Every submission decided once more, under the form version and the policy it names, in the order in which it was:
does the hub of today come to the verdict that was given?

Entities that some submission names together (a home, its conversions) make a *case file*; nothing outside it bears
on what is decided in it, so files are worked through one by one and none is ever in memory with all the others. The
order inside is that of the versions which submissions made: a request's time is taken before it waits for its turn.

What a person in the office decided is given, not decided by rules: from there on a file is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session

from server.access.tables import Assignment
from server.database import parts, table_of
from server.exchange import history, journal, verify_files
from server.exchange.tables import EntityRow, SubmissionRow
from server.exchange.verify import Check, Finding, by_dataset, held_of, total
from server.terminal.steps import Told
from sync import hub
from sync.codec import decode, read_screen, to_text
from sync.documents import read_traces
from sync.facts import Device, Facts, FormRules, Held, Key, Past, Policy, Pushed
from sync.messages import PROTOCOL, FieldOutcome, Incoming, Request, Screen, Submission, Verdict
from sync.strict import MessageFault

NAME: Final = "redecide"
AT_A_TIME: Final = 300


@dataclass(frozen=True)
class Rules:
    """By what is decided: every policy that ever decided, every released form, and the county's villages of today."""

    policies: Mapping[str, Policy]
    forms: Mapping[tuple[str, str], FormRules]
    villages: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A line of the journal, as it is needed here. ``at``: its place in it."""

    at: tuple[datetime, int]
    kind: str
    sender: str
    policy: str
    submission: Submission
    past: Past
    screen: Screen | None

    def version(self, key: Key) -> int:
        trace = self.past.traces.get(key)
        return trace.version if trace else 0

    def changes(self, key: Key) -> bool:
        steps = self.past.traces[key].steps.values() if key in self.past.traces else ()
        return any(step.outcome in ("applied", "conflict") for step in steps)


@dataclass
class File:
    """A case file: what is still to be decided, and what has come of what was."""

    waiting: list[Line]
    kept: Mapping[Key, Held]
    entities: dict[Key, Held] = field(default_factory=dict)
    known: dict[str, Past] = field(default_factory=dict)
    makers: dict[tuple[Key, int], str] = field(default_factory=dict)
    differs: bool = False

    def __post_init__(self) -> None:
        """Which line made each version of an entity: one that changed something, or the first that has it."""
        for line in sorted(self.waiting, key=lambda line: line.at):
            for key in line.past.traces:
                if line.changes(key):
                    self.makers[key, line.version(key)] = line.submission.id
                self.makers.setdefault((key, line.version(key)), line.submission.id)

    def _makes(self, line: Line, key: Key) -> bool:
        # Two ids made one: what comes under the second has versions of its own, beside the official's.
        return line.kind == "office" or self.makers[key, line.version(key)] == line.submission.id

    @property
    def restored(self) -> bool:
        """Whether it was written under several histories: which one a record met that changed nothing, nobody kept."""
        return any(len(held.epochs) > 1 for held in self.kept.values())

    def next(self) -> Line:
        ready = (line for line in self.waiting if all(self._ready(line, key) for key in line.past.traces))
        line = next(ready, self.waiting[0])
        self.waiting.remove(line)
        return line

    def _ready(self, line: Line, key: Key) -> bool:
        """Whether an entity is in the version in which this line met it."""
        now, then = self.entities[key].version if key in self.entities else 0, line.version(key)
        if not then:
            return True
        if not self._makes(line, key):
            return now >= then
        return now >= then - 1 and not any(
            other.version(key) == now and not self._makes(other, key)
            for other in self.waiting
            if other is not line and now
        )


def check(rules: Rules) -> Check:
    def run(session: Session, county: str, told: Told) -> Iterator[Finding]:
        return _all(session, county, rules, told)

    return Check(NAME, "每条记录按当时的规则和表单重新判定，结果相同", "重新判定（条）", run)


def _all(session: Session, county: str, rules: Rules, told: Told) -> Iterator[Finding]:
    total_n, done_n, left = total(session, SubmissionRow, county), 0, Counter[str]()
    desk = _Desk(session, county, rules, _Tenure(session, county), history.present(session))
    for ids in verify_files.files(session, county, AT_A_TIME):
        lines, unread = _lines(session, county, [id for one in ids for id in one])
        yield from (Finding(NAME, id, "记录、判定或处理结果读不懂。") for id in unread)
        kept = _kept(session, county, lines.values())
        for one in ids:
            file = _file([lines[id] for id in one if id in lines], kept)
            yield from _decide(desk, file)
            left.update(_why_left(file, rules))
            done_n += len(one)
        told(done_n, total_n)
    told(total_n, total_n)
    for why, number in sorted(left.items()):
        yield Finding(NAME, county, f"{number:,} 条没有重新判定：{why}。", note=True)


def _why_left(file: File, rules: Rules) -> list[str]:
    """For each submission that was not decided again, why not."""
    left = [line for line in file.waiting if line.kind == "submission"]
    if file.differs:
        return ["与它们有关的记录已有不同"] * len(left)
    unknown = sorted({line.policy for line in left} - rules.policies.keys())
    why = f"本程序没有规则 {'、'.join(unknown)}" if unknown else "办公室已就同一户作出决定"
    return [why] * len(left)


def _file(lines: Sequence[Line], kept: Mapping[Key, Held]) -> File:
    keys = {target.key for line in lines for target in line.submission.targets}
    own = {key: kept[key] for key in keys if key in kept}
    return File(sorted(lines, key=lambda line: line.at), own)


def _lines(session: Session, county: str, ids: Collection[str]) -> tuple[dict[str, Line], list[str]]:
    """The lines of these ids, and the ids of those that nobody can read any more."""
    columns = table_of(SubmissionRow).c
    found: dict[str, Line] = {}
    unread: list[str] = []
    for part in parts(ids):
        rows = session.connection().execute(
            select(table_of(SubmissionRow)).where(
                columns.county == county, columns.id.in_(part), columns.kind.in_(("submission", "office"))
            )
        )
        for row in rows:
            try:
                found[row.id] = _line(row)
            except (MessageFault, ValueError, LookupError, TypeError, AttributeError):
                unread.append(row.id)
    return found, unread


def _line(row: Any) -> Line:
    verdict, traces = decode(Verdict, row.verdict.encode()), read_traces(row.traces)
    past = Past(row.id, row.hash, verdict, row.person, row.observed_at, traces)
    sent = decode(Submission, row.sent.encode())
    return Line(
        (row.received_at, row.position),
        row.kind,
        row.device,
        row.policy_version,
        sent,
        past,
        read_screen(row.screen),
    )


def _kept(session: Session, county: str, lines: Collection[Line]) -> dict[Key, Held]:
    columns = table_of(EntityRow).c
    named = {(target.dataset, target.id) for line in lines for target in line.submission.targets}
    found: dict[Key, Held] = {}
    for dataset, ids in by_dataset(named):
        these = (columns.county == county, columns.dataset == dataset, columns.id.in_(ids))
        rows = session.connection().execute(select(columns.held).where(*these))
        found |= {held.key: held for (document,) in rows if (held := held_of(document))}
    return found


# --- one file ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Desk:
    """What every file is decided with. ``present``: the hub's history of today."""

    session: Session
    county: str
    rules: Rules
    tenure: _Tenure
    present: str


def _decide(desk: _Desk, file: File) -> Iterator[Finding]:
    """The first difference in each file: what comes after it follows from it. Leaves waiting what is not decided."""
    while file.waiting:
        line = file.next()
        if line.kind == "office" or line.policy not in desk.rules.policies:
            file.waiting.append(line)
            return
        pushed, differences = _decided(desk, file, line)
        if differences:
            file.differs = True
            for said in differences:
                yield Finding(NAME, line.submission.id, said, note=file.restored)
            return
        file.entities |= {held.key: held for held in pushed.changed}
        file.known[line.submission.id] = line.past
    for key, held in file.entities.items():
        for said in _unlike(held, file.kept.get(key)):
            yield Finding(NAME, key, said, note=file.restored)


def _decided(desk: _Desk, file: File, line: Line) -> tuple[Pushed, list[str]]:
    """A line decided once more, and what differs. Under which history it was, nobody kept: where there are several,
    the one that explains the verdict."""
    found: list[tuple[Pushed, list[str]]] = []
    for under in _histories(file, line, desk.present):
        pushed = hub.push(_incoming(line), _facts(desk, file, line, under), now=line.at[0])
        found.append((pushed, list(_differences(line.past.verdict, next(iter(pushed.verdicts), None)))))
        if not found[-1][1]:
            return found[-1]
    return found[0]


def _incoming(line: Line) -> Incoming:
    request = Request(
        PROTOCOL, line.sender, line.submission.history, to_text(line.at[0]), "", 0, "", 1, "", {}, (),
        (line.submission,), screens=None if line.screen is None else {line.submission.id: line.screen},
    )  # fmt: skip
    return Incoming(request, ())


def _facts(desk: _Desk, file: File, line: Line, under: str) -> Facts:
    sent, at = line.submission, line.at[0]
    held, ever = desk.tenure.at(line.sender, at) or (frozenset({sent.village}), frozenset[str]())
    made_by = desk.tenure.at(sent.device, at) or (frozenset(), frozenset())
    traces = line.past.traces.values()
    facts = Facts(
        device=Device(line.sender, desk.county, held, ever - held),
        history=under,
        villages=desk.rules.villages,
        forms=desk.rules.forms,
        entities=file.entities,
        known={},
        policy=desk.rules.policies[line.policy],
        ever_held={sent.device: made_by[1]},
        lines={sent.id: next((trace.device for trace in traces if trace.device), sent.device)},
    )
    # In the two reads of the store, and of what it could read then.
    first = hub.needed(_incoming(line)).past - {each.submission.id for each in (line, *file.waiting)}
    facts = replace(facts, known=_known(desk.session, desk.county, file, first))
    further = hub.needed_past(_incoming(line), facts)
    return replace(facts, known={**facts.known, **_known(desk.session, desk.county, file, further)})


def _known(session: Session, county: str, file: File, ids: Collection[str]) -> dict[str, Past]:
    outside = set(ids) - file.known.keys()
    here = {id: file.known[id] for id in ids if id in file.known}
    return {**here, **(journal.past(session, county, outside) if outside else {})}


def _histories(file: File, line: Line, present: str) -> list[str]:
    """Those under which this may have been decided, the likeliest first: the one under which its version was made,
    then those that its entities and the hub have met since."""
    made: list[str] = []
    later: list[str] = []
    for key in line.past.traces:
        for name, first in file.kept[key].epochs if key in file.kept else ():
            (made if first <= line.version(key) else later).append(name)
    return list(
        dict.fromkeys([*made[-1:], *([] if made else [line.submission.history or ""]), *later, present])
    )


@dataclass
class _Tenure:
    """Which villages a device held at an instant, and had ever held by then."""

    session: Session
    county: str
    rows: dict[str, list[Any]] = field(default_factory=dict)

    def at(self, device: str, at: datetime) -> tuple[frozenset[str], frozenset[str]] | None:
        """None of what was never assigned any: no tablet, but a list that was taken in by the county itself."""
        if device not in self.rows:
            columns = table_of(Assignment).c
            query = select(columns.village, columns.from_at, columns.until_at).where(
                columns.county == self.county, columns.device == device
            )
            self.rows[device] = list(self.session.connection().execute(query))
        if not self.rows[device]:
            return None
        ever = [row for row in self.rows[device] if row.from_at <= at]
        held = frozenset(row.village for row in ever if row.until_at is None or at < row.until_at)
        return held, frozenset(row.village for row in ever)


# --- what differs --------------------------------------------------------------------------------------------


def _differences(then: Verdict, now: Verdict | None) -> Iterator[str]:
    if now is None:
        yield f"当时 {then.outcome}，现在缺表单或村名单，不能判定。"
        return
    for name in ("outcome", "code", "field", "marks", "versions"):
        was, is_now = getattr(then, name), getattr(now, name)
        if was != is_now:
            yield f"{name}：当时 {_said(was)}，现在 {_said(is_now)}。"
    fields, fields_now = _by_property(then), _by_property(now)
    for key in sorted(fields.keys() | fields_now.keys()):
        if fields.get(key) != fields_now.get(key):
            yield f"{key}：当时 {_outcome(fields.get(key))}，现在 {_outcome(fields_now.get(key))}。"


def _by_property(verdict: Verdict) -> dict[str, FieldOutcome]:
    """Without who it was that it met: whether that was known hung on what came in one request with it."""
    fields = (replace(each, theirs_by="", theirs_at="") for each in verdict.fields)
    return {f"{each.dataset}/{each.id} {each.property}": each for each in fields}


def _said(value: object) -> str:
    return "、".join(map(str, value)) or "无" if isinstance(value, tuple) else str(value or "无")


def _outcome(field: FieldOutcome | None) -> str:
    """Without the values: an account number must not get into a report."""
    return f"{field.outcome}（遇到 {field.theirs_submission or '无'}）" if field else "没有改动"


def _unlike(now: Held, kept: Held | None) -> Iterator[str]:
    """Where the entity decided anew is not the one that is kept."""
    if kept is None:
        yield "重新判定后有，登记中没有。"
        return
    if (now.village, now.version) != (kept.village, kept.version):
        yield f"重新判定后在村 {now.village} 第 {now.version} 版，登记为 {kept.village} 第 {kept.version} 版。"
    values, kept_values = dict(now.props.items()), dict(kept.props.items())
    for name in sorted(values.keys() | kept_values.keys()):
        if values.get(name) != kept_values.get(name):
            yield f"属性 {name}：重新判定后的值或来源与登记的不同。"
    if {each.id for each in now.conflicts} != {each.id for each in kept.conflicts}:
        yield "重新判定后未决的冲突与登记的不同。"
