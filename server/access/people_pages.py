"""The people of the county: who holds which role where, one person with their history, and changing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from server.access import audit as log
from server.access import people, people_views, rules
from server.access.audit import AuditFilter
from server.access.audit_pages import named, village_names
from server.access.people import By
from server.access.people_views import PeopleFilter
from server.access.roles import ROLES, VERBS
from server.access.session import county_of, holding, require
from server.access.tables import Person
from server.database import read, write
from server.web import (
    N_,
    NavItem,
    Problem,
    SheetColumn,
    download,
    labelled,
    problem,
    render,
    request_language,
    translate,
)
from server.web.language import Language

NAVIGATION: Final = (NavItem("/people", N_("人员"), "person.view"),)
STATES: Final = {"working": N_("在用"), "closed": N_("已停用")}
ACTS_SHOWN: Final = 20
Viewer = Annotated[Person, Depends(holding("person.view"))]
Manager = Annotated[Person, Depends(holding("person.manage"))]
Text = Annotated[str, Form(max_length=500)]

router = APIRouter(include_in_schema=False)


def _by(request: Request, person: Person) -> By:
    return By(person.id, county_of(request), request.app.state.clock())


def _wanted(request: Request) -> PeopleFilter:
    query = request.query_params
    state = query.get("state", "working")
    return PeopleFilter(
        q=query.get("q", "").strip()[: people_views.SEARCH_CHARS_MAX],
        role=query.get("role", "") if query.get("role", "") in ROLES else "",
        state=state if state in STATES or state == "" else "working",
    )


def _areas(request: Request, session: Session, found: list[Person]) -> dict[str, str]:
    areas = {grant.area for person in found for grant in person.grants}
    names: dict[str, str] = request.app.state.places.area_names(session, areas)
    return names


@router.get("/people")
def people_list(request: Request, person: Viewer) -> Response:
    require(person, "person.view", county_of(request))
    wanted = _wanted(request)
    with read(request.app.state.engine) as session:
        found = people_views.people(session, wanted)
        areas = _areas(request, session, found)
    return render(
        request,
        "access/people.html",
        people=found,
        wanted=wanted,
        areas=areas,
        roles=ROLES,
        states=STATES,
        may_manage=rules.may(person, "person.manage", county_of(request)),
        breadcrumbs=[(translate(request_language(request), N_("人员")), None)],
    )


@router.get("/people.xlsx")
def people_sheet(request: Request, person: Viewer) -> Response:
    require(person, "person.view", county_of(request))
    lang, wanted = request_language(request), _wanted(request)
    with read(request.app.state.engine) as session:
        found = people_views.people(session, wanted)
        areas = _areas(request, session, found)
    return download(request, _columns(lang, areas), found, title=N_("人员"), held_to=_held_to(wanted, lang))


def _held_to(wanted: PeopleFilter, lang: Language) -> list[str]:
    """The filters in force, in words."""
    return [
        labelled(lang, N_("搜索"), wanted.q) if wanted.q else "",
        labelled(lang, N_("职务"), translate(lang, ROLES[wanted.role].name)) if wanted.role else "",
        labelled(lang, N_("状态"), translate(lang, STATES[wanted.state])) if wanted.state else "",
    ]


def _columns(lang: Language, areas: Mapping[str, str]) -> list[SheetColumn]:
    def roles(person: Person) -> str:
        held = [(ROLES[grant.role].name, areas[grant.area]) for grant in person.grants if grant.role in ROLES]
        return "；".join(f"{translate(lang, name)}（{area}）" for name, area in held)

    return [
        SheetColumn(translate(lang, N_("姓名")), lambda row: row.name),
        SheetColumn(translate(lang, N_("账号")), lambda row: row.login or ""),
        SheetColumn(translate(lang, N_("职务和区域")), roles, width=40),
        SheetColumn(translate(lang, N_("开通时间")), lambda row: row.made_at, "moment", 17),
        SheetColumn(translate(lang, N_("停用时间")), lambda row: row.closed_at, "moment", 17),
    ]


@router.get("/people/new")
def new_person(request: Request, person: Manager) -> Response:
    return _new(request, person, dict.fromkeys(("name", "login", "role", "area"), ""))


def _new(
    request: Request, person: Person, entered: Mapping[str, str], fault: Problem | None = None
) -> Response:
    with read(request.app.state.engine) as session:
        choices = _choices(request, session, person)
    crumbs = [(_say(request, N_("人员")), "/people"), (_say(request, N_("新建人员")), None)]
    return render(
        request, "access/person_new.html", fault=fault, entered=entered,
        roles=ROLES, areas=choices, breadcrumbs=crumbs,
    )  # fmt: skip


def _say(request: Request, text: str) -> str:
    return translate(request_language(request), text)


def _choices(request: Request, session: Session, person: Person) -> list[tuple[str, str]]:
    """(area, name) a role may be given for: the county and its townships, as far as the person manages them."""
    places, county = request.app.state.places, county_of(request)
    townships = {place.township: place.township_name for place in places.villages(session, county)}
    known = [(county, places.county_name(session, county))]
    known += [(code, f"　{name}") for code, name in sorted(townships.items())]
    return [(area, name) for area, name in known if rules.may(person, "person.manage", area)]


@router.post("/people/add")
def add_person(
    request: Request, person: Manager, name: Text = "", login: Text = "", role: Text = "", area: Text = ""
) -> Response:
    identity, by = request.app.state.new_id(), _by(request, person)
    entered = {"name": name, "login": login, "role": role, "area": area}
    try:
        with write(request.app.state.engine) as session:
            _may_grant(request, session, person, area)
            password = people.add(session, by, identity=identity, name=name, login=login)
            people.assign(session, by, identity=identity, role=role, area=area)
    except Problem as fault:
        return _new(request, person, entered, fault.only(people.FAULT))
    _show_once(request, identity, password)
    return _to(identity)


def _may_grant(request: Request, session: Session, person: Person, area: str) -> None:
    """The area is one there is, of this county, and the person manages people in it. Raises Problem."""
    known = request.app.state.places.area_name(session, area) != area if area else False
    if not known or not area.startswith(county_of(request)) or len(area) not in (6, 9, 12):
        raise people.refused(N_("没有选择区域。"), N_("请选择本县或其中一个乡镇。"))
    require(person, "person.manage", area)


def _show_once(request: Request, identity: str, password: str | None) -> None:
    if password:
        # Shown by the page that follows and then forgotten: it must not be in any history or log.
        request.session["password"] = {"person": identity, "password": password}


def _to(identity: str) -> Response:
    return RedirectResponse(f"/people/{identity}", status_code=303)


@router.get("/people/{identity}")
def person_page(request: Request, person: Viewer, identity: str) -> Response:
    return _shown(request, person, identity)


def _shown(request: Request, person: Person, identity: str, fault: Problem | None = None) -> Response:
    county = county_of(request)
    require(person, "person.view", county)
    with read(request.app.state.engine) as session:
        found = session.get(Person, identity)
        if found is None:
            raise problem("not_found")
        former = people_views.former(session, identity)
        places = request.app.state.places
        choices = _choices(request, session, person)
        acts = log.page(session, AuditFilter(county, person=identity), 1, ACTS_SHOWN)
        changes = log.page(
            session, AuditFilter(county, subject=f"person/{identity}", verb="person.manage"), 1, 50
        )
        spoken = {row.area for row in [*found.grants, *former]} | {line.row.area for line in changes.rows}
        areas = places.area_names(session, spoken)
        villages = village_names(request, session, acts.rows)
    once = request.session.get("password") or {}
    if once.get("person") == identity:
        request.session.pop("password")
    page = render(
        request,
        "access/person.html",
        shown=found,
        former=former,
        areas=areas,
        choices=choices,
        acts=acts,
        changes=changes,
        named=partial(named, villages),
        roles=ROLES,
        verbs=VERBS,
        fault=fault,
        new_password=once.get("password") if once.get("person") == identity else None,
        may_manage=rules.may(person, "person.manage", county) and person.id != identity,
        own=person.id == identity,
        may_audit=rules.may(person, "audit.view", county),
        breadcrumbs=[(_say(request, N_("人员")), "/people"), (found.name, None)],
    )
    page.headers["Cache-Control"] = "no-store"
    return page


@router.get("/people/{identity}/roles.xlsx")
def roles_sheet(request: Request, person: Viewer, identity: str) -> Response:
    """Every role somebody holds or has held."""
    require(person, "person.view", county_of(request))
    lang, places = request_language(request), request.app.state.places
    with read(request.app.state.engine) as session:
        found = session.get(Person, identity)
        if found is None:
            raise problem("not_found")
        rows = [*found.grants, *people_views.former(session, identity)]
        areas = places.area_names(session, {row.area for row in rows})
    columns = [
        SheetColumn(
            translate(lang, N_("职务")),
            lambda row: translate(lang, ROLES[row.role].name) if row.role in ROLES else row.role,
        ),
        SheetColumn(translate(lang, N_("负责区域")), lambda row: areas[row.area], width=20),
        SheetColumn(translate(lang, N_("自")), lambda row: row.from_at, "moment", 17),
        SheetColumn(translate(lang, N_("至")), lambda row: row.until_at, "moment", 17),
    ]
    return download(request, columns, rows, title=N_("职务"), of=found.name)


def _do(request: Request, person: Person, identity: str, act: Callable[[Session, By], Any]) -> Response:
    """One change of one person in one transaction."""
    try:
        with write(request.app.state.engine) as session:
            done = act(session, _by(request, person))
    except Problem as fault:
        return _shown(request, person, identity, fault.only(people.FAULT))
    _show_once(request, identity, done if isinstance(done, str) else None)
    return _to(identity)


@router.post("/people/{identity}/assign")
def assign(request: Request, person: Manager, identity: str, role: Text = "", area: Text = "") -> Response:
    def act(session: Session, by: By) -> None:
        _may_grant(request, session, person, area)
        people.assign(session, by, identity=identity, role=role, area=area)

    return _do(request, person, identity, act)


@router.post("/people/{identity}/unassign")
def unassign(request: Request, person: Manager, identity: str, role: Text = "", area: Text = "") -> Response:
    require(person, "person.manage", area or county_of(request))
    return _do(
        request, person, identity,
        lambda session, by: people.unassign(session, by, identity=identity, role=role, area=area),
    )  # fmt: skip


@router.post("/people/{identity}/login")
def login(request: Request, person: Manager, identity: str, login: Text = "") -> Response:
    require(person, "person.manage", county_of(request))
    return _do(
        request, person, identity,
        lambda session, by: people.give_login(session, by, identity=identity, login=login),
    )  # fmt: skip


@router.post("/people/{identity}/password")
def password(request: Request, person: Manager, identity: str) -> Response:
    require(person, "person.manage", county_of(request))
    return _do(
        request, person, identity, lambda session, by: people.reset_password(session, by, identity=identity)
    )


@router.post("/people/{identity}/close")
def close(request: Request, person: Manager, identity: str, reason: Text = "") -> Response:
    require(person, "person.manage", county_of(request))
    return _do(
        request, person, identity,
        lambda session, by: people.close(session, by, identity=identity, reason=reason),
    )  # fmt: skip


@router.post("/people/{identity}/reopen")
def reopen(request: Request, person: Manager, identity: str) -> Response:
    require(person, "person.manage", county_of(request))
    return _do(request, person, identity, lambda session, by: people.reopen(session, by, identity=identity))
