"""Pages of deciding (核定): the queue, what has to be corrected or asked, and what was decided."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, select

from server.access.rules import areas_of, may
from server.access.session import holding, require
from server.access.tables import Person
from server.database import read
from server.programme.document import Texts
from server.registry import divisions
from server.subsidies import asking, decision_sheets, decision_views, payments, review, schedules, vocabulary
from server.subsidies.decision_views import DECIDED, SHOWS, DecisionFilter, Sum
from server.subsidies.decisions import Act, Pick, decide, refused
from server.subsidies.review import CORRECTION, DUE
from server.subsidies.room import room
from server.subsidies.schedule import in_force
from server.subsidies.tables import ReviewLineRow
from server.web import (
    N_,
    Problem,
    download,
    page_number,
    problem,
    render,
    request_language,
    translate,
    with_query,
)  # fmt: skip
from server.web.listing import ROWS_PER_PAGE

Viewer = Annotated[Person, Depends(holding("finance.view"))]
Decider = Annotated[Person, Depends(holding("entitlement.decide"))]
Text = Annotated[str, Form(max_length=2000)]
# Homes a page works out anew before it is drawn, and at each further call while a clerk looks on.
HOMES_PER_CALL: Final = 1000
OUTCOMES: Final = vocabulary.OUTCOMES
# What to do about an open question, where its own words do not say it all.
_PROOF: Final = N_("由验收的干部填写：撤销原验收，重新验收时写明证明上的类别和日期，或实际费用。")
HOW: Final = {
    "no_proof_day": _PROOF,
    "no_cost": _PROOF,
    "no_day": N_("由调查员在平板上更正改造记录。"),
    "no_rule": N_("由调查员在平板上更正改造记录。"),
    "no_area": N_("由调查员在平板上补登采暖面积。"),
    "no_schedule": N_("由有权限的人发布管这一天的补贴标准。"),
}
LABELS: Final[dict[str, Any]] = {
    "shows": SHOWS,
    "components": vocabulary.COMPONENTS,
    "outcomes": OUTCOMES,
    "levels": vocabulary.LEVELS,
    "how": HOW,
    "once": vocabulary.ONCE,
}

router = APIRouter(include_in_schema=False)


def _wanted(request: Request, person: Person, query: dict[str, str], verb: str) -> DecisionFilter:
    """The filter of an address, held to where the person may. Raises Refused or Problem."""
    area = asking.area_in(request, person, verb, query.get("area", "").strip())
    held = {name: query.get(name, "") for name in ("show", "component", "season", "outcome", "household")}
    return DecisionFilter(
        area,
        held["show"] if held["show"] in SHOWS else DUE,
        held["component"] if held["component"] in vocabulary.COMPONENTS else "",
        held["season"][:20],
        held["outcome"] if held["outcome"] in OUTCOMES else "",
        held["household"][:64],
    )


@router.get("/finance/decisions")
def decision_list(request: Request, person: Viewer) -> Response:
    return _list(request, person, dict(request.query_params))


def _list(request: Request, person: Person, query: dict[str, str], fault: Problem | None = None) -> Response:
    wanted = _wanted(request, person, query, "finance.view")
    state = request.app.state
    progress = review.refresh(state.engine, wanted.area[:6], state.clock(), homes_max=review.HOMES_PER_VIEW)
    number = page_number(request)
    with read(state.engine) as session:
        counts = decision_views.counts(session, wanted.area)
        filtered = wanted != DecisionFilter(wanted.area, wanted.show)
        total = decision_views.sums(session, wanted) if filtered else counts[wanted.show]
        if wanted.show == DECIDED:
            found: Any = decision_views.decided(
                session, wanted, total.lines_n, number=number, size=ROWS_PER_PAGE
            )
        else:
            found = decision_views.queue(session, wanted, total.homes_n, number=number, size=ROWS_PER_PAGE)
        areas = asking.area_choices(session, person, "finance.view", wanted.area)
        marks = _marks(session, wanted)
        area_name = divisions.area_name(session, wanted.area)
        seasons = decision_views.seasons(session, wanted.area[:6])
    return render(
        request,
        "subsidies/decisions.html",
        page=found,
        wanted=wanted,
        total=total,
        counts=counts,
        areas=areas,
        area_name=area_name,
        seasons=seasons,
        marks=marks,
        left=progress.left,
        may_decide=may(person, "entitlement.decide", wanted.area) and wanted.show in (DUE, CORRECTION),
        fault=fault,
        done={name: query.get(name, "") for name in ("lines", "homes", "fen", "changed", "own")},
        export=wanted.address("/finance/decisions.xlsx"),
        breadcrumbs=[(translate(request_language(request), N_("补贴核定")), None)],
        **LABELS,
    )


def _marks(session: Session, wanted: DecisionFilter) -> list[Texts]:
    """What schedules in force say of themselves, such as that their rates are an example."""
    found = in_force(schedules.released(session, wanted.area[:6]))
    return [each.mark for each in found if each.mark is not None]


@router.get("/finance/decisions.xlsx")
def decision_sheet(request: Request, person: Viewer) -> Response:
    lang = request_language(request)
    wanted = _wanted(request, person, dict(request.query_params), "finance.view")
    held_to = [
        translate(lang, vocabulary.COMPONENTS[wanted.component]) if wanted.component else "",
        wanted.season,
        translate(lang, OUTCOMES[wanted.outcome]) if wanted.outcome else "",
    ]
    columns = decision_sheets.COLUMNS[wanted.show](lang)
    with read(request.app.state.engine) as session:
        decided = wanted.show == DECIDED
        found: Any = decision_views.every_decided if decided else decision_views.every_line
        return download(
            request, columns, found(session, wanted), title=decision_sheets.TITLES[wanted.show],
            of=divisions.area_name(session, wanted.area), held_to=held_to,
        )  # fmt: skip


@router.post("/finance/decisions/refresh")
def refresh(request: Request, person: Viewer) -> Response:
    """Works a part of the waiting homes out anew; a browser with script asks again until nothing waits."""
    state, county = request.app.state, asking.county_of(request)
    require(person, "finance.view", next(iter(areas_of(person, "finance.view", county)), county))
    progress = review.refresh(state.engine, county, state.clock(), homes_max=HOMES_PER_CALL)
    if "hx-request" not in request.headers:
        return RedirectResponse("/finance/decisions", status_code=303)
    if progress.left:
        return render(request, "subsidies/_refreshing.html", left=progress.left)
    return Response(headers={"HX-Refresh": "true"})


@router.post("/finance/decisions/decide")
async def decide_lines(
    request: Request,
    person: Decider,
    scope: Text = "picked",
    back: Text = "",
    seen: Text = "",
    reason: Text = "",
) -> Response:
    """Decides the homes ticked, or the whole list as filtered: first shown with its number and sum, then done."""
    form = await request.form()
    picked = [str(one) for one in form.getlist("pick")]
    query = dict(parse_qsl(urlsplit(back).query))
    wanted = _wanted(request, person, query, "entitlement.decide")
    if wanted.show not in (DUE, CORRECTION):
        raise problem("not_found")
    try:
        with read(request.app.state.engine) as session:
            picks = _picks(session, person, wanted, None if scope == "all" else picked)
            homes = None if scope == "all" else {pick.household for pick in picks}
            parts = decision_views.parts(session, wanted, homes)
        total = parts[""]
        if not picks:
            raise refused(N_("没有选中任何一项。"), N_("请勾选至少一项再提交。"))
        if seen != f"{total.lines_n}/{total.fen}":
            fault = _CHANGED if seen else None
            return _confirm(request, wanted, scope, picked, reason, parts, fault)
        return _decided(request, person, wanted, picks, reason)
    except Problem as fault:
        return _list(request, person, query, fault.only("entitlement"))


_CHANGED: Final = refused(N_("清单在您看过之后有变化，还没有核定。"), N_("请看现在的项数和金额，再确认。"))


def _picks(session: Session, person: Person, wanted: DecisionFilter, picked: list[str] | None) -> list[Pick]:
    """What is to be decided; every village concerned is asked for. Raises Refused."""
    if picked is None:
        return decision_views.every_pick(session, wanted)
    picks = [pick for text in picked for pick in decision_views.picks_of(text)]
    homes = {pick.household for pick in picks}
    villages = select(ReviewLineRow.village).where(
        ReviewLineRow.county == wanted.area[:6], col(ReviewLineRow.household).in_(homes)
    )
    for village in session.exec(villages.distinct()):
        require(person, "entitlement.decide", village)
    return picks


def _confirm(
    request: Request, wanted: DecisionFilter, scope: str, picked: list[str], reason: str, parts: dict[str, Sum],
    fault: Problem | None,
) -> Response:  # fmt: skip
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        area_name, marks = divisions.area_name(session, wanted.area), _marks(session, wanted)
    return render(
        request,
        "subsidies/confirm.html",
        marks=marks,
        wanted=wanted,
        scope=scope,
        picked=[] if scope == "all" else picked,
        reason=reason,
        total=parts[""],
        parts={name: parts[name] for name in vocabulary.COMPONENTS if name in parts},
        area_name=area_name,
        fault=fault,
        breadcrumbs=[
            (translate(lang, N_("补贴核定")), wanted.address()),
            (translate(lang, N_("确认")), None),
        ],
        **LABELS,
    )


def _decided(
    request: Request, person: Person, wanted: DecisionFilter, picks: list[Pick], reason: str
) -> Response:
    state, county = request.app.state, wanted.area[:6]
    now = state.clock()
    outcome = decide(
        state.engine, county, picks, Act(wanted.show, person.id, now, reason), state.new_id,
        tell=lambda session, homes: room(request).tell(session, county, homes, now),
    )  # fmt: skip
    address = with_query(
        wanted.address(), lines=outcome.lines_n, homes=outcome.homes_n, fen=outcome.fen,
        changed=outcome.changed_n or None, own=outcome.own_n or None,
    )  # fmt: skip
    return RedirectResponse(address, status_code=303)


@router.get("/finance/decisions/{county}/{identity}")
def decision_page(request: Request, person: Viewer, county: str, identity: str) -> Response:
    """One decision: what, why, by which line of the document, from which facts, by whom."""
    with read(request.app.state.engine) as session:
        found = decision_views.decision_file(session, county, identity)
    if found is None:
        raise problem("not_found")
    require(person, "finance.view", found.row.village)
    lang = request_language(request)
    return render(
        request,
        "subsidies/decision.html",
        file=found,
        row=found.row,
        line=found.row.line,
        facts_read=[
            (vocabulary.FACTS.get(name, name), decision_sheets.fact_value(lang, name, value))
            for name, value in found.row.line["facts"].items()
        ],
        payment_states=payments.STATES,
        breadcrumbs=[
            (translate(lang, N_("补贴核定")), DecisionFilter(county, DECIDED).address()),
            (translate(lang, N_("第 {n} 号"), n=found.row.number), None),
        ],
        **LABELS,
    )
