"""The office behind a running server: clerks with tokens, and the way of a batch over its pages."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import httpx
import pytest

from server import database
from server.access import actions
from server.access.people import grant
from server.access.tables import Person

COUNTY = "140525"
CLERK, SECOND_CLERK, CHIEF = "p-clerk", "p-second", "p-chief"


@pytest.fixture
def served(running, office_of):
    """The office behind the running server, whose clock goes by the office's."""
    made = office_of(running.app.state.engine)
    running.clock.now = made.now + timedelta(hours=1)
    return made


@pytest.fixture
def clerk(running, served) -> Iterator[Callable[[str], httpx.Client]]:
    """A client that carries somebody's token: `clerk("p-chief")`; the same person, the same client."""
    with ExitStack() as stack:
        known: dict[str, httpx.Client] = {}

        def make(person: str) -> httpx.Client:
            if person not in known:
                with database.write(running.app.state.engine) as session:
                    row = session.get_one(Person, person)
                    token = actions.make_token(session, row, label="test", county=COUNTY, now=served.now)
                headers = {"Authorization": f"Bearer {token}"}
                client = httpx.Client(
                    base_url=running.address, timeout=60, trust_env=False, verify=False, headers=headers
                )
                known[person] = stack.enter_context(client)
            return known[person]

        yield make


@pytest.fixture
def hidden() -> Callable[[httpx.Response, str], str]:
    """The value of a hidden field of a page: `hidden(page, "revision")`."""

    def find(page: httpx.Response, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
        assert found, page.text[-3000:]
        return found[1]

    return find


@pytest.fixture
def at_the_bank(clerk, hidden) -> Callable[[str], str]:
    """Prepares, submits, approves and sends what is due in an area, each by a person of their own, over the pages;
    answers the batch's address.
    """

    def make(area: str) -> str:
        asked = {"area": area, "until": "2020-12-01"}
        preview = clerk(CLERK).get("/finance/batches/new", params=asked)
        seen = {name: hidden(preview, name) for name in ("seen_n", "seen_fen")}
        made = clerk(CLERK).post("/finance/batches/prepare", data={**asked, **seen, "title": "十二月"})
        assert made.status_code == 303, made.text[-3000:]
        address = made.headers["location"].partition("?")[0]
        for verb, person in (("lock", CLERK), ("approve", CHIEF), ("send", SECOND_CLERK)):
            page = clerk(person).get(address)
            form = {"revision": hidden(page, "revision"), "seen": hidden(page, "seen")}
            done = clerk(person).post(f"{address}/{verb}", data=form)
            assert done.status_code == 303, done.text[-3000:]
        return address

    return make


@pytest.fixture
def somebody_of(running) -> Callable[..., None]:
    """Gives a person one more role: `somebody_of(CLERK, "finance_approver")`."""

    def give(person: str, role: str, area: str = COUNTY) -> None:
        with database.write(running.app.state.engine) as session:
            grant(session, person, role, area, now=running.clock())

    return give
