"""What other rooms' pages show of zones: an area's zones and how far they lag, a household's stove ruling."""

from __future__ import annotations

from datetime import date

from markupsafe import Markup
from starlette.requests import Request

from server.access.rules import may
from server.database import read
from server.registry.tables import Household
from server.web.figures import CHINA
from server.web.panels import fragment
from server.zones import homes, rules, stove, views
from server.zones.reach import reach

UNZONED_SHOWN = 5


def _today(request: Request) -> date:
    day: date = request.app.state.clock().astimezone(CHINA).date()
    return day


def area(request: Request, key: str) -> Markup | None:
    """On an area's coverage page: its zones, and converted villages that wait for one."""
    if len(key) < 6 or not may(request.state.person, "zone.view", key):
        return None
    today = _today(request)
    with read(request.app.state.engine) as session:
        found, reached = views.zones(session, key, today), reach(session, key, today)
    return fragment(
        request,
        "zones/_area.html",
        zones=found,
        reach=reached,
        shown=UNZONED_SHOWN,
        area=key,
        states=rules.STATES,
    )


def household(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): its zone, and what its old stove is today, with the texts."""
    county, _, identity = key.partition("/")
    today = _today(request)
    with read(request.app.state.engine) as session:
        home = session.get(Household, (county, identity))
        if home is None or not may(request.state.person, "zone.view", home.village):
            return None
        over = views.designated(session, county, [home.village]).get(home.village, [])
        version = views.over(over, today)
        coming = next((each for each in over if each.in_force_on and each.in_force_on > today), None)
        out = views.left_out_of(session, version, identity) if version else None
        inside = version if out is None else None
        zone = views.as_in_force(inside) if inside else None
        line = homes.rulings_of(session, county, [identity], zone, today)[0]
    return fragment(
        request,
        "zones/_household.html",
        version=version,
        coming=coming,
        out=out,
        line=line,
        verdicts=stove.VERDICTS,
        reasons=stove.REASONS,
        left_out_reasons=rules.LEFT_OUT_REASONS,
    )
