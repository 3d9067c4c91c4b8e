"""What other rooms' pages show of zones: an area's zones and how far they lag, a household's stove ruling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from markupsafe import Markup
from starlette.requests import Request

from server.access.rules import may
from server.database import read
from server.registry import divisions
from server.registry import rules as places
from server.registry.panels import home_of
from server.web import N_, request_language, translate
from server.web.figures import CHINA
from server.web.language import Language
from server.web.panels import Cell, fragment
from server.zones import homes, rules, stove, views
from server.zones.reach import Standing, reach
from server.zones.reach import standings as standings_of

UNZONED_SHOWN = 5
MARKS: Final = {"proposed": "strive", "designated": "warn", "in_force": "good"}


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


def column(request: Request, key: str) -> Mapping[str, Cell] | None:
    """Beside each area of a coverage table: a village's zone, or how many villages inside are in one."""
    if len(key) < 6 or not may(request.state.person, "zone.view", key):
        return None
    lang = request_language(request)
    with read(request.app.state.engine) as session:
        standings = standings_of(session, key, _today(request))
        villages = [village.code for village in divisions.villages(session, key)]
    digits = places.child_digits(key)
    if digits == 12:
        found = {code: _of_village(standing, lang) for code, standing in standings.items()}
    else:
        found = {
            part: _of_area(part, [standings[code] for code in inside if code in standings], len(inside), lang)
            for part, inside in _parted(villages, digits).items()
        }
    return found | {key: _of_area(key, list(standings.values()), len(villages), lang)}


def _parted(villages: Sequence[str], digits: int) -> dict[str, list[str]]:
    parted: dict[str, list[str]] = {}
    for code in villages:
        parted.setdefault(code[:digits], []).append(code)
    return parted


def _of_village(standing: Standing, lang: Language) -> Cell:
    text = translate(lang, rules.STATES[standing.state])
    return Cell(text, f"/zones/{standing.county}/{standing.zone}", MARKS[standing.state])


def _of_area(area: str, standings: Sequence[Standing], villages_n: int, lang: Language) -> Cell:
    zoned_n = sum(each.state != "proposed" for each in standings)
    proposed_n = len(standings) - zoned_n
    text = translate(lang, N_("{n} / {of} 村"), n=zoned_n, of=villages_n)
    if proposed_n:
        text += translate(lang, N_("，拟划 {n}"), n=proposed_n)
    return Cell(text, f"/zones?area={area}")


def household(request: Request, key: str) -> Markup | None:
    """Under a household ("county/id"): its zone, and what its old stove is today, with the texts."""
    today = _today(request)
    with read(request.app.state.engine) as session:
        if (home := home_of(request, session, key, "zone.view")) is None:
            return None
        over = views.designated(session, home.county, [home.village]).get(home.village, [])
        version = views.over(over, today)
        coming = next((each for each in over if each.in_force_on and each.in_force_on > today), None)
        out = views.left_out_of(session, version, home.id) if version else None
        inside = version if out is None else None
        zone = views.as_in_force(inside) if inside else None
        line = homes.rulings_of(session, home.county, [home.id], zone, today)[0]
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
