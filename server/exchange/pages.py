"""The journal and its disagreements, for the office: every number of the register leads here in the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from server.access import rules
from server.access import views as access
from server.access.holders import tablet_names
from server.access.places import Place
from server.access.session import county_of, holding, require
from server.access.tables import SHORT_CHARS, Person
from server.database import read
from server.exchange import views, wording
from server.exchange.current import exchange_now
from server.exchange.forms import ReleasedForm
from server.exchange.photo_pages import gallery
from server.exchange.store import Exchange
from server.exchange.views import SubmissionFilter
from server.exchange.wording import DATASETS, MARKS, OFFICE_FORMS, OUTCOMES, Wordings
from server.web import (
    N_,
    NavItem,
    SheetColumn,
    download,
    labelled,
    page_number,
    problem,
    render,
    request_language,
    translate,
    with_query,
)
from server.web.figures import moment
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE
from sync.codec import to_instant
from sync.messages import VILLAGE, Submission
from sync.office import PERSON

NAVIGATION: Final = (NavItem("/submissions", N_("记录"), "submission.view"),)
Reader = Annotated[Person, Depends(holding("submission.view"))]

# The property by which what belongs to a home names it.
HOME: Final = "household"

router = APIRouter(include_in_schema=False)


def exchange_of(request: Request) -> Exchange:
    return exchange_now(request.app.state)


@dataclass(frozen=True)
class Names:
    """What codes and ids in a list are called; those without a name go under themselves."""

    villages: Mapping[str, Place]
    people: Mapping[str, str]
    forms: Mapping[str, str]
    households: Mapping[str, str]
    tablets: Mapping[str, str]

    def tablet(self, device: str) -> str:
        return self.tablets.get(device, device[:SHORT_CHARS])

    def household(self, identity: str) -> str:
        return self.households.get(identity, "")

    def village(self, code: str) -> str:
        place = self.villages.get(code)
        return f"{place.township_name} {place.name}" if place else code

    def person(self, identity: str) -> str:
        return self.people.get(identity, identity)

    def form(self, identity: str) -> str:
        return self.forms.get(identity, identity)


def names_of(
    request: Request,
    session: Session,
    people: set[str],
    villages: set[str] | None,
    households: Collection[str] | None = (),
) -> Names:
    """Names of these people, villages and households (None = all of the county)."""
    exchange = exchange_of(request)
    places = exchange.places.villages(session, county_of(request), villages)
    lang = request_language(request)
    return Names(
        {place.code: place for place in places},
        access.names(session, people) | {PERSON: translate(lang, N_("办公室"))},
        exchange.forms.titles(lang) | {name: translate(lang, said) for name, said in OFFICE_FORMS.items()},
        views.labels(session, county_of(request), households),
        tablet_names(session, county_of(request)),
    )


def townships(request: Request, session: Session, person: Person, verb: str) -> list[tuple[str, str]]:
    """(area, name) to choose from: the county, then its townships by code, as far as the person may see."""
    exchange, county = exchange_of(request), county_of(request)
    places = exchange.places.villages(session, county)
    townships = {place.township: place.township_name for place in places}
    known = [(county, exchange.places.county_name(session, county)), *sorted(townships.items())]
    # Somebody who answers for single villages chooses among these.
    own = [area for area in rules.areas_of(person, verb, county) if len(area) == 12]
    known += [(place.code, place.name) for place in places if place.code in own]
    return [(area, name) for area, name in known if rules.may(person, verb, area)]


def area_asked(request: Request, person: Person, verb: str) -> str:
    """The area asked for; the person's own where none is. Raises Refused."""
    county = county_of(request)
    asked = request.query_params.get("area", "")
    area = asked if asked.isascii() and asked.isdigit() and asked.startswith(county) else ""
    area = area or rules.areas_of(person, verb, county)[0]
    require(person, verb, area)
    return area


# --- the journal -------------------------------------------------------------------------------------------------


def _wanted(request: Request, person: Person) -> SubmissionFilter:
    county, query = county_of(request), request.query_params
    area = area_asked(request, person, "submission.view")
    return SubmissionFilter(
        county=county,
        outcome=query.get("outcome", "") if query.get("outcome", "") in OUTCOMES else "",
        # Those that could not be read have no village; only without an area can they be seen.
        area="" if area == county else area,
        form=query.get("form", "")[:64],
        device=query.get("device", "")[:64],
    )


@router.get("/submissions")
def submissions(request: Request, person: Reader) -> Response:
    """Filtered by verdict, area, form and tablet."""
    wanted = _wanted(request, person)
    with read(request.app.state.engine) as session:
        page = views.page(session, wanted, page_number(request), ROWS_PER_PAGE)
        names = names_of(
            request,
            session,
            {line.person for line in page.rows},
            {line.village for line in page.rows},
            {line.household for line in page.rows},
        )
        areas = townships(request, session, person, "submission.view")
    return render(
        request,
        "exchange/submissions.html",
        page=page,
        wanted=wanted,
        names=names,
        areas=areas,
        area_name=dict(areas).get(wanted.area, ""),
        outcomes=OUTCOMES,
        marks=MARKS,
        export=with_query(f"/submissions.xlsx?{request.url.query}", page=None),
    )


@router.get("/submissions.xlsx")
def submissions_sheet(request: Request, person: Reader) -> Response:
    wanted, lang = _wanted(request, person), request_language(request)
    with read(request.app.state.engine) as session:
        people = {each.id: each.name for each in access.everybody(session)}
        names = names_of(request, session, set(), None, None)
        names = replace(names, people={**names.people, **people})
        area = exchange_of(request).places.area_name(session, wanted.area) if wanted.area else ""
        return download(
            request, _columns(lang, names), views.every(session, wanted), title=N_("记录清单"),
            of=area, held_to=_held_to(wanted, names, lang),
        )  # fmt: skip


def _held_to(wanted: SubmissionFilter, names: Names, lang: Language) -> list[str]:
    """The filters in force, in words; the area stands in the title."""
    given = {
        N_("处理结果"): translate(lang, OUTCOMES.get(wanted.outcome, "")),
        N_("表单"): names.form(wanted.form),
        N_("平板"): names.tablet(wanted.device) if wanted.device else "",
    }
    return [labelled(lang, title, value) for title, value in given.items() if value]


def _columns(lang: Language, names: Names) -> Sequence[SheetColumn]:
    def said(table: Mapping[str, str], key: str) -> str:
        return translate(lang, table[key]) if key in table else key

    def line(msgid: str, value: Any, kind: Any = "text", width: int = 14) -> SheetColumn:
        return SheetColumn(translate(lang, msgid), value, kind, width)

    return (
        line(N_("收到时间"), lambda row: row.received_at, "moment", 17),
        line(
            N_("平板上的时间"),
            lambda row: to_instant(row.observed_at) if row.observed_at else None,
            "moment",
            17,
        ),
        line(N_("村"), lambda row: names.village(row.village), width=22),
        line(N_("住户"), lambda row: names.household(row.household), width=18),
        line(N_("表单"), lambda row: names.form(row.form)),
        line(N_("表单版本"), lambda row: row.form_version, width=9),
        line(N_("调查员"), lambda row: names.person(row.person)),
        line(N_("处理结果"), lambda row: said(OUTCOMES, row.outcome), width=10),
        line(N_("标记"), lambda row: "、".join(said(MARKS, mark) for mark in row.marks)),
        line(N_("退回原因"), lambda row: row.reason, width=40),
        line(N_("平板"), lambda row: "" if row.kind == "office" else names.tablet(row.device), width=20),
        line(N_("平板编号"), lambda row: row.device, width=38),
        line(N_("编号"), lambda row: row.id, width=38),
    )


@router.get("/submissions/{county}/{identity}")
def submission(request: Request, person: Reader, county: str, identity: str) -> Response:
    """One submission as recorded, what became of it and why."""
    exchange, lang = exchange_of(request), request_language(request)
    if not rules.areas_of(person, "submission.view", county):
        require(person, "submission.view", county)
    with read(request.app.state.engine) as session:
        found = views.submission(session, county, identity)
        if found is None:
            raise problem("not_found")
        # One that could not be read names no village; it is the county's.
        require(person, "submission.view", found.row.village or county)
        names = names_of(request, session, set(), {found.row.village}, {found.line.household})
        photos = gallery(request, session, county, {identity})
    sent = found.submission
    released = exchange.forms.by_key.get((sent.form, sent.form_version)) if sent else None
    return render(
        request,
        "exchange/submission.html",
        file=found,
        row=found.row,
        verdict=found.verdict,
        names=replace(names, people={**names.people, **found.people}),
        answers=_answers(released, sent, lang, office=found.row.kind == "office"),
        raw=exchange.wordings.raw(found.raw),
        photos=photos,
        faults=[_fault(released, sent, path, message, lang) for path, message in found.verdict.faults],
        fields=[_field(exchange.wordings, outcome, names, lang) for outcome in found.verdict.fields],
        targets=_targets(sent.targets if sent else (), found),
        datasets=DATASETS,
        outcomes=OUTCOMES,
        marks=MARKS,
        observed=to_instant(sent.observed_at) if sent else None,
        breadcrumbs=[(translate(lang, N_("记录")), "/submissions"), (moment(found.row.received_at), None)],
    )


def _answers(
    released: ReleasedForm | None, sent: Submission | None, lang: Language, *, office: bool
) -> list[wording.Answer] | None:
    """What was answered, in words; None where nobody has the words."""
    if sent is None:
        return None
    if office:
        return [replace(each, label=translate(lang, each.label)) for each in wording.stated(sent)]
    return wording.answers(released, sent, lang) if released else None


def _fault(
    released: ReleasedForm | None, sent: Submission | None, path: str, message: str, lang: Language
) -> tuple[str, str]:
    """Where the form found fault, and what."""
    if released is None or sent is None:
        return path, message
    return wording.label_of_path(released, path, lang), wording.told_fault(released, path, message)


def _targets(targets: Sequence[Any], found: views.SubmissionFile) -> list[dict[str, Any]]:
    """The entities spoken of; `household` leads to the register's page of the home they belong to."""
    home = found.line.household or None
    return [
        {
            "dataset": target.dataset,
            "id": target.id,
            "version": found.verdict.versions.get(target.key),
            "seen_version": target.base_version,
            "follows": target.follows,
            "household": target.id if target.dataset == "household" else home,
        }
        for target in targets
    ]


FIELD_RESULTS: Final[Mapping[str, str]] = {
    "applied": N_("已采用"),
    "same": N_("两人填的一样"),
    "superseded": N_("后来的人已看到并改过"),
    "conflict": N_("有冲突"),
}


def _field(words: Wordings, outcome: Any, names: Names, lang: Language) -> dict[str, Any]:
    """Base, mine and theirs of one value in the reader's words."""
    return {
        "dataset": outcome.dataset,
        "label": label(words, outcome.dataset, outcome.property, lang),
        "outcome": outcome.outcome,
        "result": translate(lang, FIELD_RESULTS[outcome.outcome]),
        **{
            name: value_said(words, outcome.dataset, outcome.property, getattr(outcome, name), names, lang)
            for name in ("base", "mine", "theirs")
        },
        "theirs_submission": outcome.theirs_submission,
        "theirs_by": outcome.theirs_by,
        "theirs_at": to_instant(outcome.theirs_at) if outcome.theirs_at else None,
    }


def label(words: Wordings, dataset: str, name: str, lang: Language) -> str:
    told = {VILLAGE: N_("所在村"), HOME: N_("所属住户")}.get(name)
    return translate(lang, told) if told else words.label(dataset, name, lang)


def value_said(
    words: Wordings, dataset: str, name: str, value: str | None, names: Names, lang: Language
) -> str | None:
    if value and name == VILLAGE:
        return names.village(value)
    if value and name == HOME:
        return names.household(value) or value
    return words.value(dataset, name, value, lang)
