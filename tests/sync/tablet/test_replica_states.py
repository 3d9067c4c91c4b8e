"""Two surveyors, one hub, and any order of events: what must hold after each of them.

 - nothing saved disappears, and nothing saved is changed;
 - a record's state moves only as it may: from waiting to a verdict, and back only when the hub's history changes;
 - the stored view equals the one worked out anew from states and records;
 - the chain has no gap, and the file is whole.
After the last event everything is synced: then all waits nowhere, every tablet shows what the registry has, and
the registry has judged each record exactly once.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sync.client import Refusal
from sync.codec import derived_id, submission_hash
from sync.messages import Submission

A, B = "140525100001", "140525100002"
HOUSES = [derived_id("house", str(n)) for n in range(4)]
CONVERSIONS = [derived_id("conversion", str(n)) for n in range(2)]
CUT = Refusal("cut", "网络断开。", "再试。")
PROPERTIES = ("head_name", "device", "fuel", "phone", "address")
VALUES = ("a", "b", "c", "d", "", "bad")

who = st.integers(0, 1)
changes = st.dictionaries(st.sampled_from(PROPERTIES), st.sampled_from(VALUES), min_size=1, max_size=3)
edits = st.lists(st.tuples(st.sampled_from(HOUSES), changes), min_size=1, max_size=4)


class Events(RuleBasedStateMachine):
    county_class: Any
    surveyor_class: Any

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.county = self.county_class()
        self.county.page = 2
        self.surveyors = [
            self.surveyor_class(self.county, Path(self.folder.name) / f"{name}.db", name, (A, B))
            for name in ("one", "two")
        ]
        self.made: list[dict[str, Submission]] = [{}, {}]
        self.drafts: list[dict[str, Any]] = [{}, {}]
        self.states: list[dict[str, str]] = [{}, {}]
        self.histories = [surveyor.replica.identity().history for surveyor in self.surveyors]
        self.backup = self.county.copy()

    def teardown(self) -> None:
        try:
            self.everything_converges()
        finally:
            for surveyor in self.surveyors:
                surveyor.replica.close()
            self.folder.cleanup()

    # --- events ---

    @rule(n=who, house=st.sampled_from(HOUSES), village=st.sampled_from((A, B)))
    def open_interview(self, n: int, house: str, village: str) -> None:
        shown = self.surveyors[n].replica.entity("household", house)
        draft = self.surveyors[n].opens(house, village=shown.village if shown else village)
        self.drafts[n][draft.id] = draft

    @rule(n=who, house=st.sampled_from(HOUSES), conversion=st.sampled_from(CONVERSIONS))
    def open_conversion(self, n: int, house: str, conversion: str) -> None:
        draft = self.surveyors[n].opens(conversion, "conversion", A, house)
        self.drafts[n][draft.id] = draft

    @rule(n=who, edits=edits, village=st.sampled_from((A, B)))
    def record(self, n: int, edits: list[tuple[str, dict[str, str]]], village: str) -> None:
        for house, values in edits:
            shown = self.surveyors[n].replica.entity("household", house)
            draft = self.surveyors[n].opens(house, village=shown.village if shown else village)
            self.keep(n, draft, values)

    @rule(n=who, edits=edits)
    def record_and_sync(self, n: int, edits: list[tuple[str, dict[str, str]]]) -> None:
        self.record(n, edits, A)
        self.sync(n)

    @rule(values=changes, others=changes, house=st.sampled_from(HOUSES))
    def both_record_the_same_house_and_sync(
        self, values: dict[str, str], others: dict[str, str], house: str
    ) -> None:
        self.record(0, [(house, values)], A)
        self.record(1, [(house, others)], A)
        self.sync(0)
        self.sync(1)

    @precondition(lambda self: any(self.made))
    @rule(n=who, values=changes, pick=st.randoms(use_true_random=False))
    def correct_at_once(self, n: int, values: dict[str, str], pick: Any) -> None:
        if self.made[n]:
            draft = self.surveyors[n].replica.begin_correction(pick.choice(sorted(self.made[n])))
            self.drafts[n].pop(draft.id, None)
            self.keep(n, draft, values)

    @precondition(lambda self: any(self.drafts))
    @rule(n=who, values=changes, pick=st.randoms(use_true_random=False))
    def submit(self, n: int, values: dict[str, str], pick: Any) -> None:
        if not self.drafts[n]:
            return
        draft = self.drafts[n].pop(pick.choice(sorted(self.drafts[n])))
        if "conversion" in draft.target_ids:
            values = {**values, "household": draft.household_id}
        self.keep(n, draft, values)

    def keep(self, n: int, draft: Any, values: dict[str, str]) -> None:
        made = self.surveyors[n].submits(draft, values)
        self.made[n][made.id] = made
        self.states[n][made.id] = "waiting"

    @precondition(lambda self: any(self.made))
    @rule(n=who, pick=st.randoms(use_true_random=False))
    def correct(self, n: int, pick: Any) -> None:
        if not self.made[n]:
            return
        draft = self.surveyors[n].replica.begin_correction(pick.choice(sorted(self.made[n])))
        self.drafts[n][draft.id] = draft

    @rule(n=who)
    def sync(self, n: int) -> None:
        self.surveyors[n].syncs()

    @rule(n=who, answered=st.integers(0, 2), lost=st.booleans())
    def sync_badly(self, n: int, answered: int, lost: bool) -> None:
        self.surveyors[n].syncs(self.cut(n, answered, lost))

    @rule(n=who)
    def restart(self, n: int) -> None:
        self.surveyors[n].reopen()

    @rule()
    def back_up(self) -> None:
        self.backup = self.county.copy()

    @rule()
    def restore(self) -> None:
        self.county.restore(self.backup)

    @rule(n=who, villages=st.sampled_from(((A,), (B,), (A, B))))
    def assign(self, n: int, villages: tuple[str, ...]) -> None:
        self.surveyors[n].assign(*villages)

    @rule()
    def forget_the_form(self) -> None:
        self.county.forms = {} if self.county.forms else self.county_class().forms

    def cut(self, n: int, answered: int, lost: bool) -> Callable[[Any], Any]:
        left = [answered]

        def ask(request: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                return self.surveyors[n].answer(request)
            if lost:
                self.surveyors[n].answer(request)
            return CUT

        return ask

    # --- what must hold ---

    @invariant()
    def nothing_saved_disappears(self) -> None:
        for n, surveyor in enumerate(self.surveyors):
            records = {record.submission.id: record for record in surveyor.replica.outbox()}
            assert {id: record.submission for id, record in records.items()} == self.made[n]
            assert {draft.id: draft.answers for draft in surveyor.replica.drafts()} == {
                id: draft.answers for id, draft in self.drafts[n].items()
            }

    @invariant()
    def states_move_only_as_they_may(self) -> None:
        for n, surveyor in enumerate(self.surveyors):
            history = surveyor.replica.identity().history
            for record in surveyor.replica.outbox():
                before, now = self.states[n][record.submission.id], record.state
                assert before in ("waiting", now) or history != self.histories[n], (before, now)
                assert (record.verdict is not None) or now == "waiting"
                self.states[n][record.submission.id] = now
            self.histories[n] = history

    @invariant()
    def the_chain_is_whole(self) -> None:
        for surveyor in self.surveyors:
            chain = [record.submission for record in reversed(surveyor.replica.outbox())]
            assert [each.device_seq for each in chain] == list(range(1, len(chain) + 1))
            hashes = ["", *map(submission_hash, chain)]
            assert [each.previous_hash for each in chain] == hashes[:-1]
            assert surveyor.replica.stated().chain_hash == hashes[-1]

    @invariant()
    def the_view_equals_recomputation(self) -> None:
        for surveyor in self.surveyors:
            stored = {
                (dataset, id): json.loads(effective)
                for dataset, id, effective in surveyor.replica.db.conn.execute(
                    "SELECT dataset, id, effective FROM entity"
                )
            }
            assert stored == recomputed(surveyor.replica)
            houses = {id for dataset, id in stored if dataset == "household"}
            rows = {row.id: row for row in surveyor.replica.households(None, limit=1_000)}
            assert rows.keys() == houses
            for id, row in rows.items():
                shown = surveyor.replica.entity("household", id)
                assert (row.head_name, row.village) == (shown.props.get("head_name", ""), shown.village)
                assert ("new" in row.marks) == (shown.version == 0)

    # --- the end ---

    def everything_converges(self) -> None:
        self.county.forms = self.county_class().forms
        for surveyor in self.surveyors:
            surveyor.assign(A, B)
        for _ in range(3):
            for surveyor in self.surveyors:
                assert surveyor.syncs().problem is None
        self.nothing_saved_disappears()
        self.the_view_equals_recomputation()
        registry = {
            held.key: (held.village, held.version, held.values()) for held in self.county.entities.values()
        }
        for n, surveyor in enumerate(self.surveyors):
            status = surveyor.replica.status()
            assert status.waiting_n == 0
            assert {id for id in self.made[n] if id not in self.county.known} == set()
            seen = {}
            for dataset, id in surveyor.replica.db.conn.execute(
                "SELECT dataset, id FROM entity WHERE at_hub"
            ):
                shown = surveyor.replica.entity(dataset, id)
                seen[f"{dataset}/{id}"] = (shown.village, shown.version, dict(shown.props))
                assert shown.mine_pending == ()
            assert seen == registry


def recomputed(replica: Any) -> dict[tuple[str, str], dict[str, str]]:
    """The view from scratch, by the words of the rule rather than by its SQL."""
    connection = replica.db.conn
    records = list(reversed(replica.outbox()))
    corrected = {record.submission.corrects for record in records}
    hub = {
        (dataset, id): json.loads(props)
        for dataset, id, props in connection.execute("SELECT dataset, id, props FROM entity WHERE at_hub")
    }
    contained = {
        (submission, dataset)
        for submission, dataset in connection.execute(
            "SELECT submission, dataset FROM target WHERE contained"
        )
    }
    changed = {
        (submission, dataset): json.loads(values)
        for submission, dataset, values in connection.execute(
            "SELECT submission, dataset, changed FROM target"
        )
    }
    view = {key: dict(props) for key, props in hub.items()}
    for record in records:
        for target in record.submission.targets:
            key, mine = (target.dataset, target.id), (record.submission.id, target.dataset)
            rejected = record.verdict is not None and record.verdict.outcome == "rejected"
            if key in hub and not rejected and mine not in contained:
                view[key].update(changed[mine])
            lone = key not in hub and not (rejected and record.submission.id in corrected)
            if lone and (rejected or mine not in contained):
                view.setdefault(key, {}).update(record.submission.answers[target.dataset])
    return view


def machine(kit: Any, make_surveyor: Any) -> type[Events]:
    return type("Bound", (Events,), {"county_class": kit.County, "surveyor_class": make_surveyor})


def run(kit: Any, make_surveyor: Any, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine(kit, make_surveyor),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=examples < 100,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_any_order_of_events_keeps_the_promises(kit: Any, make_surveyor: Any) -> None:
    run(kit, make_surveyor, 15, 25)


@pytest.mark.soak
def test_very_many_orders_of_events_keep_the_promises(kit: Any, make_surveyor: Any) -> None:
    run(kit, make_surveyor, 250, 50)
