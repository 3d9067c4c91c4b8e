"""What two people recorded differently and nobody has decided yet: the page, and the sheet with all its rows.

Apart from the journal's pages because it shows how things stand now; those show what was once sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from server.access.session import county_of, holding
from server.access.tables import Person
from server.database import read
from server.exchange import sources, views
from server.exchange.pages import (
    Names,
    area_asked,
    exchange_of,
    label,
    names_of,
    townships,
    value_said,
)
from server.exchange.sources import Source
from server.exchange.wording import DATASETS, Wordings
from server.web import (
    N_,
    NavItem,
    Page,
    SheetColumn,
    download,
    page_number,
    render,
    request_language,
    translate,
)
from server.web.language import Language
from server.web.listing import ROWS_PER_PAGE
from sync.codec import to_instant
from sync.facts import Held
from sync.messages import Conflict

NAVIGATION: Final = (NavItem("/conflicts", N_("冲突"), "conflict.view"),)
Decider = Annotated[Person, Depends(holding("conflict.view"))]
ALL_ROWS: Final = 1_000_000

router = APIRouter(include_in_schema=False)


@router.get("/conflicts")
def conflicts(request: Request, person: Decider) -> Response:
    area = area_asked(request, person, "conflict.view")
    with read(request.app.state.engine) as session:
        page, entities = _page(request, session, area, page_number(request), ROWS_PER_PAGE)
        areas = townships(request, session, person, "conflict.view")
    return render(
        request,
        "exchange/conflicts.html",
        page=page,
        county=county_of(request),
        area=area,
        areas=areas,
        area_name=dict(areas).get(area, ""),
        entities=entities,
        done=done if (done := request.query_params.get("done", "")).isdigit() else "",
    )


@router.get("/conflicts.xlsx")
def conflicts_sheet(request: Request, person: Decider) -> Response:
    area = area_asked(request, person, "conflict.view")
    with read(request.app.state.engine) as session:
        _, entities = _page(request, session, area, 1, ALL_ROWS)
        name = exchange_of(request).places.area_name(session, area)
    rows = [entity | conflict for entity in entities for conflict in entity["conflicts"]]
    return download(request, _columns(request_language(request)), rows, title=N_("未决冲突"), of=name)


def _columns(lang: Language) -> Sequence[SheetColumn]:
    titles = {
        "title": N_("住户"),
        "village": N_("村"),
        "dataset": N_("内容"),
        "label": N_("字段"),
        "base": N_("两人看到的原值"),
    }
    columns = [_column(translate(lang, title), key) for key, title in titles.items()]
    return [
        *columns,
        _column(translate(lang, N_("登记中的值")), "theirs"),
        _column(translate(lang, N_("登记中的值来自")), "set_person"),
        SheetColumn(translate(lang, N_("登记中的值录入时间")), lambda row: row["set_at"], "moment", 17),
        _column(translate(lang, N_("未采用的值")), "mine"),
        _column(translate(lang, N_("未采用的值来自")), "person"),
        SheetColumn(translate(lang, N_("未采用的值录入时间")), lambda row: row["at"], "moment", 17),
        _column(translate(lang, N_("编号")), "submission", 38),
    ]


def _column(title: str, key: str, width: int = 20) -> SheetColumn:
    return SheetColumn(title, lambda row: row[key], "text", width)


def _page(
    request: Request, session: Session, area: str, number: int, size: int
) -> tuple[Page[Held], list[dict[str, Any]]]:
    """Entities with open conflicts, and the same in the reader's words."""
    page = views.conflicts(session, county_of(request), area, number, size)
    return page, _worded(request, session, page.rows)


def disputed(request: Request, session: Session, held: Held) -> dict[str, Any]:
    """One entity with its open conflicts, in the reader's words."""
    return _worded(request, session, [held])[0]


def _worded(request: Request, session: Session, rows: Sequence[Held]) -> list[dict[str, Any]]:
    county, words = county_of(request), exchange_of(request).wordings
    homes = views.households(session, county, {held.values().get("household", "") for held in rows})
    setters = {_setter(held, conflict, words) for held in rows for conflict in held.conflicts} - {""}
    told = Told(homes, sources.of(session, county, setters), words, request_language(request))
    people = {conflict.person for held in rows for conflict in held.conflicts}
    people |= {source.person for source in told.sources.values()}
    names = names_of(request, session, people, None)
    return [_disputed(held, told, names) for held in rows]


def _setter(held: Held, conflict: Conflict, words: Wordings) -> str:
    """The submission that the registry's value is from, as it stands now; "" where there is none."""
    state = held.placed if words.is_village(conflict.property) else held.props.get(conflict.property)
    return state.submission if state else ""


@dataclass(frozen=True)
class Told:
    """What a page of conflicts speaks of: homes by id, the submissions that set the registry's values, words."""

    homes: Mapping[str, Held]
    sources: Mapping[str, Source]
    words: Wordings
    lang: Language


def _disputed(held: Held, told: Told, names: Names) -> dict[str, Any]:
    """An entity with its open conflicts, named by the home it belongs to."""
    home = held if held.dataset == "household" else told.homes.get(held.values().get("household", ""))
    values = home.values() if home else {}
    return {
        "address": f"{held.dataset}/{held.id}",
        "dataset": translate(told.lang, DATASETS.get(held.dataset, held.dataset)),
        "home": home.id if home else None,
        "title": f"{values.get('door_number', '')} {values.get('head_name', '')}".strip() or held.id,
        "village": names.village(held.village),
        "conflicts": [_open(held, conflict, told, names) for conflict in held.conflicts],
    }


def _open(held: Held, conflict: Conflict, told: Told, names: Names) -> dict[str, Any]:
    words, lang = told.words, told.lang
    setter = told.sources.get(_setter(held, conflict, words))
    now = held.village if words.is_village(conflict.property) else held.values().get(conflict.property)
    values = {"base": conflict.base, "mine": conflict.mine, "theirs": now}
    return {
        "id": conflict.id,
        "property": conflict.property,
        "label": label(words, held.dataset, conflict.property, lang),
        **{
            name: value_said(words, held.dataset, conflict.property, value, names, lang)
            for name, value in values.items()
        },
        "submission": conflict.submission,
        "set_by": setter.id if setter else "",
        "set_person": names.person(setter.person) if setter else "",
        "set_at": to_instant(setter.observed_at) if setter and setter.observed_at else None,
        "person": names.person(conflict.person),
        "at": to_instant(conflict.at) if conflict.at else None,
    }
