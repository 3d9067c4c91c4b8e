"""One record as it was made, with what the hub said of it: reason, faults, and base / mine / theirs field by field."""

from dataclasses import dataclass

from mobile.presenters import drafting
from mobile.presenters.desk import Desk
from mobile.presenters.differences import Difference
from mobile.presenters.outbox import begin_correction, form_name, record_line
from mobile.presenters.photos import PhotoTold, of_record
from mobile.presenters.review import in_words, pages
from mobile.presenters.states import Chip
from mobile.presenters.vocabulary import Vocabulary
from survey_forms import interview as filling
from sync.messages import FieldOutcome, Verdict
from sync.replica_rows import Draft, Record


@dataclass(frozen=True)
class Fact:
    """A label and its value."""

    label: str
    value: str


@dataclass(frozen=True)
class RecordState:
    """`answers` pairs a page title with its facts."""

    title: str
    detail: str
    chip: Chip
    explain: str
    notes: tuple[str, ...]
    differences: tuple[Difference, ...]
    answers: tuple[tuple[str, tuple[Fact, ...]], ...]
    photos: tuple[PhotoTold, ...] = ()


class RecordPresenter:
    """Intent: correct."""

    def __init__(self, desk: Desk, submission: str) -> None:
        self._desk = desk
        self._submission = submission

    def correct(self) -> str:
        """Begin a correction; the draft's id."""
        return begin_correction(self._desk, self._submission)

    def state(self) -> RecordState:
        """As of now. A record that is not here is our mistake: LookupError."""
        record = self._desk.replica.record(self._submission)
        if record is None:
            raise LookupError(self._desk.say("record.missing"))
        line = record_line(self._desk, record)
        return RecordState(
            title=line.title,
            detail=line.detail,
            chip=line.chip,
            explain=line.explain,
            notes=self._notes(record),
            differences=self._differences(record.verdict),
            answers=self._answers(record),
            photos=tuple(told for _, told in of_record(self._desk, self._submission)),
        )

    def _notes(self, record: Record) -> tuple[str, ...]:
        say, notes = self._desk.say, []
        if record.submission.corrects:
            notes.append(say("record.corrects"))
        if record.verdict:
            notes += [message for _, message in record.verdict.faults]
            notes += [say(f"mark.{mark}") for mark in record.verdict.marks if mark == "after_handover"]
        return tuple(notes)

    def _differences(self, verdict: Verdict | None) -> tuple[Difference, ...]:
        if verdict is None:
            return ()
        words = Vocabulary(self._desk)
        return tuple(
            self._difference(words, field, verdict.submission)
            for field in verdict.fields
            if field.outcome == "conflict"
        )

    def _difference(self, words: Vocabulary, field: FieldOutcome, submission: str) -> Difference:
        say, dataset, prop = self._desk.say, field.dataset, field.property

        def value(raw: str | None) -> str:
            return words.told(dataset, prop, raw)

        return Difference(
            label=words.label(dataset, prop),
            base=value(field.base),
            mine=value(field.mine),
            theirs=value(field.theirs),
            by=say(
                "conflict.theirs_by",
                person=self._desk.person(field.theirs_by),
                when=self._desk.moment(field.theirs_at),
            ),
            submission=submission,
            dataset=dataset,
            entity=field.id,
        )

    def _answers(self, record: Record) -> tuple[tuple[str, tuple[Fact, ...]], ...]:
        """The answers under the labels of the form version they were given to."""
        desk, submission = self._desk, record.submission
        form = desk.form(submission.form, submission.form_version)
        if form is None:
            return ()
        ids = {target.dataset: target.id for target in submission.targets}
        draft = Draft(
            id="",
            form=submission.form,
            form_version=submission.form_version,
            village=submission.village,
            household_id=ids.get("household"),
            target_ids=ids,
            # Hidden fields stay as the record had them, which is what a correction of it asks for.
            corrects=submission.id,
        )
        filled = filling.begin(form, drafting.context(desk, draft), submission.answers, resumed=True)
        questions, title = filling.questions(filled, desk.language), form_name(desk, form.id)
        found = pages(questions, desk.say("interview.more"), title)
        listed = (
            (
                page.title,
                tuple(Fact(q.label, in_words(q, desk.say, sent=True)) for q in page.questions if q.value),
            )
            for page in found
        )
        return tuple((title, facts) for title, facts in listed if facts)
