"""The enrolment code a demo shows is one that still enrols a tablet."""

import uuid
from dataclasses import replace

import pytest

from server.access import enrolment, rules
from server.app import create_app
from server.database import read, write
from server.lab.prepared import prepare, usable_code
from server.terminal.steps import unseen

COUNTY = "140525"


@pytest.fixture
def demo(settings):
    """(the application, its demo file, a way to enrol a new tablet with a code)."""
    app = create_app(replace(settings, synthetic=True))
    file = prepare(app, seed=1, households=10, address="", steps=unseen)

    def enrol(code: str) -> set[str]:
        device = str(uuid.uuid4())
        with write(app.state.engine) as session:
            enrolment.enrol(session, code=code, device=device, secret=uuid.uuid4().hex, name="窗口",
                            app_version="0", now=app.state.clock())  # fmt: skip
        with read(app.state.engine) as session:
            return enrolment.held(session, county=COUNTY, device=device)

    yield app, file, enrol
    app.state.engine.dispose()


def test_an_unused_code_stays_and_a_used_one_gives_way_to_one_for_the_same_villages(demo) -> None:
    app, file, enrol = demo
    assert usable_code(app, file) == file.enrolment_code
    villages = enrol(file.enrolment_code)
    fresh = usable_code(app, file)
    assert fresh != file.enrolment_code and usable_code(app, replace(file, enrolment_code=fresh)) == fresh
    assert enrol(fresh) == villages
    assert any(village.startswith(file.township) for village in villages), "money is shown there"


def test_an_expired_code_gives_way_too(demo) -> None:
    app, file, _ = demo
    later = app.state.clock() + rules.CODE_LIFETIME
    app.state.clock = lambda: later
    assert usable_code(app, file) != file.enrolment_code
