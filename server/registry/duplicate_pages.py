"""Pages of homes registered twice: the list of pairs, two homes side by side with what a merge would make of them,
and past merges with the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from sqlmodel import Session

from server.access.rules import areas_of, may
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.registry import divisions, duplicate_views, duplicates, rules, vocabulary
from server.registry.duplicate_tables import HouseholdMerge
from server.registry.duplicate_views import GRADES, REASONS, STATES, PairFilter, Side
from server.registry.duplicates import REASON_CHARS_MAX, Merge
from server.registry.likenesses import Likenesses
from server.registry.panels import home_of
from server.web import (
    N_,
    NavItem,
    Problem,
    page_number,
    problem,
    render,
    request_language,
    translate,
    with_query,
)
from server.web.listing import ROWS_PER_PAGE
from server.web.panels import fragment
from sync.facts import Held

NAVIGATION: Final = (NavItem("/duplicates", N_("疑似重复"), "duplicate.view"),)
Viewer = Annotated[Person, Depends(holding("duplicate.view"))]
Merger = Annotated[Person, Depends(holding("household.merge"))]
Separator = Annotated[Person, Depends(holding("household.separate"))]
Teller = Annotated[Person, Depends(holding("household.tell_apart"))]
Text = Annotated[str, Form(max_length=2000)]
THEIRS: Final = "theirs"
LABELS: Final[dict[str, Any]] = {
    "states": STATES,
    "grades": GRADES,
    "reasons": REASONS,
    "choice": vocabulary.choice,
    "reason_max": REASON_CHARS_MAX,
    "theirs": THEIRS,
}

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """What was found of pairs is remembered for as long as the application lives; past merges stand on the page of
    the home they led to."""
    app.state.likenesses = Likenesses()
    app.state.panels.add("household", merges_panel, order=1)
    app.state.panels.add("area", area_panel, order=30)


def merges_panel(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): the ids that lead to it, and the way back."""
    with read(request.app.state.engine) as session:
        if (home := home_of(request, session, key, "duplicate.view")) is None:
            return None
        found = duplicate_views.of_home(session, home.county, home.id)
    return fragment(request, "registry/_merges.html", merges=found) if found else None


def area_panel(request: Request, key: str) -> Markup | None:
    """On an area's coverage page: how many pairs wait for somebody to look, each number with its list."""
    if len(key) < 6 or not may(request.state.person, "duplicate.view", key):
        return None
    queues = {state: PairFilter(key, state) for state in STATES}
    with read(request.app.state.engine) as session:
        counts = duplicate_views.counts(session, likenesses_of(request), queues["open"])
    return fragment(request, "registry/_duplicates_area.html", counts=counts, queues=queues, states=STATES)


def wanted_of(request: Request, person: Person, query: Mapping[str, str]) -> PairFilter:
    """The filter of an address, held to where the person may look. Raises Refused or Problem."""
    home = next(iter(areas_of(person, "duplicate.view", county_of(request))), county_of(request))
    area = query.get("area", "").strip() or home
    if not rules.is_area(area) or len(area) < 6:
        raise problem("not_found")
    require(person, "duplicate.view", area)
    state, grade = query.get("state", ""), query.get("grade", "")
    return PairFilter(area, state if state in STATES else "open", grade if grade in GRADES else "")


def likenesses_of(request: Request) -> Likenesses:
    found: Likenesses = request.app.state.likenesses
    return found


@router.get("/duplicates")
def duplicate_list(request: Request, person: Viewer) -> Response:
    wanted = wanted_of(request, person, dict(request.query_params))
    lang, known, number = request_language(request), likenesses_of(request), page_number(request)
    with read(request.app.state.engine) as session:
        counts = duplicate_views.counts(session, known, wanted)
        if wanted.state == "merged":
            page: Any = duplicate_views.merges(session, wanted.area, number, ROWS_PER_PAGE)
            hangs: list[Any] = []
        else:
            page = duplicate_views.page(session, known, wanted, number, ROWS_PER_PAGE)
            hangs = hanging(request, [side for pair in page.rows for side in (pair.one, pair.other)])
        home, *others = areas_of(person, "duplicate.view", wanted.area[:6]) or (wanted.area,)
        areas = divisions.area_choices(session, home, wanted.area, *others)
        area_name = divisions.area_name(session, wanted.area)
    return render(
        request,
        "registry/duplicates.html",
        page=page,
        wanted=wanted,
        counts=counts,
        hangs=hangs,
        areas=areas,
        area_name=area_name,
        done=request.query_params.get("done", ""),
        export=wanted.address("/duplicates.xlsx"),
        breadcrumbs=[(translate(lang, N_("疑似重复")), None)],
        **LABELS,
    )


def hanging(request: Request, sides: list[Side]) -> list[Any]:
    """What rooms above know of these homes, a column each."""
    if not sides:
        return []
    key = f"{county_of(request)}/{','.join(sorted({side.home.id for side in sides}))}"
    found: list[Any] = request.app.state.panels.columns(request, "duplicate", key)
    return found


# ---- two homes


@router.get("/duplicates/{county}/{one}/{other}")
def pair(request: Request, person: Viewer, county: str, one: str, other: str) -> Response:
    return _pair(request, person, (county, one, other), dict(request.query_params))


def _pair(
    request: Request, person: Person, key: tuple[str, str, str], entered: Mapping[str, Any],
    fault: Problem | None = None,
) -> Response:  # fmt: skip
    county, one, other = key
    lang, keep = request_language(request), entered.get("keep", "")
    with read(request.app.state.engine) as session:
        found = _two(session, request, county, one, other)
        sides = duplicate_views.sides(session, county, [one, other])
        survivor = keep if keep in found else _older(sides, one, other)
        loser = other if survivor == one else one
        likeness = _likeness(session, request, found)
        said = duplicate_views.dismissed(session, county, one, other)
    villages = [held.village for held in found.values()]
    for village in villages:
        require(person, "duplicate.view", village)
    fields = duplicate_views.fields_of(found[survivor], found[loser])
    return render(
        request,
        "registry/duplicate.html",
        county=county,
        key=(one, other),
        survivor=sides[survivor],
        loser=sides[loser],
        versions=(found[survivor].version, found[loser].version),
        conflicts_n=sum(len(held.conflicts) for held in found.values()),
        fields=fields,
        likeness=likeness,
        said=said,
        hangs=hanging(request, list(sides.values())),
        entered=entered,
        fault=fault,
        may_merge=all(may(person, "household.merge", village) for village in villages),
        may_tell=all(may(person, "household.tell_apart", village) for village in villages),
        breadcrumbs=[
            (translate(lang, N_("疑似重复")), "/duplicates"),
            (f"{sides[one].home.door_number} {sides[one].home.head_name}".strip() or one, None),
        ],
        **LABELS,
    )


def _two(session: Session, request: Request, county: str, one: str, other: str) -> dict[str, Held]:
    """Raises Problem `not_found`, also where one of them has been merged by now."""
    found = duplicate_views.entities(session, county, [one, other]) if county == county_of(request) else {}
    if one == other or len(found) != 2:
        raise problem("not_found")
    return found


def _older(sides: Mapping[str, Side], one: str, other: str) -> str:
    """The home that is offered to live on: the one with more hanging on it, then the one recorded first."""

    def rank(id: str) -> tuple[int, int, str]:
        side = sides[id]
        return -side.conversions_n, -side.records_n, str(side.recorded_at or "")

    return min((one, other), key=rank)


def _likeness(session: Session, request: Request, found: Mapping[str, Held]) -> Any:
    """Why they may be one, as the list has it; None where nothing speaks for it (any more)."""
    one, other = sorted(found)
    every = likenesses_of(request).find(session, found[one].village)
    return next((each for each in every if (each.one, each.other) == (one, other)), None)


def _acted(
    request: Request, person: Person, key: tuple[str, str, str], verb: str, entered: Mapping[str, Any],
    act: Callable[[Session], str],
) -> Response:  # fmt: skip
    """Does it in one transaction where the person may; a refusal shows the page again, as it was filled in."""
    county, one, other = key
    try:
        with write(request.app.state.engine) as session:
            for held in _two(session, request, county, one, other).values():
                require(person, verb, held.village)
            address = act(session)
    except Problem as refused:
        return _pair(request, person, key, entered, refused.only(duplicates.FAULT))
    return RedirectResponse(address, status_code=303)


@router.post("/duplicates/{county}/{one}/{other}/merge")
async def merge(request: Request, person: Merger, county: str, one: str, other: str) -> Response:
    """Merges them as the form says: `keep` lives on, `field.<name>` = theirs takes the other's value."""
    form = await request.form()
    entered = {name: str(value) for name, value in form.items()}
    keep = entered.get("keep", "")
    chosen = {
        name.removeprefix("field.") for name, value in entered.items()
        if name.startswith("field.") and value == THEIRS
    }  # fmt: skip

    def act(session: Session) -> str:
        if entered.get("sure") != "yes" or keep not in (one, other):
            raise duplicates.refused(N_("还没有确认是同一户。"), N_("请勾选“已核实是同一户”再提交。"))
        said = Merge(
            keep, other if keep == one else one,
            (_number(entered.get("survivor_version")), _number(entered.get("loser_version"))),
            frozenset(chosen), entered.get("reason", ""), person.id,
        )  # fmt: skip
        made = duplicates.merge(
            request.app.state.exchange, session, county, said, request.app.state.clock(),
            request.app.state.acceptance_watchers,
        )  # fmt: skip
        return with_query(f"/households/{county}/{keep}", merged=made.id)

    return _acted(request, person, (county, one, other), "household.merge", entered, act)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1


@router.post("/duplicates/{county}/{one}/{other}/tell-apart")
def tell_apart(
    request: Request, person: Teller, county: str, one: str, other: str, reason: Text = ""
) -> Response:
    def act(session: Session) -> str:
        duplicates.dismiss(session, county, (one, other), person.id, reason, request.app.state.clock())
        return with_query("/duplicates", done="apart")

    entered = {"apart_reason": reason}
    return _acted(request, person, (county, one, other), "household.tell_apart", entered, act)


@router.post("/duplicates/{county}/{one}/{other}/take-up")
def take_up(request: Request, person: Teller, county: str, one: str, other: str) -> Response:
    def act(session: Session) -> str:
        duplicates.take_up(session, county, (one, other), person.id, request.app.state.clock())
        return f"/duplicates/{county}/{one}/{other}"

    return _acted(request, person, (county, one, other), "household.tell_apart", {}, act)


# ---- past merges


@router.get("/household-merges/{county}/{identity}")
def past(request: Request, person: Viewer, county: str, identity: str) -> Response:
    return _past(request, person, county, identity)


def _past(
    request: Request,
    person: Person,
    county: str,
    identity: str,
    reason: str = "",
    fault: Problem | None = None,
) -> Response:
    with read(request.app.state.engine) as session:
        row = _merge_row(session, person, "duplicate.view", county, identity)
        (shown,) = duplicate_views.merged(session, [row])
    title = translate(request_language(request), N_("合并记录"))
    return render(
        request,
        "registry/household_merge.html",
        county=county,
        merged=shown,
        reason=reason,
        fault=fault,
        properties=vocabulary.PROPERTIES,
        may_separate=all(
            may(person, "household.separate", village) for village in (row.village, row.loser_village)
        ),
        breadcrumbs=[
            (translate(request_language(request), N_("疑似重复")), "/duplicates?state=merged"), (title, None),
        ],
        **LABELS,
    )  # fmt: skip


def _merge_row(session: Session, person: Person, verb: str, county: str, identity: str) -> HouseholdMerge:
    row = session.get(HouseholdMerge, (county, identity))
    if row is None:
        raise problem("not_found")
    for village in (row.village, row.loser_village):
        require(person, verb, village)
    return row


@router.post("/household-merges/{county}/{identity}/separate")
def separate(request: Request, person: Separator, county: str, identity: str, reason: Text = "") -> Response:
    state = request.app.state
    try:
        with write(state.engine) as session:
            row = _merge_row(session, person, "household.separate", county, identity)
            duplicates.separate(
                state.exchange, session, county, identity, person.id, reason, state.clock(),
                state.acceptance_watchers,
            )  # fmt: skip
            one, other = sorted((row.survivor, row.loser))
    except Problem as refused:
        return _past(request, person, county, identity, reason, refused.only(duplicates.FAULT))
    return RedirectResponse(f"/duplicates/{county}/{one}/{other}?apart=yes", status_code=303)
