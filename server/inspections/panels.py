"""What other rooms' pages show of the ledger: a household's problems and sightings, an area's count."""

from __future__ import annotations

from markupsafe import Markup
from starlette.requests import Request

from server.access.rules import may
from server.database import read
from server.inspections import rules, sightings, views
from server.inspections.views import ProblemFilter
from server.registry.panels import home_of
from server.web.figures import CHINA
from server.web.panels import fragment


def household(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): its problems, what was seen there, and the way to open a problem."""
    today = request.app.state.clock().astimezone(CHINA).date()
    with read(request.app.state.engine) as session:
        if (home := home_of(request, session, key, "problem.view")) is None:
            return None
        problems = views.of_household(session, home.county, home.id, today)
        seen = sightings.of_household(session, home.county, home.id)
    return fragment(
        request,
        "inspections/_household.html",
        household=home,
        problems=problems,
        seen=seen,
        kinds=rules.KINDS,
        states=rules.STATES,
        sightings=rules.SIGHTINGS,
        may_open=may(request.state.person, "problem.open", home.village),
    )


def area(request: Request, key: str) -> Markup | None:
    """On an area's coverage page: how many problems stand open, each number with its list."""
    person = request.state.person
    if len(key) < 6 or not may(person, "problem.view", key):
        return None
    today, wanted = request.app.state.clock().astimezone(CHINA).date(), ProblemFilter(area=key)
    with read(request.app.state.engine) as session:
        counts = views.counts(session, wanted, today=today, person=person.id)
    return fragment(request, "inspections/_area.html", counts=counts, wanted=wanted)
