"""What an address of the zones asks for: an area, a version of a zone, its homes; and whether one may look.

Apart from `pages` because the same list is a page and a spreadsheet.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Request
from sqlmodel import Session

from server.access.session import holding, require
from server.access.tables import Person
from server.database import read
from server.inspections.pages import county_area, today_of
from server.web import N_, problem
from server.zones import checklist, homes, lines, stove, views
from server.zones.homes import StoveLine
from server.zones.lines import Key
from server.zones.views import ZoneFile

SignedIn = Annotated[Person, Depends(holding("zone.view"))]
SHOWS: Final = {
    "all": N_("全部住户"),
    "violation": N_("违规（含施行后将违规）"),
    "required": N_("应保留"),
    "allowed": N_("允许"),
    "unknown": N_("未登记"),
    "unproven": N_("未经一个采暖季检验"),
}


def area_of(request: Request, person: Person) -> str:
    area = county_area(request, person, request.query_params.get("area", "").strip())
    require(person, "zone.view", area)
    return area


def _number(request: Request) -> int | None:
    text = request.query_params.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def file_of(request: Request, person: Person, session: Session, county: str, identity: str) -> ZoneFile:
    found = views.zone_file(session, county, identity, today_of(request), _number(request))
    if found is None:
        raise problem("not_found")
    codes = [village.code for village in found.villages]
    require(person, "zone.view", checklist.area_of(codes, county))
    return found


def stoves_of(
    request: Request, person: Person, county: str, identity: str
) -> tuple[ZoneFile, str, list[StoveLine]]:
    """The homes of a version with their rulings, held to what `?show=` asks for. A zone not yet in force is
    taken as if it were: the list says what will be."""
    show = request.query_params.get("show", "all")
    show = show if show in SHOWS else "all"
    today = today_of(request)
    with read(request.app.state.engine) as session:
        file = file_of(request, person, session, county, identity)
        version = file.shown
        zone = stove.InForce(version.name, version.document_number or "—", version.in_force_on or today)
        key = Key(version.county, version.zone, version.number, "all")
        found = homes.rulings(session, county, lines.members(key), zone, today)
    if show == "unproven":
        return (
            file,
            show,
            [line for line in found if line.home.in_service_on is not None and line.proven_on is None],
        )
    return file, show, [line for line in found if show in ("all", line.ruling.verdict)]
