"""A hub in memory and a tablet of a few lines, to drive the pure half of sync without any store of the product.

`County` loads exactly what `needed` and `needed_past` ask for, so a gap in them shows as a wrong verdict.
`Tablet` is not the product's replica: it knows only what the protocol says a tablet must keep.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sync import alias, digest, hub, joining, pull, repair
from sync.codec import decode, decode_request, derived_id, encode, submission_hash
from sync.documents import held_text, read_held, read_traces, traces_text
from sync.facts import Device, Facts, FeedRow, Held, Past, Policy, Pushed, Record
from sync.messages import (
    PROTOCOL,
    Cursor,
    EntityState,
    NotYet,
    Reply,
    Request,
    Screen,
    Submission,
    Target,
    Verdict,
    Village,
)

COUNTY, A, B, C = "140525", "140525100001", "140525100002", "140525100003"
HOUSE = derived_id("house")
NOW = datetime(2020, 9, 1, 8, tzinfo=UTC)
GROUPS = {
    "household": {"device": "heating", "fuel": "heating", "head_name": "identity", "id_number": "identity"}
}


class Rules:
    """A form whose answers are dataset → property → value; the value "bad" breaks a constraint."""

    def check(self, answers: Any, observed_at: datetime, given: Mapping[str, str]) -> Sequence[Any]:
        return [
            SimpleNamespace(path=f"/data/{dataset}/{name}", message="不能填 bad")
            for dataset, values in answers.items()
            for name, value in values.items()
            if value == "bad"
        ]

    def changes(self, answers: Any) -> Mapping[str, Mapping[str, str]]:
        return answers


@dataclass
class County:
    """The store of a hub: what a database would keep, and the order of work an endpoint follows."""

    villages: tuple[str, ...] = (A, B)
    history: str = derived_id("history", "0")
    forms: dict[tuple[str, str], Rules] = field(default_factory=lambda: {("household", "1"): Rules()})
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    formerly: dict[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: GROUPS)
    masked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    office: frozenset[str] = frozenset()
    entities: dict[str, Held] = field(default_factory=dict)
    known: dict[str, Past] = field(default_factory=dict)
    journal: dict[str, Record] = field(default_factory=dict)
    feed: dict[str, list[FeedRow]] = field(default_factory=dict)
    digests: dict[tuple[str, int], str] = field(default_factory=dict)
    page: int = 500
    pushed: Pushed | None = None
    contacts_n: int = 0

    # Feed
    def heads(self, villages: Sequence[str]) -> Mapping[str, int]:
        return {village: len(self.feed.get(village, [])) for village in villages}

    def changes(self, village: str, after_seq: int, limit: int) -> Sequence[tuple[int, EntityState]]:
        rows = list(enumerate(self.feed.get(village, []), start=1))[after_seq : after_seq + limit]
        return [(seq, self._present(f"{row.dataset}/{row.id}", village)) for seq, row in rows]

    def snapshot(self, village: str, after_key: str | None, limit: int) -> Sequence[EntityState]:
        keys = sorted(key for key, held in self.entities.items() if held.village == village)
        return [self.entities[key].state() for key in keys if after_key is None or key > after_key][:limit]

    def _present(self, key: str, village: str) -> EntityState:
        held = self.entities[key]
        return held.state() if held.village == village else held.gone(village)

    # Endpoint
    def answer(self, body: bytes, device: str) -> Reply:
        incoming = decode_request(body)
        self.contacts_n += 1
        now = NOW + timedelta(minutes=self.contacts_n)
        if pull.restored(incoming.request, self.history, self.heads(list(incoming.request.held))):
            self.history = derived_id("history", self.history)
        incoming = hub.heard(incoming, self.history)
        self.pushed = hub.push(incoming, self.facts(incoming, device), now=now)
        self._keep(self.pushed)
        held = pull.cursors(incoming.request, self.held[device], self.history)
        kept = self.kept(incoming.request)
        ask = repair.ask(incoming.request, kept)
        pulled = repair.NOTHING_YET if ask else pull.pull(held, self, self.page)
        reply = pull.reply(
            incoming.request, self.pushed, pulled, history=self.history, now=now, county=COUNTY,
            person="p", villages=[Village(v, v, "", None) for v in sorted(self.held[device])], forms=[],
            masked=self.masked,
        )  # fmt: skip
        different = tuple(each.village for each in repair.differences(incoming.request, kept))
        return decode(Reply, encode(replace(reply, ask_digests=ask, reread=different)))

    def kept(self, request: Request) -> dict[str, str | None]:
        """The hub's digests at the places at which the request states its own."""
        places = repair.places(request, self.history)
        return {
            village: self.digests.get((village, seq)) if seq else digest.EMPTY
            for village, seq in places.items()
        }

    def facts(self, incoming: Any, device: str) -> Facts:
        needed = hub.needed(incoming)
        keys = {f"{dataset}/{id}" for dataset, id in needed.entities}
        first = Facts(
            Device(device, COUNTY, self.held[device], self.formerly.get(device, frozenset())),
            self.history,
            frozenset(self.villages),
            {key: rules for key, rules in self.forms.items() if key in needed.forms},
            self._led_to({key: held for key, held in self.entities.items() if key in keys}),
            {id: past for id, past in self.known.items() if id in needed.past},
            Policy("policy-1", self.groups, self.masked, self.office),
            {
                each.device: self.held.get(each.device, frozenset())
                | self.formerly.get(each.device, frozenset())
                for each in incoming.request.submissions
            },
        )
        more = hub.needed_past(incoming, first)
        return replace(first, known=first.known | {id: self.known[id] for id in more if id in self.known})

    def _led_to(self, found: dict[str, Held]) -> dict[str, Held]:
        while more := alias.unread(found):
            found |= {f"{dataset}/{id}": self.entities[f"{dataset}/{id}"] for dataset, id in more}
        return found

    def merge(self, survivor: str, loser: str, **values: str) -> None:
        """An official makes one household of two."""
        one, other = self.state(survivor), self.state(loser)
        self._keep(joining.join(one, other, values, self._act()))

    def separate(self, survivor: str, loser: str) -> None:
        """An official takes that back."""
        self._keep(joining.separate(self.state(survivor), self.state(loser), self._act()))

    def _act(self) -> joining.Act:
        self.contacts_n += 1
        now = NOW + timedelta(minutes=self.contacts_n)
        return joining.Act("official", "同一户", COUNTY, self.history, now)

    def _keep(self, pushed: Pushed) -> None:
        for record in pushed.records:
            self.journal.setdefault(record.id, record)
            if record.past:
                self.known[record.id] = replace(
                    record.past, traces=read_traces(traces_text(record.past.traces))
                )
        for held in pushed.changed:
            self.entities[held.key] = read_held(held_text(held))
        for row in pushed.feed:
            self.feed.setdefault(row.village, []).append(row)
        for village in {row.village for row in pushed.feed}:
            here = (held for held in self.entities.values() if held.village == village)
            total = sum((digest.of_held(held, self.masked) for held in here), digest.NOTHING)
            self.digests[village, len(self.feed[village])] = str(total)

    def copy(self) -> County:
        return copy.deepcopy(self)

    def restore(self, older: County) -> None:
        """Back to ``older`` as its restore command does it: with a new history."""
        kept = older.copy()
        self.entities, self.known, self.journal, self.feed, self.digests = (
            kept.entities,
            kept.known,
            kept.journal,
            kept.feed,
            kept.digests,
        )
        self.history = derived_id("history", self.history)

    def state(self, id: str = HOUSE, dataset: str = "household") -> Held:
        return self.entities[f"{dataset}/{id}"]

    def values(self, id: str = HOUSE) -> Mapping[str, str]:
        return self.state(id).values()

    def open_conflicts(self, id: str = HOUSE) -> set[tuple[str, str]]:
        """Property and the value that is not in the registry."""
        return {(each.property, each.mine) for each in self.state(id).conflicts}


@dataclass
class Tablet:
    """What a tablet keeps: its chain, the states and cursors it received, and what waits. ``tells``: also what stood on
    the screens at which its records were made; an older app does not."""

    county: County
    name: str
    villages: tuple[str, ...] = (A,)
    tells: bool = False
    history: str | None = None
    made: list[Submission] = field(default_factory=list)
    screens: dict[str, Screen] = field(default_factory=dict)
    changed: dict[str, dict[str, str]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    not_yet: dict[str, NotYet] = field(default_factory=dict)
    states: dict[str, EntityState] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.device = derived_id("device", self.name)
        self.county.held[self.device] = frozenset(self.villages)
        self.history = self.county.history  # told at enrolment

    @property
    def waiting(self) -> list[Submission]:
        return [each for each in self.made if each.id not in self.verdicts]

    def sees(self, id: str, dataset: str = "household") -> dict[str, str]:
        """The values on the screen: the hub's, under what this tablet changed and the hub has not shown yet."""
        state = self.states.get(f"{dataset}/{id}")
        values = dict(state.props) if state else {}
        for mine in self._pending(f"{dataset}/{id}"):
            told: Any = mine.answers.get(dataset, {})
            values |= self.changed.get(mine.id, told)
        return values

    def _pending(self, key: str) -> list[Submission]:
        version = self.states[key].version if key in self.states else 0
        return [
            each
            for each in self.made
            if any(target.key == key for target in each.targets)
            and (each.id not in self.verdicts or self.verdicts[each.id].versions.get(key, 0) > version)
        ]

    def record(
        self, id: str, changed: Mapping[str, str], *, dataset: str = "household", village: str = A,
        corrects: Submission | None = None, whole: bool = True, **other: Any,
    ) -> Submission:  # fmt: skip
        """Fill in a form about one entity: what is on the screen, and on top of it what ``changed``.

        ``whole``: the form saves every property known, as real forms do; else only those changed."""
        key = f"{dataset}/{id}"
        state, pending = self.states.get(key), self._pending(key)
        shown: Any = corrects.answers[dataset] if corrects else self.sees(id, dataset)
        values = {**(shown if whole else {}), **changed}
        base = {name: state.props[name] for name in values if state and name in state.props}
        last = self.made[-1] if self.made else None
        submission = Submission(
            derived_id(self.name, str(len(self.made))), self.device, len(self.made) + 1,
            submission_hash(last) if last else "", self.history, COUNTY, village, f"person-{self.name}",
            "household", "1", f"2020-09-01T08:{len(self.made) % 60:02d}:00Z", corrects.id if corrects else None,
            (Target(dataset, id, state.version if state else 0, base, pending[-1].id if pending else None),),
            {dataset: values},
        )  # fmt: skip
        submission = replace(submission, **other)
        self.made.append(submission)
        if other.get("targets") and not corrects:  # a draft's, begun when nothing lay over its base
            shown = base = other["targets"][0].base
        over = {name: shown.get(name, "") for name in values}
        self.screens[submission.id] = {
            dataset: {n: each for n, each in over.items() if each != base.get(n, "")}
        }
        if not corrects:
            self.changed[submission.id] = {name: each for name, each in values.items() if each != over[name]}
        return submission

    def request(self, submissions: Sequence[Submission] | None = None, **other: Any) -> Request:
        held = {village: self.cursors.get(village) for village in self.villages}
        waiting = self.waiting if submissions is None else list(submissions)
        request = Request(
            PROTOCOL, self.device, self.history, "2020-09-01T08:00:00Z", "0.1", len(self.made), "", len(waiting),
            "", held, (), tuple(waiting),
        )  # fmt: skip
        screens = {each.id: self.screens.get(each.id, {}) for each in waiting} if self.tells else None
        return replace(request, screens=screens, **other)

    def sync(self, submissions: Sequence[Submission] | None = None) -> Reply:
        """Contact the hub until it has nothing more. What it did not look at, for it had been restored, comes again."""
        submissions = self.waiting if submissions is None else submissions
        while True:
            known = self.history
            reply = self.county.answer(encode(self.request(submissions)), self.device)
            self.take(reply)
            if reply.history == known:
                submissions = ()
                if not reply.more:
                    return reply

    def send_and_lose_reply(self, submissions: Sequence[Submission] | None = None) -> None:
        self.county.answer(encode(self.request(submissions)), self.device)

    def take(self, reply: Reply) -> None:
        if reply.history != self.history:
            self.states, self.cursors, self.verdicts = {}, {}, {}
            self.history = reply.history
        self.verdicts |= {verdict.submission: verdict for verdict in reply.verdicts}
        self.not_yet = {each.submission: each for each in reply.not_yet}
        for state in reply.changes:
            here = self.states.get(state.key)
            if state.gone:
                if here and here.village == state.village and here.version <= state.version:
                    del self.states[state.key]
            elif here is None or here.version <= state.version:
                self.states[state.key] = state
        self.cursors |= reply.cursors

    def verdict(self, submission: Submission) -> Verdict:
        return self.verdicts[submission.id]

    def result(self, submission: Submission, name: str) -> str | None:
        """What became of one value; None where the surveyor left it as seen."""
        found = {each.property: each.outcome for each in self.verdict(submission).fields}
        return found.get(name)


@pytest.fixture
def county() -> County:
    return County()


@pytest.fixture
def kit() -> SimpleNamespace:
    """The classes themselves, for tests that make many counties."""
    return SimpleNamespace(
        County=County, Tablet=Tablet, Rules=Rules, id=derived_id, A=A, B=B, C=C, COUNTY=COUNTY, NOW=NOW
    )


@pytest.fixture
def tablet(county: County) -> Any:
    """Make a tablet of the county by name."""

    def make(name: str, *villages: str, tells: bool = False) -> Tablet:
        made = Tablet(county, name, villages or (A,), tells)
        made.sync()
        return made

    return make


@pytest.fixture
def three(tablet: Any) -> tuple[Tablet, Tablet, Tablet]:
    """Three tablets of one village, and a household they all have seen."""
    one, two, three = tablet("one"), tablet("two"), tablet("three")
    registered = {"head_name": "张三", "device": "kang", "fuel": "bulk_coal", "phone": "1", "remark": ""}
    one.record(HOUSE, registered)
    for each in (one, two, three):
        each.sync()
    return one, two, three
