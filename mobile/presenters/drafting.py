"""Beginning an interview: which entities it is about, and what is known already.

Ids are made here, on the tablet, before anything is asked; a draft of the same kind for the same household is
continued, never doubled.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from mobile.presenters.desk import CHINA, Desk, past_season
from mobile.presenters.problems import explain
from survey_forms import interview as filling
from survey_forms.answers import prefill
from survey_forms.interview import Context
from survey_forms.properties import MASKED, SECRET
from sync.codec import derived_id
from sync.replica import ReplicaProblem
from sync.replica_rows import Draft, Shown


def start_household(desk: Desk, village: str) -> str:
    """A household the register does not know yet; the draft's id."""
    household = desk.new_id()
    targets = {"household": household, "coal_use": desk.new_id()}
    return _save(desk, "household", village, household, targets, {})


def start_update(desk: Desk, village: str, household: str) -> str:
    """Correct what is registered about a household; what is known is filled in. Of last winter's coal, if it is
    registered, the form gets the answer that it wishes where nothing has changed."""
    coal = _coal_use(desk, household)
    known = _known(desk, household, coal)
    targets = {"household": household, "coal_use": coal or desk.new_id()}
    said = {"coal": {"coal_answer": "unknown"}} if coal else {}
    return _continued(desk, "household", household) or _save(
        desk, "household", village, household, targets, known, said
    )


def start_conversion(desk: Desk, village: str, household: str) -> str:
    """A conversion of a household: always a new one, and a new dated look at its coal stock."""
    targets = {"conversion": desk.new_id(), "household": household, "coal_use": desk.new_id()}
    registered = {shown.id for shown in desk.replica.related("conversion", household)}
    for draft in desk.replica.drafts():
        new = draft.form == "conversion" and draft.target_ids.get("conversion") not in registered
        if new and draft.household_id == household and draft.corrects is None:
            return draft.id
    return _save(desk, "conversion", village, household, targets, {})


def start_progress(desk: Desk, village: str, household: str, conversion: str) -> str:
    """A conversion that has advanced (installed, connected, in use): the same form again, what is known filled in."""
    shown = desk.replica.entity("conversion", conversion)
    known = {"conversion": shown} if shown else {}
    targets = {"conversion": conversion, "household": household, "coal_use": desk.new_id()}
    begun = (draft.id for draft in desk.replica.drafts() if draft.target_ids.get("conversion") == conversion)
    return next(begun, None) or _save(desk, "conversion", village, household, targets, known)


def start_visit(desk: Desk, village: str, household: str) -> str:
    """What came of a visit: each is a new statement, so nothing is filled in."""
    targets = {"household": household}
    return _continued(desk, "visit", household) or _save(desk, "visit", village, household, targets, {})


def start_visit_unregistered(desk: Desk, village: str) -> str:
    """What came of a visit at a door that is not in the register: the form asks for the door. One in which nothing
    has been said yet is continued."""
    for draft in desk.replica.drafts(village):
        known = draft.household_id and desk.replica.entity("household", draft.household_id)
        if draft.form == "visit" and not draft.answers and draft.corrects is None and not known:
            return draft.id
    household = desk.new_id()
    return _save(desk, "visit", village, household, {"household": household}, {})


def start_payee(desk: Desk, village: str, household: str) -> str:
    """Whose account the household's money goes to. There is one for each household, so its id follows from the
    household's; of what is known everything is filled in but the account."""
    payee = derived_id("payee", household)
    shown = desk.replica.entity("payee", payee)
    known = {"payee": shown} if shown else {}
    targets = {"payee": payee, "household": household}
    return _continued(desk, "payee", household) or _save(desk, "payee", village, household, targets, known)


def start_sighting(desk: Desk, village: str, household: str | None = None) -> str:
    """Coal seen at a household, or without one at a place in the village. Only a draft in which nothing has been said
    is continued: two sightings are two."""
    for draft in desk.replica.drafts(village):
        blank = draft.form == "sighting" and not draft.answers and draft.corrects is None
        if blank and draft.household_id == household:
            return draft.id
    targets = {"sighting": desk.new_id()} | ({"household": household} if household else {})
    return _save(desk, "sighting", village, household, targets, {})


def discard(desk: Desk, draft: str) -> str:
    """Throw a draft away; in words why it could not be done, empty once it is."""
    try:
        desk.replica.discard_draft(draft)
    except ReplicaProblem as problem:
        return explain(desk.say, problem)
    return ""


def title(desk: Desk, draft: Draft) -> str:
    """What is being filled in: the form's title, or what the surveyor set out to do with it."""
    form = desk.form(draft.form, draft.form_version)
    name = (form.title.get(desk.language) or form.id) if form else draft.form
    if draft.corrects:
        return f"{desk.say('interview.correcting')} · {name}"
    if draft.form != "household":
        return name
    known = draft.household_id and desk.replica.entity("household", draft.household_id)
    return desk.say("household.correct") if known else desk.say("interview.new")


def context(desk: Desk, draft: Draft) -> Context:
    """What the form is told instead of asking: who, where, and which entities."""
    around = desk.replica.around(draft.village, draft.household_id)
    identity, village = around.identity, around.village
    given = dict(around.household.props) if around.household else {}
    if draft.corrects:
        # What the form writes back stays as the record had it: the view already shows what that record made of it.
        given = {name: value for name, value in given.items() if name not in _written(desk, draft)}
    given |= {f"{dataset}_id": entity for dataset, entity in draft.target_ids.items()}
    given |= {
        "county": identity.county if identity else "",
        "person": identity.person if identity else "",
        "person_name": identity.person_name if identity else "",
        "village": draft.village,
        "village_name": village.name if village else "",
        "township_name": village.township_name if village else "",
    }
    now = desk.clock().astimezone(CHINA)
    return Context(today=now.date(), now=now, given={key: value for key, value in given.items() if value})


def forget_masked(desk: Desk, draft: Draft) -> None:
    """Take what is masked out of a draft that begins from a record: an account number, once submitted, is never shown
    whole again, so whoever corrects the record types it anew."""
    form = desk.form(draft.form, draft.form_version)
    if form is None:
        return
    filled = filling.begin(form, context(desk, draft), draft.answers, resumed=True)
    secret = [
        row.path for row in filling.questions(filled, desk.language) if MASKED in row.appearance.split()
    ]
    for path in secret:
        filled = filling.answer(filled, path, None)
    if secret:
        desk.replica.save_draft(replace(draft, answers=filling.draft(filled)))


def _written(desk: Desk, draft: Draft) -> set[str]:
    """The properties of a household that the draft's form saves."""
    form = desk.form(draft.form, draft.form_version)
    saving = (each for each in form.entities if each.dataset == "household") if form else ()
    return {name for each in saving for name in each.properties}


def _continued(desk: Desk, form: str, household: str) -> str | None:
    """A draft of this form for this household, already begun."""
    same = (draft for draft in desk.replica.drafts() if draft.form == form and draft.corrects is None)
    return next((draft.id for draft in same if draft.household_id == household), None)


def _coal_use(desk: Desk, household: str) -> str | None:
    """Last winter's coal record of the household, which a second look updates rather than doubles.

    A conversion's dated look at the stock may bear the same season; it has no tonnage and is left alone.
    """
    winter = past_season(desk.today())
    for shown in desk.replica.related("coal_use", household):
        if shown.props.get("season") == winter and "coal_t" in shown.props:
            return shown.id
    return None


def _known(desk: Desk, household: str, coal: str | None) -> dict[str, Shown]:
    found = {"household": desk.replica.entity("household", household)}
    if coal:
        found["coal_use"] = desk.replica.entity("coal_use", coal)
    return {dataset: shown for dataset, shown in found.items() if shown is not None}


def _lasting(shown: Shown, today: date) -> dict[str, str]:
    """What is still true today. An account number is typed anew by whoever records it."""
    left = {"on_day"} | SECRET.get(shown.dataset, frozenset())
    if not _still_that_visit(shown, today):
        left |= {"visited_on"}
    return {name: value for name, value in shown.props.items() if name not in left}


def _still_that_visit(shown: Shown, today: date) -> bool:
    """Whether correcting a home goes on from the visit at which it was registered, whose date then stays: somebody was
    let in, and on either day the form asks of the same winter's coal. Else it is a visit of its own."""
    try:
        visited_on = date.fromisoformat(shown.props.get("visited_on", ""))
    except ValueError:
        return False
    let_in = shown.props.get("visit_outcome", "") in ("", "surveyed", "not_heated")
    return let_in and past_season(visited_on) == past_season(today)


def _save(
    desk: Desk,
    form_id: str,
    village: str,
    household: str | None,
    targets: Mapping[str, str],
    known: Mapping[str, Shown],
    said: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """``said``: group → question → answer, beside what is known."""
    form = desk.form(form_id)
    if form is None:
        raise LookupError(desk.say("interview.missing_form"))
    answers = prefill(form, {dataset: _lasting(shown, desk.today()) for dataset, shown in known.items()})
    for group, given in said.items():
        answers[group] = {**answers.get(group, {}), **given}
    draft = Draft(
        id=desk.new_id(),
        form=form.id,
        form_version=form.version,
        village=village,
        household_id=household,
        target_ids=dict(targets),
        answers=answers,
    )
    desk.replica.save_draft(draft)
    return draft.id
