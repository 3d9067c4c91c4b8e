"""The coverage that an address asks for: page, sheet and API find, refuse and count alike."""

from __future__ import annotations

from fastapi import Request

from server.access.session import require
from server.access.tables import Person
from server.access.views import reporting
from server.database import read
from server.programme import views
from server.programme.views import Coverage
from server.registry import rules
from server.web import problem


def coverage_of(request: Request, person: Person, area: str) -> Coverage:
    """Raises Problem `not_found` where there is no such area, Refused outside of the person's own."""
    if not rules.is_area(area):
        raise problem("not_found")
    require(person, "coverage.view", area)
    now = request.app.state.clock()
    with read(request.app.state.engine) as session:
        found = views.coverage(session, area, now, reporting)
    if not found.counts.households and found.name == area:
        raise problem("not_found")
    return found
