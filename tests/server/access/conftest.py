"""People of every role over a running server, each with a browser's patience and a token's rights."""

import uuid
from collections.abc import Callable

import httpx
import pytest

from server.access import actions
from server.access.people import grant
from server.access.tables import Person
from server.database import write

COUNTY = "140525"


@pytest.fixture
def somebody(running) -> Callable[..., httpx.Client]:
    """A client with the token of a new person: `somebody("auditor", "140525")`, more pairs for more roles."""

    def make(*held: str, login: str = "") -> httpx.Client:
        identity, now = str(uuid.uuid4()), running.clock()
        with write(running.app.state.engine) as session:
            person = Person(id=identity, login=login or identity, name=login or "李四", made_at=now)
            session.add(person)
            session.flush()
            for role, area in zip(held[::2], held[1::2], strict=True):
                grant(session, identity, role, area, now=now)
            token = actions.make_token(session, person, label="test", county=COUNTY, now=now)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=running.address, timeout=30, trust_env=False, verify=False, headers=headers
        )

    return make
