"""What people do with a tablet between two contacts: open a form, answer, put it away, hand it in, correct it.

They go through the tablet's own drafting, the real forms and the real interview. A form that finds fault with
what a person wants to say is given up, as on a tablet; what reaches the hub with a fault in it was put there on
purpose, behind the form's back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from mobile.presenters import drafting
from mobile.presenters.outbox import begin_correction
from server.lab.simulation.disk import Died
from server.lab.simulation.stage import VILLAGES, Home, Homes
from server.lab.simulation.story import SizeName
from server.lab.simulation.tablet import Tablet
from survey_forms import interview as filling
from survey_forms.answers import Answers, entity_changes
from survey_forms.form import Form
from survey_forms.interview import Interview, Shown
from sync.messages import Submission
from sync.replica import Draft, HouseholdRow, ReplicaProblem

# What two people may well change at the same house, from few values, so that they meet.
HOT: Final = (
    "head_name", "phone", "hardship", "fuel", "device", "heating_status", "old_stove", "remark", "residents_n",
    "visit_outcome", "reason", "kind", "device_code", "installed_on", "connected_on", "account_number",
    "holder", "account", "bank", "relation", "what", "amount_t",
)  # fmt: skip
TEXTS: Final = {
    "head_name": ("赵模拟", "钱模拟", "孙模拟"),
    "new_head": ("赵模拟", "钱模拟"),
    "phone": ("15400000001", "15400000002", "15400000003"),
    "remark": ("模拟数据", "模拟数据，狗凶", ""),
    "address": ("村口", "井边"),
    "door_number": ("1组1号", "1组2号", "2组7号"),
    "new_door": ("3组1号", "3组2号"),
    "contract_number": ("HT2020-01", "HT2020-02"),
    "contractor": ("模拟一建", "模拟二建"),
    "account_number": ("14050001", "14050002"),
    "brand": ("模拟牌", "模拟二牌"),
    "model": ("M-1", "M-2"),
    "serial": ("SIM0001", "SIM0002"),
    "id_number": ("",),
    "visit_remark": ("模拟数据", "模拟数据，邻居代答", ""),
    "holder": ("赵模拟", "钱模拟"),
    "bank": ("模拟农商行", "模拟储蓄所"),
    # Tablets see the last four signs: the first two look alike to them.
    "account": ("6222020200001234417", "6222 0202 0000 9994 417", "6217000000005550001", "14050000012345"),
    "relation_other": ("模拟托管人",),
    "place": ("村口煤场", "井边"),
}
NO_HOME: Final = Home({}, ({},))
AGAIN: Final = {"account_again": "account"}
WRONG: Final = {"phone": "12345", "head_name": "9", "visited_on": "2199-01-01", "remark": "错" * 501}
SAVES_AGAIN: Final = 0.7
PUT_AWAY: Final = 0.15
SAME_DOOR: Final = 0.6
PASSES: Final = 6


@dataclass(frozen=True)
class Surveyor:
    """All of ``rng`` is what this person chooses. ``fault`` befalls the tablet when a record is saved, and ``fate``
    says where. ``homes``: what is found at the doors; {}: a few values serve for all. ``photo``: the answer that names
    one just taken."""

    tablet: Tablet
    rng: Random
    fate: Random
    fault: str
    homes: Homes
    photo: str = ""

    # --- the things to do; each gives a line for the story, or None if there was nothing to do ---

    def register(self) -> str | None:
        village = self._village()
        if village is None:
            return None
        draft = self._draft(drafting.start_household(self.tablet.desk, village))
        return self._fill(draft, self._home(village).registration, "registers a household")

    def edit(self) -> str | None:
        row = self._household()
        if row is None:
            return None
        draft = self._draft(drafting.start_update(self.tablet.desk, row.village, row.id))
        return self._fill(draft, draft.answers, f"updates {row.id[:8]}", changes=self.rng.choice((1, 1, 2)))

    def convert(self) -> str | None:
        row = self._household()
        if row is None:
            return None
        begun = self.tablet.replica.related("conversion", row.id)
        if begun and self.rng.random() < 0.6:
            conversion = self.rng.choice(begun)
            started = drafting.start_progress(self.tablet.desk, row.village, row.id, conversion.id)
            draft = self._draft(started)
            return self._fill(draft, draft.answers, f"advances a conversion of {row.id[:8]}", changes=2)
        draft = self._draft(drafting.start_conversion(self.tablet.desk, row.village, row.id))
        homes = self.homes.get(row.village, (NO_HOME,))
        known = [answers for home in homes for answers in home.conversions]
        return self._fill(draft, self.rng.choice(known), f"records a conversion of {row.id[:8]}")

    def visit(self) -> str | None:
        row = self._household()
        if row is None:
            return None
        draft = self._draft(drafting.start_visit(self.tablet.desk, row.village, row.id))
        return self._fill(draft, draft.answers, f"visits {row.id[:8]}", changes=1)

    def payee(self) -> str | None:
        """Whose account a home's money goes to; where two record it, they mean one payee."""
        row = self._household()
        if row is None:
            return None
        draft = self._draft(drafting.start_payee(self.tablet.desk, row.village, row.id))
        return self._fill(draft, draft.answers, f"records the payee of {row.id[:8]}", changes=1)

    def sighting(self) -> str | None:
        """Coal, mostly at a home, sometimes at a place without one."""
        row, village = self._household(), self._village()
        if village is None:
            return None
        if row is None or self.rng.random() < 0.3:
            draft = self._draft(drafting.start_sighting(self.tablet.desk, village))
            return self._fill(draft, draft.answers, "sees coal somewhere", changes=1)
        draft = self._draft(drafting.start_sighting(self.tablet.desk, row.village, row.id))
        return self._fill(draft, draft.answers, f"sees coal at {row.id[:8]}", changes=1)

    def correct(self) -> str | None:
        records = self.tablet.replica.outbox()
        if not records:
            return None
        asking = [record for record in records if record.open]
        record = self.rng.choice(asking if asking and self.rng.random() < 0.6 else records)
        known = {each.submission.id: each for each in records}
        while record.corrected_by:
            record = known[record.corrected_by]
        draft = self._draft(begin_correction(self.tablet.desk, record.submission.id))
        what = f"corrects {record.submission.id[:8]} ({record.state})"
        return self._fill(draft, draft.answers, what, changes=self.rng.choice((0, 1, 1, 2)))

    def take_up(self) -> str | None:
        """Go on with a draft that was put away."""
        drafts = sorted(self.tablet.replica.drafts(), key=lambda draft: draft.id)
        if not drafts:
            return None
        draft = self.rng.choice(drafts)
        what = f"takes up the draft {draft.id[:8]}"
        return self._fill(draft, draft.answers, what, changes=1, resumed=True)

    def blunder(self) -> str | None:
        """A record that no form would let pass: the hub must refuse it, keep it, and say why."""
        village = self._village()
        if village is None:
            return None
        if self.rng.random() < 0.25:
            village = self.rng.choice(sorted(VILLAGES))
        draft = self._draft(drafting.start_household(self.tablet.desk, village))
        leaves = {_leaf(path) for path in self._form(draft).nodes}
        spoil = self.rng.choice(sorted(leaves & WRONG.keys()))
        return self._fill(
            draft, self._home(village).registration, f"records a household with a wrong {spoil}", spoil=spoil
        )

    # --- how a form is filled ---

    def _fill(
        self, draft: Draft, answers: Answers, what: str, *,
        changes: int = 0, resumed: bool = False, spoil: str = "",
    ) -> str:  # fmt: skip
        form = self._form(draft)
        kept = resumed or draft.corrects is not None
        context = drafting.context(self.tablet.desk, draft)
        filled = self._answered(filling.begin(form, context, answers, resumed=kept), changes)
        self._save(draft, filled)
        if not spoil and self.rng.random() < PUT_AWAY:
            return f"{what}: puts the draft {draft.id[:8]} away"
        if filling.faults(filled, "zh"):
            self.tablet.replica.discard_draft(draft.id)
            return f"{what}: gives up"
        return f"{what}: {self._hand_in(draft, form, _spoilt(filled, spoil))}"

    def _answered(self, filled: Interview, changes: int) -> Interview:
        """Answer what is asked and not known, after changing some of what is known."""
        open_questions = [shown for shown in filling.questions(filled, "zh") if self._asks(shown)]
        weights = [6 if _leaf(shown.path) in HOT else 1 for shown in open_questions]
        for _ in range(changes if open_questions else 0):
            shown = self.rng.choices(open_questions, weights)[0]
            filled = filling.answer(filled, shown.path, self._value(filled, shown))
        for _ in range(PASSES):
            faults = {fault.path for fault in filling.faults(filled, "zh")}
            if not faults:
                break
            for shown in [each for each in filling.questions(filled, "zh") if each.path in faults]:
                filled = filling.answer(filled, shown.path, self._value(filled, shown))
        return self._with_photo(filled) if self.photo else filled

    def _with_photo(self, filled: Interview) -> Interview:
        asked = next((each for each in filling.questions(filled, "zh") if each.type == "image"), None)
        return filling.answer(filled, asked.path, self.photo) if asked else filled

    def _asks(self, shown: Shown) -> bool:
        return not shown.readonly and shown.type in ("text", "integer", "decimal", "date", "select_one")

    def _value(self, filled: Interview, shown: Shown) -> str:
        if _leaf(shown.path) in AGAIN:  # the same once more, as it stands above
            beside = shown.path.rpartition("/")[0] + f"/{AGAIN[_leaf(shown.path)]}"
            return next(each.value for each in filling.questions(filled, "zh") if each.path == beside)
        if shown.type == "select_one":
            return self.rng.choice([each.value for each in shown.choices if each.value != "burned"] or [""])
        if shown.type == "date":
            return (filled.context.today - timedelta(self.rng.choice((0, 0, 3, 40)))).isoformat()
        if shown.type in ("integer", "decimal"):
            return self.rng.choice(
                ("2", "3", "40") if _leaf(shown.path) != "demolition_year" else ("", "2031")
            )
        return self.rng.choice(TEXTS.get(_leaf(shown.path), ("",)))

    def _save(self, draft: Draft, filled: Interview) -> None:
        self.tablet.replica.save_draft(replace(draft, answers=filling.draft(filled), position="0"))

    def _hand_in(self, draft: Draft, form: Form, answers: Answers) -> str:
        """Submit; a tablet that dies in the middle has the draft still, or the record already."""
        changes = entity_changes(form, answers)

        def submit() -> Submission:
            return self.tablet.replica.submit(draft.id, answers, changes, self.tablet.clock())

        try:
            with self.tablet.befallen(self.fault, self.fate):
                made = submit()
            return self._noted(made)
        except (Died, ReplicaProblem):
            what = self.fault.replace("_", " ")
            if self.tablet.replica.draft(draft.id) is None:
                return f"{what}; {self._noted(self._kept())}"
            if self.rng.random() > SAVES_AGAIN:
                return what
            return f"{what}; again: {self._noted(submit())}"

    def _kept(self) -> Submission:
        """The record that was on disk before its save had returned."""
        waiting = (record.submission for record in self.tablet.replica.outbox())
        return next(each for each in waiting if each.id not in self.tablet.saved)

    def _noted(self, made: Submission) -> str:
        """The save has returned: from now on the record must never be lost."""
        self.tablet.submitted(made)
        return f"submission {made.id[:8]}"

    # --- where and with what ---

    def _home(self, village: str) -> Home:
        return self.rng.choice(self.homes.get(village, (NO_HOME,)))

    def _village(self) -> str | None:
        codes = [row.code for row in self.tablet.replica.villages() if row.assigned]
        return self.rng.choice(codes) if codes else None

    def _household(self) -> HouseholdRow | None:
        """Mostly one of the first: where several people go is where it gets difficult."""
        rows = self.tablet.replica.households(None)
        few = rows[:1] if not self.homes else rows[:3]
        few = few if self.rng.random() < SAME_DOOR else rows
        return self.rng.choice(few) if few else None

    def _draft(self, draft_id: str) -> Draft:
        draft = self.tablet.replica.draft(draft_id)
        assert draft is not None, "a draft that was just begun"
        return draft

    def _form(self, draft: Draft) -> Form:
        form = self.tablet.desk.form(draft.form, draft.form_version)
        assert form is not None, "a form of the stage"
        return form


def _leaf(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _spoilt(filled: Interview, spoil: str) -> Answers:
    if not spoil:
        return filling.answers(filled)
    path = next(path for path in filled.form.nodes if _leaf(path) == spoil)
    return filling.answers(filling.answer(filled, path, WRONG[spoil]))


Action = Callable[[Surveyor], "str | None"]
ACTIONS: Final[Mapping[SizeName, Sequence[tuple[Action, int]]]] = {
    "small": (
        (Surveyor.register, 8),
        (Surveyor.edit, 60),
        (Surveyor.convert, 8),
        (Surveyor.payee, 8),
        (Surveyor.correct, 14),
        (Surveyor.take_up, 6),
        (Surveyor.blunder, 3),
    ),
    "large": (
        (Surveyor.register, 14),
        (Surveyor.edit, 22),
        (Surveyor.convert, 10),
        (Surveyor.visit, 8),
        (Surveyor.payee, 9),
        (Surveyor.sighting, 5),
        (Surveyor.correct, 12),
        (Surveyor.take_up, 5),
        (Surveyor.blunder, 4),
    ),
}


def photograph(surveyor: Surveyor, size: SizeName) -> str | None:
    """Record something that has room for a photo; None: there is no home to record it of."""
    return surveyor.sighting() if size == "large" and surveyor.rng.random() < 0.3 else surveyor.convert()


def act(surveyor: Surveyor, size: SizeName) -> str | None:
    """One thing a surveyor does; who finds nothing to do registers a household. None: has no village."""
    actions = ACTIONS[size]
    action = surveyor.rng.choices([each for each, _ in actions], [weight for _, weight in actions])[0]
    return action(surveyor) or surveyor.register()
