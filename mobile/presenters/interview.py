"""An interview on screen: one group of questions a page, a draft saved at every answer, a look over it at the end.

A fault never stops the surveyor from turning the page: it is said beside the question once that question has been
settled, and again before submitting, with a way straight back to it. Leaving is always safe.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mobile.presenters import drafting, places
from mobile.presenters.desk import CHINA, Desk
from mobile.presenters.differences import Disputed, disputed, question_of
from mobile.presenters.photos import Shot
from mobile.presenters.problems import explain
from mobile.presenters.review import Page, Review, pages, review
from mobile.presenters.twins import Twin, home_of, twins
from survey_forms import interview as filling
from survey_forms.answers import entity_changes
from survey_forms.form import Form
from survey_forms.interview import Interview, Shown
from survey_forms.likeness import Home
from sync.album import Album
from sync.replica import ReplicaProblem
from sync.replica_rows import Draft
from sync.replica_rows import Shown as Registered

REVIEW = "review"
UNTOUCHED = "?"  # before the number of a page: opened there, and nothing has been said yet


@dataclass(frozen=True)
class Asked:
    """A question as it stands on the page; `fault` only once the surveyor has had a chance to answer. `disputed`
    where people differ on it. `told`: of a place, in words, what its numbers come to."""

    shown: Shown
    fault: str
    disputed: Disputed | None = None
    told: str = ""


@dataclass(frozen=True)
class InterviewState:
    """`page_n` counts from 1. `review` is set on the last look; `submitted` once the record is in the outbox.
    `twins`: households on this tablet that may be the one being registered; `opened`: the one gone to instead.
    `behind`: in words, that something is to be mended on the page just turned."""

    title: str
    subject: str
    page_title: str
    page_n: int
    pages_n: int
    asked: tuple[Asked, ...]
    review: Review | None
    saved: str
    problem: str
    submitted: str | None = None
    discarded: bool = False
    twins: tuple[Twin, ...] = ()
    opened: str | None = None
    behind: str = ""

    @property
    def progress(self) -> float:
        """Pages behind the surveyor, 0 to 1."""
        return 1.0 if self.review else (self.page_n - 1) / max(self.pages_n, 1)


class InterviewPresenter:
    """Intents: answer, turn pages, go to a question, add and remove repeats, look over, submit, discard; where
    another household may be this one, say that it is not, or open that one instead."""

    def __init__(self, desk: Desk, draft_id: str, changed: Callable[[InterviewState], None]) -> None:
        self._desk = desk
        self._changed = changed
        self._draft = _draft(desk, draft_id)
        self._form = _form(desk, self._draft)
        context = drafting.context(desk, self._draft)
        # A draft that was opened before, or a correction, keeps its gaps; a new one gets the form's defaults.
        opened = bool(self._draft.position) and not self._draft.position.startswith(UNTOUCHED)
        resumed = opened or self._draft.corrects is not None
        self._interview = filling.begin(self._form, context, self._draft.answers, resumed=resumed)
        # What it begins with, where nobody can have answered anything before: a draft once opened has a position.
        self._begun = None if opened else filling.draft(self._interview)
        self._disputed = disputed(desk, self._form, self._draft)
        self._page, self._reviewing = _position(self._draft.position)
        self._settled: frozenset[str] = frozenset()
        self._behind: frozenset[str] = frozenset()
        self._problem = ""
        self._home: Home | None = None
        self._twins: tuple[Twin, ...] = ()
        self._others: frozenset[str] = frozenset()
        self._look_for_twins()
        self.state = self._state()

    def answer(self, path: str, value: str | None, *, settled: bool = True) -> None:
        """Take an answer and save the draft. `settled` is false while the surveyor is still typing."""
        if settled:
            self._settled |= {path}
        self._take(filling.answer(self._interview, path, value or None), settled=settled)

    def photo(self, path: str, shot: Shot) -> None:
        """Keep a photo, durably, and answer with its name. One that cannot be kept is no answer: the words say why."""
        try:
            row = Album(self._desk.replica).keep(shot.content, shot.small)
        except ReplicaProblem as problem:
            self._fail(problem)
            return
        self.answer(path, row.name)

    def add(self, path: str) -> None:
        """One more item of a repeat."""
        self._take(filling.add_repeat(self._interview, path))

    def remove(self, path: str, index: int) -> None:
        """Take an item of a repeat away (index as the question shows it, from 1)."""
        self._take(filling.remove_repeat(self._interview, path, index))

    def next(self) -> None:
        """The next page, after the last one the look over everything."""
        found = self._pages()
        left = frozenset(shown.path for shown in _at(found, self._page).questions)
        self._settled |= left
        self._move(self._page + 1, reviewing=self._page + 1 >= len(found), behind=left)

    def previous(self) -> None:
        """Back a page."""
        last = len(self._pages()) - 1
        self._move(last if self._reviewing else max(self._page - 1, 0), reviewing=False)

    def look_over(self) -> None:
        """Straight to the look over everything."""
        self._move(len(self._pages()) - 1, reviewing=True)

    def go_to(self, path: str) -> None:
        """The page a question is on."""
        for number, page in enumerate(self._pages()):
            if _asks(page, path):
                self._settled |= {path}
                self._move(number, reviewing=False)

    def decide(self, conflict: str) -> None:
        """The page of the question that a difference is about, where this form asks it."""
        path = question_of(self._desk, self._form, self._draft, conflict)
        page = next((number for number, page in enumerate(self._pages()) if _asks(page, path)), None)
        if page is None:
            return
        if self._begun is None:
            self._move(page, reviewing=False)
        else:
            self._desk.replica.save_draft(replace(self._draft, position=f"{UNTOUCHED}{page}"))

    def submit(self) -> None:
        """Hand the draft to the outbox, unless something on it is wrong."""
        if filling.faults(self._interview, self._desk.language):
            self._move(self._page, reviewing=True)
            return
        answers = filling.answers(self._interview)
        changes = entity_changes(self._form, answers)
        observed_at = self._desk.clock()
        try:
            submission = self._desk.replica.submit(self._draft.id, answers, changes, observed_at)
        except ReplicaProblem as problem:
            self._fail(problem)
            return
        self._show(replace(self.state, submitted=submission.id, problem=""))

    def discard(self) -> None:
        """Throw the draft away."""
        if self._thrown_away():
            self._show(replace(self.state, discarded=True, problem=""))

    def put_away(self) -> None:
        """Leave. An interview in which every answer is what it began with holds nothing of the surveyor's and is not
        kept; any other waits as a draft."""
        over = self.state.submitted or self.state.discarded or self.state.opened
        if over or self._begun is None or filling.draft(self._interview) != self._begun:
            return
        if not drafting.discard(self._desk, self._draft.id):  # else it stays, as every draft does
            self.state = replace(self.state, discarded=True)  # nobody is looking any more

    def another(self, household: str) -> None:
        """That household is not this one: it is not asked about again while this interview is open."""
        self._others |= {household}
        self._show(self._state())

    def open_instead(self, household: str, *, keep: bool) -> None:
        """Leave for the household that is here already; the draft is kept, or knowingly thrown away."""
        if keep or self._thrown_away():
            self._show(replace(self.state, opened=household, discarded=not keep, problem=""))

    def _thrown_away(self) -> bool:
        if problem := drafting.discard(self._desk, self._draft.id):
            self._problem = problem
            self._show(self._state())
        return not problem

    def _take(self, interview: Interview, *, settled: bool = True) -> None:
        self._interview = interview
        if settled:
            self._look_for_twins()
        self._save()

    def mend(self) -> None:
        """Back to the first question to be mended on the page just turned."""
        faults = filling.faults(self._interview, self._desk.language)
        if path := next((fault.path for fault in faults if fault.path in self._behind), None):
            self.go_to(path)

    def _move(self, page: int, *, reviewing: bool, behind: frozenset[str] = frozenset()) -> None:
        self._page, self._reviewing, self._behind = page, reviewing, behind
        self._look_for_twins()
        self._save()

    def _look_for_twins(self) -> None:
        """Asked anew only where what is compared has changed."""
        changes = entity_changes(self._form, filling.answers(self._interview))
        home = home_of(self._desk, self._draft, changes)
        if home != self._home:
            self._home, self._twins = home, twins(self._desk, home) if home else ()

    def _save(self) -> None:
        if (
            self.state.submitted or self.state.discarded or self.state.opened
        ):  # a late word from a field must not bring the draft back
            return
        self._draft = replace(
            self._draft,
            answers=filling.draft(self._interview),
            position=REVIEW if self._reviewing else str(self._page),
        )
        try:
            self._draft = self._desk.replica.save_draft(self._draft)
            self._problem = ""
        except ReplicaProblem as problem:
            self._problem = explain(self._desk.say, problem)
        self._show(self._state())

    def _fail(self, problem: ReplicaProblem) -> None:
        self._problem = explain(self._desk.say, problem)
        self._show(self._state())

    def _show(self, state: InterviewState) -> None:
        self.state = state
        self._changed(state)

    def _pages(self) -> tuple[Page, ...]:
        questions = filling.questions(self._interview, self._desk.language)
        return pages(questions, self._desk.say("interview.more"), drafting.title(self._desk, self._draft))

    def _state(self) -> InterviewState:
        found, say = self._pages(), self._desk.say
        self._page = min(self._page, len(found) - 1)
        page = _at(found, self._page)
        faults = filling.faults(self._interview, self._desk.language)
        told = {fault.path: fault.message for fault in faults if fault.path in self._settled}
        behind_n = 0 if self._reviewing else sum(fault.path in self._behind for fault in faults)
        saved = f"{self._desk.clock().astimezone(CHINA):%H:%M:%S}"
        return InterviewState(
            title=drafting.title(self._desk, self._draft),
            subject=self._subject(),
            page_title=say("review.title") if self._reviewing else page.title,
            page_n=self._page + 1,
            pages_n=len(found),
            asked=tuple(
                Asked(shown, told.get(shown.path, ""), self._disputed.get(shown.path), self._place(shown))
                for shown in page.questions
            ),
            review=review(found, faults, say, self._disputed) if self._reviewing else None,
            saved="" if self._problem else say("interview.saved", time=saved),
            problem=self._problem,
            behind=say("interview.behind", n=behind_n) if behind_n else "",
            twins=tuple(each for each in self._twins if each.household not in self._others),
        )

    def _place(self, shown: Shown) -> str:
        if shown.type != "geopoint" or not shown.value:
            return ""
        home = self._registered()
        return places.told(self._desk.say, shown.value, home.props.get("location", "") if home else "")

    def _registered(self) -> Registered | None:
        """The home this is about, as the tablet shows it."""
        id = self._draft.household_id
        return self._desk.replica.entity("household", id) if id else None

    def _subject(self) -> str:
        """Whose house this is: the name on file, or the one being written."""
        known = self._registered()
        name = known.props.get("head_name", "") if known else ""
        return " · ".join(part for part in (name, self._desk.village(self._draft.village)) if part)


def _draft(desk: Desk, draft_id: str) -> Draft:
    draft = desk.replica.draft(draft_id)
    if draft is None:
        raise LookupError(desk.say("record.missing"))
    return draft


def _form(desk: Desk, draft: Draft) -> Form:
    form = desk.form(draft.form, draft.form_version)
    if form is None:
        raise LookupError(desk.say("interview.missing_form"))
    return form


def _position(position: str) -> tuple[int, bool]:
    """A stored position; page numbers beyond the form's pages are pulled in when shown."""
    if position == REVIEW:
        return 10_000, True
    number = position.removeprefix(UNTOUCHED)
    return (int(number) if number.isdigit() else 0), False


def _asks(page: Page, path: str | None) -> bool:
    return any(shown.path == path for shown in page.questions)


def _at(found: tuple[Page, ...], number: int) -> Page:
    return found[max(0, min(number, len(found) - 1))] if found else Page("", ())
