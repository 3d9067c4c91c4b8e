"""The table of permissions.md against the real application: every route, every role, over HTTP."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from server.access.roles import ROLES, VERBS

TABLE = Path(__file__).with_name("permissions.md")
COUNTY = "140525"
# What stands in an address; a thing that does not exist is answered 404 only to those who may look for it.
EXAMPLES = {"area": COUNTY, "county": COUNTY, "code": "140525100201"}


@dataclass(frozen=True)
class Row:
    method: str
    route: str
    verb: str
    who: frozenset[str]

    @property
    def address(self) -> str:
        return re.sub(r"{(\w+)}", lambda found: EXAMPLES.get(found[1], "nothing"), self.route)


def rows() -> list[Row]:
    found = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in TABLE.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| (GET|POST|PUT|PATCH|DELETE|OPTIONS) ", line)
    ]
    return [Row(method, route, verb, frozenset(who.split(", "))) for method, route, verb, who in found]


def routes(app) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(app.routes):
        for method in sorted((context.methods or {"GET"}) - {"HEAD"}):
            yield method, context.path


def test_every_route_stands_in_the_table_and_no_other(running) -> None:
    written = [(row.method, row.route) for row in rows()]
    assert len(written) == len(set(written))
    assert sorted(written) == sorted(set(routes(running.app)))


@pytest.mark.parametrize("row", [row for row in rows() if row.verb != "—"], ids=lambda row: row.route)
def test_the_table_names_the_roles_that_hold_the_verb(row: Row) -> None:
    assert row.verb in VERBS
    assert row.who == {name for name, role in ROLES.items() if row.verb in role.verbs}


def test_every_verb_of_a_role_has_a_name() -> None:
    assert not set().union(*(role.verbs for role in ROLES.values())) - VERBS.keys()


def _refused(answer: httpx.Response) -> bool:
    asks_to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?")
    return answer.status_code in (401, 403) or asks_to_sign_in


def _allowed(row: Row, role: str) -> bool:
    if "signed in" in row.who:
        return role != "surveyor"
    return "anyone" in row.who or role in row.who


@pytest.mark.parametrize("role", list(ROLES))
def test_a_role_opens_its_routes_and_no_other(role: str, somebody) -> None:
    wrong = []
    with somebody(role, COUNTY) as client:
        for row in rows():
            answer = client.request(row.method, row.address)
            assert answer.status_code < 500, (row, answer.text)
            if _refused(answer) == _allowed(row, role):
                wrong.append((row.method, row.route, answer.status_code))
    assert not wrong


def test_a_stranger_opens_nothing_but_the_door(running) -> None:
    wrong = []
    with running.browser() as client:
        for row in rows():
            # A form needs the token of a page of ours; a stranger has none, which is a refusal too.
            answer = client.request(row.method, row.address)
            if row.method == "GET" and _refused(answer) == ("anyone" in row.who):
                wrong.append((row.method, row.route, answer.status_code))
            if row.method != "GET" and answer.status_code == 200:
                wrong.append((row.method, row.route, answer.status_code))
    assert not wrong
