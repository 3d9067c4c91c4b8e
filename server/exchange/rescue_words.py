"""What a rescue file holds, in the words people read: which home each record is about, and a draft's answers.

Apart from `rescue_file`, which opens it, because the words are the register's and the forms'. A draft never goes into
the register, so what stands here is all that anybody will see of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from server.exchange import views, wording
from server.exchange.forms import ReleasedForm
from server.exchange.rescue_file import Contents, Draft
from server.exchange.store import Exchange
from server.exchange.wording import Answer
from survey_forms import interview
from survey_forms.interview import Interview
from sync.codec import to_instant
from sync.messages import Submission

Props = Mapping[str, str]


@dataclass(frozen=True)
class Begun:
    """A draft. `home`: door and name, empty where it says neither yet; `household`: its id where the register has it.

    `answers` None: the server does not have the form's version; `raw` is what was typed, masked.
    """

    draft: Draft
    village: str
    home: str
    household: str
    answers: list[Answer] | None
    raw: str


@dataclass(frozen=True)
class Words:
    """`homes`: submission id → door and name of the home it is about, empty where nobody knows them."""

    homes: Mapping[str, str]
    drafts: tuple[Begun, ...]


def words(session: Session, exchange: Exchange, contents: Contents, lang: str) -> Words:
    """Homes go by what the register calls them; one it does not have, by what the file's own records call it."""
    about = {each.id: _home(each) for each in contents.submissions}
    wanted = {*about.values(), *(draft.household for draft in contents.drafts)} - {""}
    held = views.households(session, contents.county, wanted)
    known: dict[str, Props] = {id: home.values() for id, home in held.items()}
    for each in contents.submissions:
        if about[each.id] not in held:
            known[about[each.id]] = {**known.get(about[each.id], {}), **_recorded(exchange, each)}
    places = exchange.places.villages(session, contents.county, {draft.village for draft in contents.drafts})
    villages = {**contents.villages, **{place.code: place.name for place in places}}
    return Words(
        {id: views.called(known.get(home, {})) for id, home in about.items()},
        tuple(
            _begun(exchange, contents, draft, villages, known.get(draft.household, {}), draft.household in held, lang)
            for draft in contents.drafts
        ),
    )  # fmt: skip


def told(answers: list[Answer], between: str = "；") -> str:
    """What was answered on one line; what was left empty is passed over."""
    return between.join(f"{each.label}：{each.value}" for each in answers if each.value)


def _home(submission: Submission) -> str:
    named = ((target.dataset, target.id) for target in submission.targets)
    return views.home_named(named, submission.answers)


def _recorded(exchange: Exchange, submission: Submission) -> Props:
    released = exchange.forms.by_key.get((submission.form, submission.form_version))
    if released is None:
        return {}
    context = released.context(to_instant(submission.observed_at), {})
    return _saved(released, interview.begin(released.form, context, submission.answers, resumed=True))


def _saved(released: ReleasedForm, filled: Interview) -> Props:
    return released.changes(interview.answers(filled)).get("household", {})


def _begun(
    exchange: Exchange, contents: Contents, draft: Draft, villages: Mapping[str, str], home: Props,
    registered: bool, lang: str,
) -> Begun:  # fmt: skip
    village = villages.get(draft.village, draft.village)
    household = draft.household if registered else ""
    released = exchange.forms.by_key.get((draft.form, draft.form_version))
    raw = exchange.wordings.raw(json.dumps(draft.answers, ensure_ascii=False, sort_keys=True))
    if released is None:
        return Begun(draft, village, views.called(home), household, None, raw)
    given = {**home, "household_id": draft.household, "village": draft.village, "village_name": village}
    context = released.context(draft.updated_at or contents.made_at, given)
    filled = interview.begin(released.form, context, draft.answers, resumed=True)
    called = views.called(home) or views.called(_saved(released, filled))
    return Begun(draft, village, called, household, wording.told(filled, lang), raw)
