"""A surveyor with the real replica and the real client, against the hub in memory one folder up.

`Surveyor` does what the app does: opens a draft prefilled with what is on the screen, saves it, submits it,
and drives a contact. Its form's answers are dataset → property → value, as the hub in memory reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.client import Account, Refusal, contact
from sync.codec import decode, derived_id, encode
from sync.messages import EnrolReply, Reply, Request, Submission, Village
from sync.replica import Draft, Replica

COUNTY, A = "140525", "140525100001"
NOT_THERE = Refusal("no_network", "没有网络。", "请稍后再试。")


@dataclass
class Ids:
    """Lower-case UUIDs that follow from a name: the same run gives the same ids."""

    name: str
    made: int = 0

    def __call__(self) -> str:
        self.made += 1
        return derived_id(self.name, str(self.made))


@dataclass
class Clock:
    now: datetime = datetime(2020, 9, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Surveyor:
    county: Any
    path: Path
    name: str
    villages: tuple[str, ...] = (A,)
    clock: Clock = field(default_factory=Clock)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids = Ids(self.name)
        self.replica = Replica.open(self.path, clock=self.clock, new_id=self.ids)
        self.enrol()

    def enrol(self) -> None:
        self.device = self.replica.new_identity("http://hub").device
        self.county.held[self.device] = frozenset(self.villages)
        villages = tuple(Village(code, f"村{code[-2:]}", "镇", None) for code in self.villages)
        self.replica.enrolled(
            EnrolReply(self.device, COUNTY, "泽州县（模拟数据）", f"person-{self.name}", "张三",
                       self.county.history, "2020-09-01T08:00:00.000Z", villages)
        )  # fmt: skip

    def assign(self, *villages: str) -> None:
        """The office assigns exactly these; what was held before counts as formerly held."""
        before = self.county.held[self.device] | self.county.formerly.get(self.device, frozenset())
        self.county.held[self.device] = frozenset(villages)
        self.county.formerly[self.device] = before - frozenset(villages)

    def reopen(self) -> None:
        self.replica.close()
        self.replica = Replica.open(self.path, clock=self.clock, new_id=self.ids)

    # --- recording ---

    def opens(self, id: str, dataset: str = "household", village: str = A, household: str = "") -> Draft:
        """An interview about one entity, prefilled with what is on the screen."""
        shown = self.replica.entity(dataset, id)
        answers = {dataset: dict(shown.props) if shown else {}}
        owner = household or (id if dataset == "household" else None)
        draft = Draft(self.ids(), "household", "1", village, owner, {dataset: id}, answers=answers)
        return self.replica.save_draft(draft)

    def submits(self, draft: Draft, changed: Mapping[str, str]) -> Submission:
        (dataset,) = draft.target_ids
        begun: Any = draft.answers.get(dataset, {})
        values = {**begun, **changed}
        return self.replica.submit(draft.id, {dataset: values}, {dataset: values}, self.clock())

    def records(self, id: str, changed: Mapping[str, str], **where: str) -> Submission:
        return self.submits(self.opens(id, **where), changed)

    def corrects(self, submission: Submission, changed: Mapping[str, str]) -> Submission:
        return self.submits(self.replica.begin_correction(submission.id), changed)

    def sees(self, id: str, dataset: str = "household") -> dict[str, str] | None:
        shown = self.replica.entity(dataset, id)
        return dict(shown.props) if shown else None

    def state(self, submission: Submission) -> str:
        record = self.replica.record(submission.id)
        assert record is not None
        return record.state

    # --- contact ---

    def answer(self, request: Request) -> Reply:
        """One request to the hub and its reply, both as they go over the wire."""
        self.requests.append(request)
        reply: Reply = self.county.answer(encode(request), self.device)
        return decode(Reply, encode(reply))

    def syncs(self, ask: Callable[[Request], Reply | Refusal] | None = None, **other: Any) -> Account:
        talk = contact(self.replica, clock=self.clock, app_version="0.1", **other)
        try:
            request = next(talk)
            while True:
                request = talk.send((ask or self.answer)(request))
        except StopIteration as end:
            account: Account = end.value
            return account

    def loses_reply(self, request: Request) -> Refusal:
        self.answer(request)
        return NOT_THERE


@pytest.fixture
def surveyor(county: Any, tmp_path: Path) -> Iterator[Callable[..., Surveyor]]:
    """Make a surveyor of the county by name, enrolled, with these villages."""
    made: list[Surveyor] = []

    def make(name: str = "a", *villages: str) -> Surveyor:
        made.append(Surveyor(county, tmp_path / f"{name}.db", name, villages or (A,)))
        return made[-1]

    yield make
    for each in made:
        each.replica.close()


@pytest.fixture
def ids() -> type[Ids]:
    return Ids


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_surveyor() -> type[Surveyor]:
    """The class itself, for tests that make many."""
    return Surveyor
